package simfleet

import (
	"fmt"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// precondition refuses to touch an object that is another than was meant.
func precondition(k *kind, r *record, p *metav1.Preconditions) error {
	if p == nil {
		return nil
	}
	refuse := func(what string, want, have any) error {
		return apierrors.NewConflict(k.groupResource(), r.content.meta.Name,
			fmt.Errorf("Precondition failed: %s in precondition: %v, %s in object meta: %v", what, want, what, have)) //nolint:staticcheck // the server's words
	}
	if p.UID != nil && string(*p.UID) != r.uid.String() {
		return refuse("UID", *p.UID, r.uid)
	}
	if version := strconv.FormatUint(r.version, 10); p.ResourceVersion != nil && *p.ResourceVersion != version {
		return refuse("ResourceVersion", *p.ResourceVersion, version)
	}
	return nil
}
