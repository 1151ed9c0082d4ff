package report

// ConditionPropagation is the condition of every federated object: True when every copy is as declared.
const ConditionPropagation = "Propagation"

// ConditionOverrides is there, and False, only while there is something to say about overrides that are no faults: one that names no
// member, does nothing, or does something else than it seems to. Copies and the condition Propagation are what they are without it.
const ConditionOverrides = "OverridesEffective"

// ReasonIneffectiveOverrides is the reason of ConditionOverrides; its message names the first of them.
const ReasonIneffectiveOverrides = "IneffectiveOverrides"

// Reasons of the Propagation condition. They are KubeFed's; an empty reason goes with True.
const (
	// ReasonCheckClusters: at least one entry of status.clusters has a status.
	ReasonCheckClusters = "CheckClusters"
	// ReasonComputePlacementFailed: the placement of the object or of its namespace cannot be read.
	ReasonComputePlacementFailed = "ComputePlacementFailed"
	// ReasonNamespaceNotFederated: there is no FederatedNamespace for the object's namespace.
	ReasonNamespaceNotFederated = "NamespaceNotFederated"
)

// Values of status.clusters[].status. All but Pending are KubeFed's; the empty string means that the copy is as declared.
const (
	// ClusterOK: the copy is as declared. The field is then left out.
	ClusterOK = ""
	// ClusterPending: the copy is on its way. KubeFed has no word for it: it writes nothing until its round is over.
	ClusterPending = "Pending"
	// ClusterWaitingForRemoval: the copy is to go and is not gone.
	ClusterWaitingForRemoval = "WaitingForRemoval"
	// ClusterNotReady: the member cannot be reached.
	ClusterNotReady = "ClusterNotReady"
	// ClusterCachedRetrievalFailed: copies of the type cannot be watched in the member.
	ClusterCachedRetrievalFailed = "CachedRetrievalFailed"
	// ClusterComputeResourceFailed: the template is faulty.
	ClusterComputeResourceFailed = "ComputeResourceFailed"
	// ClusterApplyOverridesFailed: an override for the member is faulty.
	ClusterApplyOverridesFailed = "ApplyOverridesFailed"
	// ClusterCreationFailed: the member refused to create the copy.
	ClusterCreationFailed = "CreationFailed"
	// ClusterUpdateFailed: the member refused to change the copy.
	ClusterUpdateFailed = "UpdateFailed"
	// ClusterDeletionFailed: the member refused to delete the copy.
	ClusterDeletionFailed = "DeletionFailed"
	// ClusterLabelRemovalFailed: the member refused to release the copy.
	ClusterLabelRemovalFailed = "LabelRemovalFailed"
	// ClusterRetrievalFailed: the member refused to say whether the copy is gone.
	ClusterRetrievalFailed = "RetrievalFailed"
	// ClusterCreationTimedOut: the member did not answer in time whether it created the copy.
	ClusterCreationTimedOut = "CreationTimedOut"
	// ClusterUpdateTimedOut: the member did not answer in time whether it changed the copy.
	ClusterUpdateTimedOut = "UpdateTimedOut"
	// ClusterDeletionTimedOut: the member did not answer in time whether it deletes the copy.
	ClusterDeletionTimedOut = "DeletionTimedOut"
	// ClusterLabelRemovalTimedOut: the member did not answer in time whether it released the copy.
	ClusterLabelRemovalTimedOut = "LabelRemovalTimedOut"
	// ClusterAlreadyExists: an object of that name exists and may not be adopted.
	ClusterAlreadyExists = "AlreadyExists"
	// ClusterManagedLabelFalse: the object in the member is labelled as not managed.
	ClusterManagedLabelFalse = "ManagedLabelFalse"
)
