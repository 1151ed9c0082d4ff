package takeover

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/fedsync/fedsync/lab"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// counts are requests up to a moment, by words like "member1 APPLY configmaps".
type counts map[string]int

// writes counts the requests to members that changed an object of the fleet's types; what they report in subresources is
// left out.
func (w *world) writes(t *testing.T) counts {
	t.Helper()
	c := counts{}
	for _, m := range w.lab.Members() {
		samples := metrics(t, m)
		for _, f := range allTypes() {
			c.add(m.Name, samples, f.target, map[string]string{"subresource": ""})
		}
	}
	return c
}

// hostWrites counts the requests that changed a federated object, its status or what is remembered of it.
func (w *world) hostWrites(t *testing.T) counts {
	t.Helper()
	c, samples := counts{}, metrics(t, w.lab.Host())
	resources := []schema.GroupVersionResource{propagatedVersions, clusterPropagatedVersions}
	for _, f := range allTypes() {
		resources = append(resources, f.federated())
	}
	for _, r := range resources {
		c.add(lab.HostName, samples, r, nil)
	}
	return c
}

func metrics(t *testing.T, c *lab.Cluster) lab.Samples {
	t.Helper()
	samples, err := c.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func (c counts) add(where string, samples lab.Samples, r schema.GroupVersionResource, labels map[string]string) {
	for _, verb := range []string{"POST", "PUT", "PATCH", "APPLY", "DELETE"} {
		match := map[string]string{"verb": verb, "group": r.Group, "resource": r.Resource}
		maps.Copy(match, labels)
		c[fmt.Sprintf("%s %s %s", where, verb, r.Resource)] += int(samples.Sum("apiserver_request_total", match))
	}
}

// by splits off the requests with the verb.
func (c counts) by(verb string) (these, others counts) {
	these, others = counts{}, counts{}
	for what, n := range c {
		if strings.Contains(what, " "+verb+" ") {
			these[what] = n
		} else {
			others[what] = n
		}
	}
	return these, others
}

// since are the requests after an earlier moment.
func (c counts) since(earlier counts) counts {
	more := counts{}
	for what, n := range c {
		if n > earlier[what] {
			more[what] = n - earlier[what]
		}
	}
	return more
}

func (c counts) total() int {
	total := 0
	for _, n := range c {
		total += n
	}
	return total
}

// String lists what was counted, in alphabetical order.
func (c counts) String() string {
	words := []string{"nothing"}
	for _, what := range slices.Sorted(maps.Keys(c)) {
		words = append(words, fmt.Sprintf("%d %s", c[what], what))
	}
	return strings.Join(words[min(1, len(words)-1):], ", ")
}
