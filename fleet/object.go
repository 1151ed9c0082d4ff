package fleet

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// TypeName is the name of a FederatedTypeConfig, such as "configmaps" or "deployments.apps".
type TypeName string

// ObjectKey names a federated object of any type.
type ObjectKey struct {
	Type      TypeName
	Namespace string
	Name      string
}

// String returns TYPE/NAMESPACE/NAME, without the namespace where there is none.
func (k ObjectKey) String() string {
	if k.Namespace == "" {
		return fmt.Sprintf("%s/%s", k.Type, k.Name)
	}
	return fmt.Sprintf("%s/%s/%s", k.Type, k.Namespace, k.Name)
}

// FederatedObject is a federated object as the deciding stages see it, whatever API it came from.
type FederatedObject struct {
	Key             ObjectKey
	UID             types.UID
	ResourceVersion string
	Generation      int64
	// Deleting tells that the object has a deletionTimestamp.
	Deleting bool
	// Held tells that the object has our finalizer, so that it cannot vanish before its copies are removed.
	Held bool
	// Orphan tells that deleting the object releases its copies instead of deleting them.
	Orphan bool
	// DeleteOptions say how to delete the copies when the object is deleted; nil for the API server's defaults.
	DeleteOptions *metav1.DeleteOptions
	// Template is a JSON object, or empty, which means {}.
	Template []byte
	// Placement says which members are wanted.
	Placement Placement
	// Overrides is the JSON array of per-cluster overrides, or empty. Package override parses it.
	Overrides []byte
	// RetainReplicas leaves spec.replicas to whoever scales the copy in its member.
	RetainReplicas bool
	// Problems are the faults found while the object was decoded, in a fixed order.
	Problems []Problem
	// Journal lists the members that the published status names, sorted: those that may hold a copy.
	Journal []Name
}

// Journaled tells whether the published status names the member.
func (o *FederatedObject) Journaled(member Name) bool {
	_, found := slices.BinarySearch(o.Journal, member)
	return found
}

// Problem is a fault in what a user declared. It stops the part of the work that depends on the field, nothing else.
type Problem struct {
	// Field is the path of the faulty field, such as "spec.placement.clusterSelector".
	Field string
	// Message says what is wrong with it, and what would be right.
	Message string
}

// DeleteOptionsField is the field of a Problem with the object's delete options.
const DeleteOptionsField = "metadata.annotations[kubefed.io/deleteoption]"

// String returns FIELD: MESSAGE.
func (p Problem) String() string { return p.Field + ": " + p.Message }

// ProblemIn returns the first problem whose field is the given one or lies below it, and whether there is one.
func (o *FederatedObject) ProblemIn(field string) (Problem, bool) {
	for _, p := range o.Problems {
		if p.Field == field || len(p.Field) > len(field) && p.Field[:len(field)] == field && (p.Field[len(field)] == '.' || p.Field[len(field)] == '[') {
			return p, true
		}
	}
	return Problem{}, false
}

// Placement says which members are wanted: a list of names or, without a list, a label selector.
type Placement struct {
	// Listed tells that spec.placement.clusters is present, even if it is empty. It then wins over the selector.
	Listed bool
	// Clusters are the listed names, sorted, each once.
	Clusters []Name
	// Selector selects by the labels of the members; nil selects none.
	Selector labels.Selector
}
