package tracing_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/tracing"
)

func TestTraceIDOf(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		why        string
		uid        types.UID
		generation int64
		want       string // printf '%s/%d' UID GENERATION | sha256sum | cut -c1-32
	}{
		"a version":            {why: "a person with a shell finds it too", uid: web().UID, generation: 7, want: webTrace},
		"the next version":     {why: "it is another edit", uid: web().UID, generation: 8, want: "c51fccbf3f8b23d56dc547aa5ff536a2"},
		"nothing":              {why: "it is an ID all the same", want: "06c901ba18e7c2418ebcfc5e2ed24023"},
		"a UID that is longer": {why: "an API server may choose others than Kubernetes'", uid: "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij", generation: 9223372036854775807, want: "214dacf609cff05da5cad01af5eca4e1"},
	}

	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var none *tracing.Tracer
			if got := tracing.TraceIDOf(tc.uid, tc.generation); got != tc.want || got != none.TraceID(tc.uid, tc.generation) {
				t.Errorf("%s: want %s, got %s", tc.why, tc.want, got)
			}
		})
	}
}
