package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// shown are the objects of the table: a federated type and the type of its copies.
var shown = [...]struct {
	federated, copies schema.GroupVersionResource
	name              string
}{
	{federated("federatednamespaces"), schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, namespace},
	{federated("federatedconfigmaps"), configMaps, greeting},
	{federated("federateddeployments"), schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, "web"},
	{federated("federatedservices"), schema.GroupVersionResource{Version: "v1", Resource: "services"}, "web"},
}

func federated(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: plural}
}

// row is an object with its state in every member.
type row struct {
	object string
	cells  []string
}

const inStep = "in step"

// untilInStep draws the table until every cell is in step, which the demo has checked in the member itself.
func (d *demo) untilInStep(ctx context.Context) error {
	limit, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		rows, all, err := d.observe(ctx)
		if err != nil {
			return err
		}
		if d.live || all {
			d.draw(rows)
		}
		if all {
			return nil
		}
		select {
		case <-limit.Done():
			d.draw(rows)
			return errors.Join(errors.New("not all copies are as declared"), limit.Err())
		case <-tick.C:
		}
	}
}

// watch keeps the table up to date until Ctrl-C.
func (d *demo) watch(ctx context.Context) error {
	d.sayf("\nChange something, here or in a member, and watch. Ctrl-C ends everything.\n")
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if rows, _, err := d.observe(ctx); err == nil {
			d.draw(rows)
		}
	}
}

// draw writes the table over the one that was drawn before it.
func (d *demo) draw(rows []row) {
	var buffer bytes.Buffer
	w := tabwriter.NewWriter(&buffer, 0, 0, 3, ' ', 0)
	fmt.Fprintf(w, "OBJECT\t%s\n", strings.Join(d.names(), "\t"))
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\n", r.object, strings.Join(r.cells, "\t"))
	}
	_ = w.Flush() // into memory
	if d.live && d.drawn > 0 {
		fmt.Fprintf(d.out, "\033[%dA\033[J", d.drawn)
	}
	_, _ = d.out.Write(buffer.Bytes())
	d.drawn = bytes.Count(buffer.Bytes(), []byte("\n"))
}

// observe reads every object and every copy. It tells whether all of them are in step.
func (d *demo) observe(ctx context.Context) (rows []row, all bool, err error) {
	all = true
	for _, s := range shown {
		o, err := d.host.Resource(s.federated).Namespace(namespace).Get(ctx, s.name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			all = false
			rows = append(rows, row{object: s.copies.Resource + "/" + s.name, cells: []string{"not declared"}})
			continue
		}
		if err != nil {
			return nil, false, err
		}
		r := row{object: s.copies.Resource + "/" + s.name}
		for _, name := range d.names() {
			cell, ok := d.cell(ctx, o, s.copies, name)
			r.cells = append(r.cells, cell)
			all = all && ok
		}
		rows = append(rows, r)
	}
	return rows, all, nil
}

// cell says how the copy stands: what the status says, checked against the copy itself.
func (d *demo) cell(ctx context.Context, o *unstructured.Unstructured, copies schema.GroupVersionResource, member string) (string, bool) {
	s := statusOf(o)
	said := s.entry(member)
	if s.ObservedGeneration != o.GetGeneration() {
		said = "edited"
	}
	resource := d.member[member].Resource(copies)
	get := resource.Namespace(namespace).Get
	if copies.Resource == "namespaces" {
		get = resource.Get
	}
	got, err := get(ctx, o.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "absent, " + said, false
	}
	if err != nil {
		return err.Error(), false
	}
	if difference := missing(o, got, member); difference != "" {
		return "differs in " + difference + ", " + said, false
	}
	return said + summary(got), said == inStep
}

// summary names what differs between the members.
func summary(o *unstructured.Unstructured) string {
	switch o.GetKind() {
	case "Deployment":
		n, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
		return fmt.Sprintf(" (replicas %d)", n)
	case "ConfigMap":
		region, _, _ := unstructured.NestedString(o.Object, "data", "region")
		return fmt.Sprintf(" (region %s)", region)
	case "Service":
		ports, _, _ := unstructured.NestedSlice(o.Object, "spec", "ports")
		if len(ports) > 0 {
			port, _ := ports[0].(map[string]any)
			return fmt.Sprintf(" (port %v)", port["port"])
		}
	}
	return ""
}

// status is the part of a federated object's status that the demo reads.
type status struct {
	ObservedGeneration int64 `json:"observedGeneration"`
	Conditions         []struct {
		Status string `json:"status"`
	} `json:"conditions"`
	Clusters []struct {
		Name   string `json:"name"`
		Status string `json:"status"`
	} `json:"clusters"`
}

func statusOf(o *unstructured.Unstructured) status {
	var s status
	raw, err := json.Marshal(o.Object["status"])
	if err != nil || json.Unmarshal(raw, &s) != nil {
		return status{}
	}
	return s
}

func (s status) inStep() bool { return len(s.Conditions) == 1 && s.Conditions[0].Status == "True" }

func (s status) entry(member string) string {
	for _, c := range s.Clusters {
		if c.Name == member && c.Status == "" {
			return inStep
		}
		if c.Name == member {
			return c.Status
		}
	}
	return "no entry"
}
