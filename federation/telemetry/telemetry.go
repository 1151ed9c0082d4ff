package telemetry

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/fleet"
)

// Edit is one declared version of one federated object.
type Edit struct {
	Object     fleet.ObjectKey
	UID        types.UID
	Generation int64
	// Heard is when the host's watch told of it, zero if nobody knows: it is older than this process.
	Heard time.Time
}

// Attempt is one request that was to bring one copy in step, with its outcome.
type Attempt struct {
	Edit

	Member fleet.Name
	Verb   plan.Verb
	Reason plan.Reason
	// Number is 1 for the first of the same kind, and grows with each that failed.
	Number int
	// ByEdit tells that the edit is the cause, and not drift or a member that was away.
	ByEdit bool
	// Queued, Taken, Sent and Answered are when the copy went into its member's queue, left it, and when its request was sent
	// and answered or given up. Queued is zero if Heard is.
	Queued, Taken, Sent, Answered time.Time
	Result                        fault.Class
	// Culprit is the field manager whose change was undone, for plan.Drifted; empty if nobody knows.
	Culprit string
}

// Settlement is an edit that every member has, as the status on the host says.
type Settlement struct {
	Edit

	// Members are how many have a copy.
	Members int
	// Applied is when the last copy of it was, zero if none had to be; Confirmed is when the status was written.
	Applied, Confirmed time.Time
}

// Host writes by kind.
const (
	WriteFinalizer     HostWriteKind = "finalizer"
	WriteStatus        HostWriteKind = "status"
	WriteVersion       HostWriteKind = "propagated_version"
	WriteClusterStatus HostWriteKind = "cluster_status"
	WriteClusterPin    HostWriteKind = "cluster_pin"
	WriteTypeStatus    HostWriteKind = "type_status"
	WriteTypeFinalizer HostWriteKind = "type_finalizer"
)

// HostWriteKind says what was written to the host.
type HostWriteKind string
