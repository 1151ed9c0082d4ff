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
	// ByEdit tells that the edit is the cause: the member, which may have been away, did not have it yet. Drift, a copy that
	// somebody deleted, and a connection that is younger than the edit are other causes.
	ByEdit bool
	// Queued is when the copy went into its member's queue because of the edit, zero if Heard is. First is when a worker took it
	// for the first of these attempts, Taken for this one. Sent and Answered are those of the request; one without an answer was
	// given up then.
	Queued, First, Taken, Sent, Answered time.Time
	Result                               fault.Class
	// Drift tells that it undid what somebody else had changed. Culprit is the field manager that wrote last then, empty if nobody
	// knows.
	Drift   bool
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

// Connection says how the connection to a member stands.
type Connection string

// The connections.
const (
	ConnectionReady     Connection = "ready"
	ConnectionNotReady  Connection = "not_ready" // the server answers, but not ok
	ConnectionOffline   Connection = "offline"
	ConnectionRefused   Connection = "refused"   // the credentials are not accepted, or another cluster answers
	ConnectionMalformed Connection = "malformed" // there are no usable credentials
	ConnectionUnknown   Connection = "unknown"   // not probed yet
)

// Connections returns all of them.
func Connections() []Connection {
	return []Connection{ConnectionReady, ConnectionNotReady, ConnectionOffline, ConnectionRefused, ConnectionMalformed, ConnectionUnknown}
}

// Member is how things stand with one registered member.
type Member struct {
	Name       fleet.Name
	Connection Connection
	// Parked tells that its queue waits because it does not answer.
	Parked bool
	// Version is its Kubernetes version, empty until it is known.
	Version string
	// Probe is how long the last health probe took, zero before the first.
	Probe time.Duration
	// Watches counts its watches by their state, in the words of watch.State.
	Watches map[string]int
	// InFlight are the requests that wait for an answer, watches left out; Throttled are the answers so far that asked to come
	// back later.
	InFlight, Throttled int64
	// CredentialSince is when its credentials were issued or, if they do not say, written; CredentialExpiry when they end. Each is
	// zero if nobody knows.
	CredentialSince, CredentialExpiry time.Time
}

// Type is a running type.
type Type struct {
	Name fleet.TypeName
	// Synced tells that the host's watch of it follows.
	Synced bool
}

// Queue is one lane of the queues of one sort.
type Queue struct {
	// Name is "host" or "members", Lane "edit", "drift" or "resync".
	Name, Lane string
	// Depth is how many keys are waiting and due; Oldest is how long the first of them has been.
	Depth  int
	Oldest time.Duration
}

// Look is how a look at a federated object ended, in KubeFed's words.
type Look string

// The ends of a look.
const (
	LookSuccess      Look = "success"
	LookError        Look = "error"
	LookNeedsRecheck Look = "needs_recheck" // there is more to come
	LookNotSynced    Look = "not_synced"    // a watch has not told anything yet
)
