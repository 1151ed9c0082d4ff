package host

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/fleet"
)

// TypeFinalizer holds a FederatedTypeConfig until its type is stopped. The name is KubeFed's.
const TypeFinalizer = "core.kubefed.io/federated-type-config"

// Reasons of the Ready condition of a FederatedTypeConfig.
const (
	// TypeRunning: its objects are synchronised.
	TypeRunning = "Running"
	// TypeDisabled: it was switched off.
	TypeDisabled = "Disabled"
	// TypeOutOfScope: the control plane is limited to its namespace and the target is not namespaced.
	TypeOutOfScope = "OutOfScope"
	// TypeNamespacesMissing: there is no FederatedTypeConfig for namespaces, which says where namespaces are.
	TypeNamespacesMissing = "NamespacesMissing"
	// TypeInvalid: the FederatedTypeConfig is faulty.
	TypeInvalid = "Invalid"
	// TypeNotServed: the host does not serve the federated type.
	TypeNotServed = "NotServed"
	// TypeStarting: nothing is known yet.
	TypeStarting   = "Starting"
	conditionReady = "Ready"
)

// DecodeType returns the type that the FederatedTypeConfig declares. The error says to the user what is wrong with it.
func DecodeType(config *fedv1b1.FederatedTypeConfig) (fleet.Type, error) {
	c := config.DeepCopy()
	fedv1b1.SetFederatedTypeConfigDefaults(c)
	t := fleet.Type{
		Name:      fleet.TypeName(c.Name),
		Target:    decodeResource(c.Spec.TargetType),
		Federated: decodeResource(c.Spec.FederatedType),

		CollectStatus: c.GetStatusEnabled(),
	}
	for _, part := range [...]struct {
		field    string
		resource fleet.Resource
	}{{"spec.targetType", t.Target}, {"spec.federatedType", t.Federated}} {
		if part.resource.Kind == "" || part.resource.Version == "" || part.resource.Plural == "" {
			return t, fmt.Errorf("%s: version, kind and pluralName must be set", part.field)
		}
		if strings.ContainsAny(part.resource.Group+part.resource.Version+part.resource.Plural, "/?# ") {
			return t, fmt.Errorf("%s: group, version and pluralName must be plain names", part.field)
		}
	}
	if t.Name != fleet.NamespaceType && t.Target.Namespaced != t.Federated.Namespaced {
		return t, fmt.Errorf("spec.federatedType.scope: must be that of spec.targetType")
	}
	name := t.Target.Plural
	if t.Target.Group != "" {
		name += "." + t.Target.Group
	}
	if name != c.Name {
		return t, fmt.Errorf("metadata.name: must be %q, the plural name and group of spec.targetType", name)
	}
	return t, nil
}

func decodeResource(r fedv1b1.APIResource) fleet.Resource {
	return fleet.Resource{Group: r.Group, Version: r.Version, Kind: r.Kind, Plural: r.PluralName, Namespaced: r.Scope == apiextensionsv1.NamespaceScoped}
}

// TypeState is how a type stands, for its FederatedTypeConfig's status.
type TypeState struct {
	Running         bool
	Reason, Message string
}

// typeStatus is KubeFed's status with the standard conditions, which KubeFed's own CRD drops.
type typeStatus struct {
	ObservedGeneration    int64                    `json:"observedGeneration"`
	PropagationController fedv1b1.ControllerStatus `json:"propagationController"`
	StatusController      fedv1b1.ControllerStatus `json:"statusController"`
	Conditions            []metav1.Condition       `json:"conditions"`
}

// WriteTypeStatus writes the status. The caller remembers what it wrote: the conditions cannot be read back through
// KubeFed's Go types.
func WriteTypeStatus(ctx context.Context, w client.Client, c *fedv1b1.FederatedTypeConfig, s TypeState, now metav1.Time) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	status := typeStatus{
		ObservedGeneration: c.Generation, PropagationController: fedv1b1.ControllerStatusNotRunning, StatusController: fedv1b1.ControllerStatusNotRunning,
		Conditions: []metav1.Condition{{Type: conditionReady, Status: metav1.ConditionFalse, Reason: s.Reason, Message: s.Message, ObservedGeneration: c.Generation, LastTransitionTime: now}},
	}
	if s.Running {
		status.PropagationController = fedv1b1.ControllerStatusRunning
		status.Conditions[0].Status = metav1.ConditionTrue
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	if err := w.Status().Patch(ctx, c.DeepCopy(), client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("write status of FederatedTypeConfig %q: %w", c.Name, err)
	}
	return nil
}

// SetTypeFinalizer adds or removes our finalizer, if that changes anything.
func SetTypeFinalizer(ctx context.Context, w client.Client, c *fedv1b1.FederatedTypeConfig, hold bool) error {
	changed := c.DeepCopy()
	set := controllerutil.RemoveFinalizer
	if hold {
		set = controllerutil.AddFinalizer
	}
	if !set(changed, TypeFinalizer) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if err := w.Patch(ctx, changed, client.MergeFromWithOptions(c, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("set finalizer of FederatedTypeConfig %q: %w", c.Name, err)
	}
	return nil
}
