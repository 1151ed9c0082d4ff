package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/fleet"
)

// Obstacle is what keeps a member from being worked on as a whole.
type Obstacle int

// The obstacles.
const (
	// NoObstacle: the member and its watch of the type work.
	NoObstacle Obstacle = iota
	// MemberDown: the member cannot be reached, or is not ready.
	MemberDown
	// WatchStarting: the watch of the type has not told anything yet.
	WatchStarting
	// WatchFailed: the type is not served, or may not be watched.
	WatchFailed
)

// Failure is a refusal by the member that still stands: nothing that it depends on has changed since.
type Failure struct {
	// Verb is what was tried.
	Verb plan.Verb
	// Exists tells that an object of that name exists which may not be adopted.
	Exists bool
	// TimedOut tells that no answer came in time: what became of the attempt is not known.
	TimedOut bool
	// HeldBack tells that the attempt was not made because it is not permitted yet.
	HeldBack bool
	// Message is the member's answer, or why the attempt is held back.
	Message string
}

// Copy is how things stand with one copy.
type Copy struct {
	Member fleet.Name
	// Action is what package plan would do now.
	Action plan.Action
	// Removing tells that the copy is not wanted.
	Removing bool
	// Exists tells that the copy was observed.
	Exists bool
	// Obstacle concerns the whole member or type, with Detail for a person.
	Obstacle Obstacle
	Detail   string
	// Failure is nil when nothing failed.
	Failure *Failure
	// Unknown are the declared fields that the copy lacks because its member does not know them.
	Unknown []string
	// RemoteStatus is the copy's status as JSON, nil if there is none or it is not collected.
	RemoteStatus []byte
}

// Input is everything that a status is made of.
type Input struct {
	Object *fleet.FederatedObject
	// Placement is a reason of the Propagation condition that comes from the placement, or empty.
	PlacementReason, PlacementMessage string
	// Overrides says what is remarkable about overrides, in a fixed order.
	Overrides []string
	// Copies are those that are wanted or not confirmed gone, sorted by member.
	Copies []Copy
	// Before is what the host stores now.
	Before Published
	Now    time.Time
}

// Summary is a status and what it says about the work that is left.
type Summary struct {
	Status Status
	// Known is false while a watch has not told anything: the status would be a guess and must not be written.
	Known bool
	// Settled tells that nothing is on its way: the next change comes from outside, or from a slow retry.
	Settled bool
	// Gone tells that no copy is left that the object's finalizer would have to wait for.
	Gone bool
	// Incomplete tells that a copy lacks fields which its member does not know.
	Incomplete bool
	// Troubled tells that a member refused or could not be asked, or that the declaration is faulty.
	Troubled bool
}

// Summarize derives the status.
func Summarize(in Input) Summary {
	s := Summary{Known: true, Settled: true, Gone: len(in.Copies) == 0}
	s.Status.ObservedGeneration = in.Object.Generation
	s.Status.Clusters = slices.Grow(s.Status.Clusters, len(in.Copies))
	for _, c := range in.Copies {
		entry, moving := entryOf(c, maxRemoteStatus/len(in.Copies))
		if c.Obstacle == WatchStarting {
			s.Known = false
		}
		if moving {
			s.Settled = false
		} else if entry.Status != ClusterOK {
			s.Troubled = true
		}
		s.Status.Clusters = append(s.Status.Clusters, entry)
	}
	condition := conditionOf(in, s.Status.Clusters)
	s.Incomplete = condition.Status == "True" && condition.Message != ""
	s.Troubled = s.Troubled || in.PlacementReason != ""
	s.Status.Conditions = []Condition{condition}
	overrides, remarkable := overridesCondition(in.Overrides)
	if remarkable {
		s.Status.Conditions = append(s.Status.Conditions, overrides)
	}
	same := contentHash(timelessOf(s.Status)) == in.Before.Content
	s.Status.Conditions[0] = stamp(condition, in.Before.Condition, same, in.Now)
	if remarkable {
		var before Condition
		if in.Before.Overrides != nil {
			before = *in.Before.Overrides
		}
		s.Status.Conditions[1] = stamp(overrides, before, same, in.Now)
	}
	return s
}

// overridesCondition says what is remarkable about overrides, if anything is.
func overridesCondition(remarks []string) (c Condition, remarkable bool) {
	if len(remarks) == 0 {
		return Condition{}, false
	}
	more := ""
	if len(remarks) > maxNamed {
		more = fmt.Sprintf("; and %d more", len(remarks)-maxNamed)
		remarks = remarks[:maxNamed]
	}
	return Condition{Type: ConditionOverrides, Status: "False", Reason: ReasonIneffectiveOverrides, Message: cut(strings.Join(remarks, "; ") + more)}, true
}

func conditionOf(in Input, clusters []Cluster) Condition {
	c := Condition{Type: ConditionPropagation, Status: "True"}
	switch {
	case in.PlacementReason != "":
		c.Reason, c.Message = in.PlacementReason, cut(in.PlacementMessage)
	default:
		c.Message = troubles(clusters)
		if c.Message != "" {
			c.Reason = ReasonCheckClusters
		} else {
			c.Message = incomplete(in.Copies)
		}
	}
	if c.Reason != "" {
		c.Status = "False"
	}
	return c
}

// maxNamed bounds how many members a condition's message names.
const maxNamed = 3

// troubles names the first members that are not in step, or returns "" if all are.
func troubles(clusters []Cluster) string {
	var named []string
	count := 0
	for _, c := range clusters {
		if c.Status == ClusterOK {
			continue
		}
		count++
		if count <= maxNamed {
			named = append(named, fmt.Sprintf("%s: %s", c.Name, c.Status))
		}
	}
	message := strings.Join(named, ", ")
	if count > maxNamed {
		message += fmt.Sprintf(", and %d more", count-maxNamed)
	}
	return message
}

// incomplete names the first members whose copies lack fields, or returns "" if none does.
func incomplete(copies []Copy) string {
	var named []string
	for _, c := range copies {
		if len(c.Unknown) > 0 {
			named = append(named, string(c.Member))
		}
	}
	if len(named) == 0 {
		return ""
	}
	more := ""
	if len(named) > maxNamed {
		more = fmt.Sprintf(", and %d more", len(named)-maxNamed)
		named = named[:maxNamed]
	}
	return "fields are left out that members do not know: " + strings.Join(named, ", ") + more
}

func lacking(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return "left out, because the API server does not know it: " + strings.Join(fields, ", ")
}

// maxMessage bounds a message in bytes; a member's refusal may quote whole objects.
const maxMessage = 512

// maxRemoteStatus bounds the remote status of all members together in bytes: the host stores 1.5 MB per object.
const maxRemoteStatus = 512 << 10

// entryOf returns the entry of one copy, and whether it is still moving by itself. A remote status above the limit, in bytes,
// is left out.
func entryOf(c Copy, limit int) (entry Cluster, moving bool) {
	entry = Cluster{Name: c.Member}
	entry.Status, entry.Message, moving = wordsOf(c)
	entry.Message = cut(entry.Message)
	omitted := ""
	switch {
	case len(c.RemoteStatus) > limit:
		omitted = fmt.Sprintf("remoteStatus is left out: it has more than %d bytes", limit)
	case len(c.RemoteStatus) == 0 || bytes.Equal(c.RemoteStatus, []byte("null")):
	case c.RemoteStatus[0] != '{': // the CRD allows nothing else: the host would refuse the whole status, again and again
		omitted = "remoteStatus is left out: the status of the copy is no object"
	default:
		entry.RemoteStatus = c.RemoteStatus
	}
	if entry.Message == "" {
		entry.Message = omitted
	}
	return entry, moving
}

func wordsOf(c Copy) (status, message string, moving bool) {
	switch {
	case c.Removing:
		return removalWords(c)
	case c.Action.Reason == plan.Unrenderable:
		return faultWords(c.Action)
	case c.Obstacle == MemberDown:
		return ClusterNotReady, c.Detail, false
	case c.Obstacle == WatchFailed:
		return ClusterCachedRetrievalFailed, c.Detail, false
	case c.Failure != nil:
		return failureWords(c), c.Failure.Message, false
	}
	switch c.Action.Reason {
	case plan.InSync:
		return ClusterOK, lacking(c.Unknown), false
	case plan.PlacementUnknown:
		return ClusterOK, "", false // left as it was; the condition says why
	case plan.OptedOut:
		return ClusterManagedLabelFalse, "the object in the member has the label " + fleet.ManagedLabel + " with another value than " + fleet.LabelTrue, false
	case plan.NamespaceMissing:
		return ClusterPending, "waits for its namespace in the member", true
	case plan.NamespaceTerminating:
		return ClusterPending, "its namespace is being deleted in the member", true
	case plan.CopyDeleting:
		return ClusterPending, "the old object is being deleted in the member", true
	default:
		return ClusterPending, "", true
	}
}

func removalWords(c Copy) (status, message string, moving bool) {
	if c.Action.Reason == plan.Undeletable {
		return ClusterDeletionFailed, c.Action.Field + ": " + c.Action.Detail, false
	}
	if c.Failure == nil || c.Obstacle == MemberDown {
		return ClusterWaitingForRemoval, c.Detail, c.Obstacle == NoObstacle
	}
	status = ClusterDeletionFailed
	switch {
	case c.Failure.HeldBack:
		status = ClusterWaitingForRemoval
	case c.Failure.Verb == plan.None: // it was asked whether the copy is gone
		status = ClusterRetrievalFailed
	case c.Failure.Verb == plan.Release && c.Failure.TimedOut:
		status = ClusterLabelRemovalTimedOut
	case c.Failure.Verb == plan.Release:
		status = ClusterLabelRemovalFailed
	case c.Failure.TimedOut:
		status = ClusterDeletionTimedOut
	}
	return status, c.Failure.Message, false
}

func faultWords(a plan.Action) (status, message string, moving bool) {
	status = ClusterComputeResourceFailed
	if strings.HasPrefix(a.Field, "spec.overrides") {
		status = ClusterApplyOverridesFailed
	}
	return status, a.Field + ": " + a.Detail, false
}

func failureWords(c Copy) string {
	switch {
	case c.Failure.Exists:
		return ClusterAlreadyExists
	case c.Failure.TimedOut && c.Exists:
		return ClusterUpdateTimedOut
	case c.Failure.TimedOut:
		return ClusterCreationTimedOut
	case c.Exists:
		return ClusterUpdateFailed
	}
	return ClusterCreationFailed
}

// cut shortens a message to maxMessage bytes without breaking a character.
func cut(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	const ellipsis = "…"
	return strings.ToValidUTF8(message[:maxMessage-len(ellipsis)], "") + ellipsis
}
