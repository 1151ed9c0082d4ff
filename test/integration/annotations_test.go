package integration

import (
	"fmt"
	"testing"
	"time"
)

func TestTemplateAnnotationsCanBeDropped(t *testing.T) {
	s := newScene(t, "annotations")
	fleet.withDaemon(t, fleet.raceBinary, "--template-annotations=drop")
	s.configMap(t, "c", `template: {metadata: {labels: {app: demo}, annotations: {note: ours}}, data: {a: "1"}}, placement: {clusterSelector: {}},
		overrides: [{clusterName: member2, clusterOverrides: [{op: add, path: /metadata/annotations, value: {note: overridden}}]}]`)
	expect := func(want map[string]string) {
		t.Helper()
		s.settled(t, "federatedconfigmap", "c")
		for member, note := range want {
			o := s.m[member].get(t, "configmap", "c")
			if got := fmt.Sprint(o.GetAnnotations()["note"], ",", o.GetLabels()["app"]); got != note+",demo" {
				t.Errorf("%s: annotation and label are %q, want %q", member, got, note+",demo")
			}
		}
	}
	expect(map[string]string{"member1": "", "member2": "overridden", "member3": ""})

	// What others annotate stays, as in KubeFed, whose updates retain the member's annotations.
	s.m["member1"].patch(t, "configmap", "c", `{metadata: {annotations: {note: theirs}}}`)
	s.host.patch(t, "federatedconfigmap", "c", `{spec: {template: {metadata: {annotations: {note: edited}}, data: {a: "2"}}}}`)
	expect(map[string]string{"member1": "theirs", "member2": "overridden", "member3": ""})

	t.Run("propagate", func(t *testing.T) {
		fleet.restart(t, fleet.raceBinary)
		for member := range s.m {
			want := map[string]string{"member1": "edited", "member2": "overridden", "member3": "edited"}[member]
			eventually(t, 20*time.Second, member+" gets the annotation", func() string {
				return is(s.m[member].get(t, "configmap", "c").GetAnnotations()["note"], want)
			})
		}
	})
	fleet.restart(t, fleet.raceBinary, "--template-annotations=drop")
	for _, member := range []string{"member1", "member3"} {
		eventually(t, 20*time.Second, member+" loses the annotation", func() string {
			return is(s.m[member].get(t, "configmap", "c").GetAnnotations()["note"], "")
		})
	}
	expect(map[string]string{"member1": "", "member2": "overridden", "member3": ""})
}
