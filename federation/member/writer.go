package member

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	kubejson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/csaupgrade"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/fleet"
)

// Apply makes the copy what it should be by server-side apply, whether it exists or not. seen is what was observed, the
// zero value for a copy that is missing. It returns the fields that the member's API server does not know, and which the copy
// therefore lacks.
func (m *Member) Apply(ctx context.Context, t fleet.Type, key fleet.ObjectKey, d *fleet.Desired, seen fleet.Observed) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	ref := copyRef{kind: t, desired: d, namespace: t.CopyNamespace(key.Namespace), name: key.Name}
	if seen.LegacyOwned {
		if err := m.migrate(ctx, ref); err != nil {
			return nil, fmt.Errorf("migrate managed fields of %s: %w", key, err)
		}
	}
	body, err := m.applyBody(ctx, ref, seen)
	if err != nil {
		return nil, fmt.Errorf("prepare apply of %s: %w", key, err)
	}
	if seen.UID != "" && (seen.LegacyOwned || seen.Applied == fleet.Hash{}) && countsAnnotations(t.Target) {
		if unknown, same, err := m.applyWithOldMark(ctx, ref, body, seen); err != nil || same {
			return unknown, err
		}
	}
	made, unknown, err := m.applyKnown(ctx, ref, body)
	if err != nil {
		return nil, fmt.Errorf("apply %s: %w", key, err)
	}
	// An apply that changed nothing proves that we own all that we can own: some fields never show up as owned, such as
	// those that the server drops. Without this memory such a copy would be applied for ever.
	var covered fleet.Hash
	if seen.ResourceVersion != "" && made.ResourceVersion == seen.ResourceVersion {
		covered = d.Hash
	}
	m.record(t, made, covered)
	return unknown, nil
}

// countsAnnotations tells that the API server counts a change of annotations as a new generation of the object, as it does
// for Deployments alone (kubernetes/pkg/registry/apps/deployment/strategy.go).
func countsAnnotations(r fleet.Resource) bool { return r.Group == "apps" && r.Kind == "Deployment" }

// applyWithOldMark takes over a copy that KubeFed wrote without changing its generation: if all of its content is as desired
// already, it keeps the mark that it has, or has none, until its next edit. same tells that this was so; what was found is
// remembered, as a mark would have told it.
func (m *Member) applyWithOldMark(ctx context.Context, ref copyRef, body []byte, seen fleet.Observed) (unknown []string, same bool, err error) {
	asMarked, err := withMark(body, seen.Applied)
	if err != nil {
		return nil, false, fmt.Errorf("keep the mark: %w", err)
	}
	made, unknown, err := m.applyKnown(ctx, ref, asMarked)
	if err != nil {
		return nil, false, fmt.Errorf("apply %s/%s with its old mark: %w", ref.namespace, ref.name, err)
	}
	same = made.Generation == seen.Generation
	if same {
		m.record(ref.kind, made, ref.desired.Hash)
	}
	return unknown, same, nil
}

// withMark replaces the mark, or takes it out for the zero value.
func withMark(body []byte, mark fleet.Hash) ([]byte, error) {
	var object map[string]any
	if err := kubejson.Unmarshal(body, &object); err != nil {
		return nil, err
	}
	path := []string{"metadata", "annotations"}
	annotations, _, err := unstructured.NestedStringMap(object, path...)
	if err != nil {
		return nil, err
	}
	delete(annotations, fleet.AppliedAnnotation)
	if mark != (fleet.Hash{}) {
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[fleet.AppliedAnnotation] = mark.String()
	}
	unstructured.RemoveNestedField(object, path...)
	if len(annotations) > 0 {
		if err := unstructured.SetNestedStringMap(object, annotations, path...); err != nil {
			return nil, err
		}
	}
	return json.Marshal(object)
}

func (m *Member) apply(ctx context.Context, ref copyRef, body []byte) (*metav1.PartialObjectMetadata, error) {
	return m.write(ctx, m.client.rest.Patch(types.ApplyPatchType).Param("force", "true"), ref, body)
}

// Create makes the copy and fails if an object of that name exists. The next Apply turns what a create owns into what an
// apply owns. A field that the server does not know is dropped; that Apply tells.
func (m *Member) Create(ctx context.Context, t fleet.Type, key fleet.ObjectKey, d *fleet.Desired) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	ref := copyRef{kind: t, desired: d, namespace: t.CopyNamespace(key.Namespace)}
	body, err := withReplicas(d, d.InitialReplicas, "")
	if err != nil {
		return fmt.Errorf("prepare create of %s: %w", key, err)
	}
	made, err := m.write(ctx, m.client.rest.Post().SetHeader("Content-Type", "application/json"), ref, body)
	if err != nil {
		return fmt.Errorf("create %s: %w", key, err)
	}
	m.record(t, made, fleet.Hash{})
	return nil
}

// Delete deletes the copy that was seen, and no other that took its name. It is gone when the watch says so. Options may be
// nil; preconditions in them count besides ours.
func (m *Member) Delete(ctx context.Context, t fleet.Type, key fleet.ObjectKey, seen fleet.Observed, o *metav1.DeleteOptions) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	options, err := withIdentity(o, seen)
	if err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	err = m.client.metadata.Resource(t.Target.GVR()).Namespace(t.CopyNamespace(key.Namespace)).
		Delete(ctx, key.Name, options)
	if err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// withIdentity adds the UID of the copy that was seen. Asking for another UID cannot be granted.
func withIdentity(o *metav1.DeleteOptions, seen fleet.Observed) (metav1.DeleteOptions, error) {
	conditions := metav1.Preconditions{}
	options := metav1.DeleteOptions{Preconditions: &conditions}
	if o != nil {
		options.GracePeriodSeconds, options.PropagationPolicy = o.GracePeriodSeconds, o.PropagationPolicy
		if p := o.Preconditions; p != nil {
			conditions = *p
		}
	}
	if conditions.UID != nil && *conditions.UID != seen.UID {
		return options, apierrors.NewBadRequest(fmt.Sprintf("the delete options ask for UID %s, and the copy has %s", *conditions.UID, seen.UID))
	}
	conditions.UID = &seen.UID
	return options, nil
}

// Release takes our marks off the copy that was seen and leaves everything else as it is.
func (m *Member) Release(ctx context.Context, t fleet.Type, key fleet.ObjectKey, seen fleet.Observed) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid":         seen.UID,
		"labels":      map[string]any{fleet.ManagedLabel: nil},
		"annotations": map[string]any{fleet.AppliedAnnotation: nil},
	}})
	if err != nil {
		return err
	}
	made, err := m.client.metadata.Resource(t.Target.GVR()).Namespace(t.CopyNamespace(key.Namespace)).
		Patch(ctx, key.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: FieldManager})
	if err != nil {
		return fmt.Errorf("release %s: %w", key, err)
	}
	m.record(t, made, fleet.Hash{})
	return nil
}

// ConfirmAbsent asks the member itself whether the copy is gone, because a watch may be behind. An object that is not
// marked as managed is no copy. If the copy exists after all, it becomes known, as if the watch had told it.
func (m *Member) ConfirmAbsent(ctx context.Context, t fleet.Type, key fleet.ObjectKey) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	live, err := m.client.metadata.Resource(t.Target.GVR()).Namespace(t.CopyNamespace(key.Namespace)).Get(ctx, key.Name, metav1.GetOptions{})
	switch {
	case isAbsent(err) || fault.Of(err).Class == fault.TypeMissing:
		return true, nil
	case err != nil:
		return false, fmt.Errorf("look for %s: %w", key, err)
	case live.Labels[fleet.ManagedLabel] != fleet.LabelTrue:
		return true, nil
	}
	m.record(t, live, fleet.Hash{})
	return false, nil
}

// Remember notes that the fields owned in the copy that was seen cover the desired hash.
func (m *Member) Remember(t fleet.Type, key fleet.ObjectKey, seen fleet.Observed, covered fleet.Hash) {
	if w := m.watched(t.Name); w != nil {
		w.copies.remember(t.CopyNamespace(key.Namespace), key.Name, seen, covered)
	}
}

// copyRef is where a copy lives; the name is empty for a create.
type copyRef struct {
	kind            fleet.Type
	desired         *fleet.Desired
	namespace, name string
}

func (r copyRef) path() []string {
	return path(r.kind.Target, r.desired.APIVersion, r.namespace, r.name)
}

func (m *Member) write(ctx context.Context, request *rest.Request, ref copyRef, body []byte) (*metav1.PartialObjectMetadata, error) {
	o, err := request.AbsPath(ref.path()...).Param("fieldManager", FieldManager).SetHeader("Accept", metadataOnly).WarningHandlerWithContext(rest.NoWarnings{}).Body(body).Do(ctx).Get()
	if err != nil {
		return nil, err
	}
	made, ok := o.(*metav1.PartialObjectMetadata)
	if !ok {
		return nil, fmt.Errorf("the member answered with a %T, not with metadata", o)
	}
	return made, nil
}

// applyBody returns the bytes to apply. Replicas that belong to the member need care: a field that we alone own and stop
// applying is removed by the server, so as long as we own it its live value is applied, on the very version it was read
// from. Once another manager owns it, it is left out.
func (m *Member) applyBody(ctx context.Context, ref copyRef, seen fleet.Observed) ([]byte, error) {
	d := ref.desired
	switch {
	case !needsReplicas(d, seen):
		return d.Body, nil
	case seen.UID == "":
		return m.firstReplicas(ctx, ref)
	}
	replicas, version, err := m.liveReplicas(ctx, ref)
	if err != nil {
		return nil, err
	}
	return withReplicas(d, replicas, version)
}

// bodyFor returns what Apply would send for a copy that stands as it was seen, and as the live object has it; nil for none.
func bodyFor(d *fleet.Desired, seen fleet.Observed, live map[string]any) ([]byte, error) {
	switch {
	case !needsReplicas(d, seen):
		return d.Body, nil
	case live == nil:
		return withReplicas(d, d.InitialReplicas, "")
	}
	spec, _ := live["spec"].(map[string]any)
	return withReplicas(d, spec["replicas"], "")
}

// firstReplicas looks whether an object waits to be adopted: its replicas count, not the template's.
func (m *Member) firstReplicas(ctx context.Context, ref copyRef) ([]byte, error) {
	replicas, version, err := m.liveReplicas(ctx, ref)
	switch {
	case isAbsent(err):
		return withReplicas(ref.desired, ref.desired.InitialReplicas, "")
	case err != nil:
		return nil, err
	}
	return withReplicas(ref.desired, replicas, version)
}

// needsReplicas tells that an apply must name replicas, although they belong to the member: the copy is new, or we own them alone.
func needsReplicas(d *fleet.Desired, seen fleet.Observed) bool {
	return d.RetainReplicas && (seen.UID == "" || seen.LegacyOwned || ownsReplicas(seen))
}

func ownsReplicas(seen fleet.Observed) bool {
	var owned struct {
		Spec map[string]json.RawMessage `json:"f:spec"`
	}
	if json.Unmarshal([]byte(seen.Owned.FieldsV1()), &owned) != nil {
		return true // cannot tell: be careful
	}
	_, owns := owned.Spec["f:replicas"]
	return owns
}

func (m *Member) liveReplicas(ctx context.Context, ref copyRef) (replicas any, version string, err error) {
	raw, err := answer(m.client.rest.Get().AbsPath(ref.path()...).SetHeader("Accept", "application/json").Do(ctx))
	if err != nil {
		return nil, "", err
	}
	var live struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
		Spec struct {
			Replicas any `json:"replicas"`
		} `json:"spec"`
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	err = decoder.Decode(&live)
	return live.Spec.Replicas, live.Metadata.ResourceVersion, err
}

// withReplicas returns the body with spec.replicas, and with the version as a precondition if one is given.
func withReplicas(d *fleet.Desired, replicas any, version string) ([]byte, error) {
	if replicas == nil && version == "" {
		return d.Body, nil
	}
	object := maps.Clone(d.Object)
	if replicas != nil {
		spec, _ := object["spec"].(map[string]any)
		spec = maps.Clone(spec)
		if spec == nil {
			spec = map[string]any{}
		}
		spec["replicas"] = replicas
		object["spec"] = spec
	}
	if version != "" {
		metadata, _ := object["metadata"].(map[string]any)
		metadata = maps.Clone(metadata)
		metadata["resourceVersion"] = version
		object["metadata"] = metadata
	}
	return json.Marshal(object)
}

// migrate hands what KubeFed, or our own create, owns by update over to our apply. Otherwise fields that leave the
// template would stay in the copy for ever.
func (m *Member) migrate(ctx context.Context, ref copyRef) error {
	resource := m.client.metadata.Resource(ref.kind.Target.GVR()).Namespace(ref.namespace)
	live, err := resource.Get(ctx, ref.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(legacyManager, FieldManager), FieldManager)
	if err != nil || patch == nil {
		return err
	}
	_, err = resource.Patch(ctx, ref.name, types.JSONPatchType, patch, metav1.PatchOptions{FieldManager: FieldManager})
	return err
}

// record keeps what the member answered, so that nobody has to wait for the watch to tell it.
func (m *Member) record(t fleet.Type, made *metav1.PartialObjectMetadata, covered fleet.Hash) {
	if w := m.watched(t.Name); w != nil {
		w.copies.answered(made, covered)
	}
}

func isAbsent(err error) bool {
	class := fault.Of(err).Class
	return class == fault.Absent || class == fault.NamespaceMissing
}
