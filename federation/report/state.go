package report

// HeldBack begins the message of a copy whose removal is not permitted yet: its status is ClusterWaitingForRemoval.
const HeldBack = "held back"

// State is how things stand with one copy, in one of few words: what status words are counted by.
type State uint8

// The states. The zero value is for a member that has no copy and needs none.
const (
	NoCopy State = iota
	// InStep: the copy is as declared.
	InStep
	// Pending: the copy is on its way.
	Pending
	// Removing: the copy is to go and is not gone.
	Removing
	// Unreachable: the member cannot be asked.
	Unreachable
	// Failed: the copy cannot be brought in step until something else changes; the word says why.
	Failed
)

// States returns all states of copies.
func States() []State { return []State{InStep, Pending, Removing, Unreachable, Failed} }

// String returns the state as it is written in labels of metrics.
func (s State) String() string {
	switch s {
	case InStep:
		return "in_step"
	case Pending:
		return "pending"
	case Removing:
		return "removing"
	case Unreachable:
		return "unreachable"
	case Failed:
		return "failed"
	default:
		return "none"
	}
}

// StateOf returns what a word of status.clusters[].status counts as.
func StateOf(word string) State {
	switch word {
	case ClusterOK:
		return InStep
	case ClusterPending:
		return Pending
	case ClusterWaitingForRemoval:
		return Removing
	case ClusterNotReady:
		return Unreachable
	default:
		return Failed
	}
}

// Failures returns the words of copies that are in the state Failed.
func Failures() []string {
	return []string{
		ClusterAlreadyExists, ClusterApplyOverridesFailed, ClusterCachedRetrievalFailed, ClusterComputeResourceFailed,
		ClusterCreationFailed, ClusterCreationTimedOut, ClusterDeletionFailed, ClusterDeletionTimedOut,
		ClusterLabelRemovalFailed, ClusterLabelRemovalTimedOut, ClusterManagedLabelFalse, ClusterRetrievalFailed,
		ClusterUpdateFailed, ClusterUpdateTimedOut,
	}
}
