package see

import (
	"strings"

	"github.com/fedsync/fedsync/federation/report"
)

// nextStep says what to do about a word of a status, or a reason of a condition. docs/reference/status.md says it at length.
func nextStep(word string) string {
	steps := map[string]string{
		report.ClusterPending:               "wait",
		report.ClusterWaitingForRemoval:     "wait; if it stays, look at the finalizers of the object in the member",
		report.ClusterNotReady:              "see `members`",
		report.ClusterCachedRetrievalFailed: "install the type's CRD in the member, or join it again to grant the right",
		report.ClusterComputeResourceFailed: "correct the template",
		report.ClusterApplyOverridesFailed:  "correct the override",
		report.ClusterCreationFailed:        "read the member's message",
		report.ClusterUpdateFailed:          "read the member's message; for an immutable field, delete the copy in the member",
		report.ClusterDeletionFailed:        "read the member's message; often a right or a webhook",
		report.ClusterLabelRemovalFailed:    "read the member's message; often a right or a webhook",
		report.ClusterRetrievalFailed:       "join the member again to grant the right",
		report.ClusterAlreadyExists:         "rename one of the two, or label the object in the member kubefed.io/managed=true",
		report.ClusterManagedLabelFalse:     "set the label kubefed.io/managed to true in the member, or exclude the member",
		report.ReasonComputePlacementFailed: "correct spec.placement",
		report.ReasonNamespaceNotFederated:  "create a FederatedNamespace of the namespace's name in it",
	}
	if step, known := steps[word]; known {
		return step
	}
	if strings.HasSuffix(word, "TimedOut") {
		return "look for a slow webhook in the member"
	}
	return "see docs/reference/status.md"
}

// heldBack tells that a removal waits because of the budget on removals.
func heldBack(message string) bool { return strings.HasPrefix(message, report.HeldBack) }
