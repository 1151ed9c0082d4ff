package host

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// Names that KubeFed gave to what it writes on federated objects.
const (
	// Finalizer holds a federated object until its copies are removed.
	Finalizer = "kubefed.io/sync-controller"
	// OrphanAnnotation, with the value "true", makes a deletion release the copies.
	OrphanAnnotation = "kubefed.io/orphan"
	// DeleteOptionsAnnotation holds metav1.DeleteOptions as JSON, for the deletion of the copies.
	DeleteOptionsAnnotation = "kubefed.io/deleteoption"
)

// decodeObject turns what the API server sent into the object and what is remembered of its status.
func decodeObject(t fleet.TypeName, sent *raw.Object) (*fleet.FederatedObject, report.Published) {
	o, status := Decode(t, sent)
	return o, report.Digest(status)
}

// Decode turns what the API server sent into the object and its status. Whatever is wrong with the content becomes a
// Problem of the object.
func Decode(t fleet.TypeName, sent *raw.Object) (*fleet.FederatedObject, report.Status) {
	o := &fleet.FederatedObject{
		Key:             fleet.ObjectKey{Type: t, Namespace: sent.Namespace, Name: sent.Name},
		UID:             sent.UID,
		ResourceVersion: sent.ResourceVersion,
		Generation:      sent.Generation,
		Deleting:        sent.DeletionTimestamp != nil,
		Held:            slices.Contains(sent.Finalizers, Finalizer),
		Orphan:          sent.Annotations[OrphanAnnotation] == "true",
	}
	decodeSpec(o, sent.Spec)
	decodeDeleteOptions(o, sent.Annotations[DeleteOptionsAnnotation])
	return o, decodeStatus(o, sent.Status)
}

// decodeDeleteOptions takes over what KubeFed honours of the options.
func decodeDeleteOptions(o *fleet.FederatedObject, annotation string) {
	if annotation == "" {
		return
	}
	var given metav1.DeleteOptions
	if err := json.Unmarshal([]byte(annotation), &given); err != nil {
		o.Problems = append(o.Problems, fleet.Problem{Field: fleet.DeleteOptionsField, Message: "must be DeleteOptions as JSON: " + err.Error()})
		return
	}
	o.DeleteOptions = &metav1.DeleteOptions{
		GracePeriodSeconds: given.GracePeriodSeconds, PropagationPolicy: given.PropagationPolicy, Preconditions: given.Preconditions,
	}
}

// decodeStatus reads the status and the members that it names. A status that was not written by us is replaced by the next
// write; whom it names is kept: a copy must not be forgotten because of a stranger's field.
func decodeStatus(o *fleet.FederatedObject, sent json.RawMessage) report.Status {
	var status report.Status
	if json.Unmarshal(sent, &status) == nil {
		for _, cluster := range status.Clusters {
			if cluster.Name != "" {
				o.Journal = append(o.Journal, cluster.Name)
			}
		}
	} else {
		status = report.Status{}
		o.Journal = namedIn(sent)
	}
	slices.Sort(o.Journal)
	return status
}

// namedIn returns the members that a status names which cannot be read as a whole.
func namedIn(sent json.RawMessage) (names []fleet.Name) {
	var named struct {
		Clusters []json.RawMessage `json:"clusters"`
	}
	_ = json.Unmarshal(sent, &named) // what cannot be read names nobody
	for _, entry := range named.Clusters {
		var cluster struct {
			Name fleet.Name `json:"name"`
		}
		if json.Unmarshal(entry, &cluster) == nil && cluster.Name != "" {
			names = append(names, cluster.Name)
		}
	}
	return names
}

func decodeSpec(o *fleet.FederatedObject, raw json.RawMessage) {
	var spec struct {
		Template       json.RawMessage `json:"template"`
		Placement      json.RawMessage `json:"placement"`
		Overrides      json.RawMessage `json:"overrides"`
		RetainReplicas json.RawMessage `json:"retainReplicas"`
	}
	if !isObject(raw) || json.Unmarshal(raw, &spec) != nil {
		o.Problems = []fleet.Problem{
			{Field: "spec.placement", Message: "spec is missing or no object"},
			{Field: "spec.template", Message: "spec is missing or no object"},
		}
		return
	}
	problem := func(field, format string, args ...any) {
		o.Problems = append(o.Problems, fleet.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	decodePlacement(&o.Placement, spec.Placement, problem)
	if given(spec.Template) {
		o.Template = spec.Template
		if !isObject(spec.Template) {
			problem("spec.template", "must be an object")
		}
	}
	if given(spec.Overrides) {
		o.Overrides = spec.Overrides
	}
	if given(spec.RetainReplicas) && json.Unmarshal(spec.RetainReplicas, &o.RetainReplicas) != nil {
		problem("spec.template", "spec.retainReplicas must be true or false")
	}
}

func decodePlacement(p *fleet.Placement, raw json.RawMessage, problem func(field, format string, args ...any)) {
	if !given(raw) {
		return
	}
	var placement struct {
		Clusters        json.RawMessage `json:"clusters"`
		ClusterSelector json.RawMessage `json:"clusterSelector"`
	}
	if !isObject(raw) || json.Unmarshal(raw, &placement) != nil {
		problem("spec.placement", "must be an object")
		return
	}
	if given(placement.Clusters) {
		decodeClusters(p, placement.Clusters, problem)
		return // a list wins: what the selector says does not matter
	}
	if !given(placement.ClusterSelector) {
		return
	}
	var selector metav1.LabelSelector
	if err := json.Unmarshal(placement.ClusterSelector, &selector); err != nil {
		problem("spec.placement.clusterSelector", "must be a label selector: %v", err)
		return
	}
	parsed, err := metav1.LabelSelectorAsSelector(&selector)
	if err != nil {
		problem("spec.placement.clusterSelector", "%v", firstFault(selector, err))
		return
	}
	if parsed.Empty() {
		parsed = labels.Everything()
	}
	p.Selector = parsed
}

// firstFault returns the fault of the first label in sorted order, or the given one if all labels are fine. The library
// tells of any faulty label: the message, and with it the status, would change each time the object is decoded.
func firstFault(s metav1.LabelSelector, fault error) error {
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		if _, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchLabels: map[string]string{key: s.MatchLabels[key]}}); err != nil {
			return err
		}
	}
	return fault
}

func decodeClusters(p *fleet.Placement, raw json.RawMessage, problem func(field, format string, args ...any)) {
	var clusters []struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(raw, &clusters); err != nil {
		problem("spec.placement.clusters", "must be a list of {name}")
		return
	}
	p.Listed = true
	for i, c := range clusters {
		if c.Name == "" {
			problem(fmt.Sprintf("spec.placement.clusters[%d].name", i), "must name a cluster")
		}
		p.Clusters = append(p.Clusters, fleet.Name(c.Name))
	}
	slices.Sort(p.Clusters)
	p.Clusters = slices.Compact(p.Clusters)
}

// given tells that a field is present and not null.
func given(raw json.RawMessage) bool {
	trimmed := bytes.TrimSpace(raw)
	return len(trimmed) > 0 && !bytes.Equal(trimmed, []byte("null"))
}

func isObject(raw json.RawMessage) bool {
	trimmed := bytes.TrimSpace(raw)
	return len(trimmed) > 0 && trimmed[0] == '{'
}
