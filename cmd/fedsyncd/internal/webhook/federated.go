package webhook

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	judge "github.com/fedsync/fedsync/federation/admission"
	"github.com/fedsync/fedsync/federation/host"
	"github.com/fedsync/fedsync/federation/resolve"
	"github.com/fedsync/fedsync/fleet"
)

// federated answers for federated objects of all types.
type federated struct {
	reader   client.Reader
	settings resolve.Settings
	strict   bool
}

// validate warns of what is wrong with an object, or refuses it. A type that nobody declared is remarked on and not judged.
func (f federated) validate(ctx context.Context, req admission.Request) admission.Response {
	world, found, err := f.world(ctx, req.Resource)
	switch {
	case err != nil:
		return letThrough(ctx, err)
	case !found:
		return admission.Allowed("").WithWarnings(fmt.Sprintf("nothing is made of it: no FederatedTypeConfig names %s.%s", req.Resource.Resource, req.Resource.Group))
	}
	j := judged(req, world.Federated)
	if !f.strict {
		j = j.Lenient()
	}
	return answer(j)
}

// hold gives a new object the finalizer, so that it cannot be gone before its copies are.
func (f federated) hold(ctx context.Context, req admission.Request) admission.Response {
	if req.Operation != admissionv1.Create {
		return admission.Allowed("")
	}
	world, found, err := f.world(ctx, req.Resource)
	switch {
	case err != nil:
		return letThrough(ctx, err)
	case !found || !world.Holds(req.Object.Raw):
		return admission.Allowed("")
	}
	object := struct {
		Metadata map[string]any `json:"metadata"`
	}{}
	if err := json.Unmarshal(req.Object.Raw, &object); err != nil {
		return refused(http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
	}
	finalizers, _ := object.Metadata["finalizers"].([]any)
	object.Metadata["finalizers"] = append(finalizers, host.Finalizer)
	metadata, err := json.Marshal(object.Metadata)
	if err != nil {
		return refused(http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
	}
	return changed(req.Object.Raw, "metadata", metadata)
}

// letThrough is the answer of a webhook that knows too little to judge.
func letThrough(ctx context.Context, err error) admission.Response {
	logf.FromContext(ctx).Info("a federated object is let through unjudged", "reason", err.Error())
	return admission.Allowed("").WithWarnings("fedsync could not judge this object now")
}

// world is what objects of the resource are judged by, and whether it is federated at all.
func (f federated) world(ctx context.Context, resource metav1.GroupVersionResource) (w judge.World, found bool, err error) {
	var types fedv1b1.FederatedTypeConfigList
	if err := f.reader.List(ctx, &types, client.InNamespace(f.settings.Namespace)); err != nil {
		return w, false, fmt.Errorf("list FederatedTypeConfigs: %w", err)
	}
	w.Settings = f.settings
	slices.SortFunc(types.Items, func(a, b fedv1b1.FederatedTypeConfig) int { return cmp.Compare(a.Name, b.Name) })
	for i := range types.Items {
		config := &types.Items[i]
		t, err := host.DecodeType(config)
		if err != nil || t.Federated.Group != resource.Group || t.Federated.Plural != resource.Resource || found && !w.Off {
			continue
		}
		w.Type, w.Off, found = t, !config.GetPropagationEnabled() || config.DeletionTimestamp != nil, true
		w.Running = config.Status.PropagationController == fedv1b1.ControllerStatusRunning
	}
	if !found {
		return w, false, nil
	}
	var clusters fedv1b1.KubeFedClusterList
	if err := f.reader.List(ctx, &clusters, client.InNamespace(f.settings.Namespace)); err != nil {
		return w, false, fmt.Errorf("list KubeFedClusters: %w", err)
	}
	members := make([]fleet.Member, len(clusters.Items))
	for i := range clusters.Items {
		members[i].Name = fleet.Name(clusters.Items[i].Name)
	}
	w.Members = fleet.NewSnapshot(members...)
	return w, true, nil
}
