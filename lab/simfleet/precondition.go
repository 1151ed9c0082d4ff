package simfleet

import (
	"fmt"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// precondition refuses to touch an object that is another than was meant.
func precondition(k *kind, r *record, p *metav1.Preconditions) error {
	if p == nil {
		return nil
	}
	refuse := func(what string, want, have any, since string) error {
		return apierrors.NewConflict(schema.GroupResource{Group: k.gvk.Group, Resource: k.Kind}, r.content.meta.Name,
			fmt.Errorf("the %s in the precondition (%v) does not match the %s in record (%v). The object might have been %s", what, want, what, have, since))
	}
	if p.UID != nil && string(*p.UID) != r.uid.String() {
		return refuse("UID", *p.UID, r.uid, "deleted and then recreated")
	}
	if version := strconv.FormatUint(r.version, 10); p.ResourceVersion != nil && *p.ResourceVersion != version {
		return refuse("ResourceVersion", *p.ResourceVersion, version, "modified")
	}
	return nil
}
