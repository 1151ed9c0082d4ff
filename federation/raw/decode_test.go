package raw_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/fedsync/fedsync/federation/raw"
)

// TestDecodingWithoutATarget is what a watch does with the objects of its events.
func TestDecodingWithoutATarget(t *testing.T) {
	tests := map[string]struct {
		why, sent string
		check     func(runtime.Object, error) bool
	}{
		"an object": {
			why: "any kind will do", sent: `{"kind":"Widget","apiVersion":"example.com/v7","metadata":{"name":"a"}}`,
			check: func(o runtime.Object, err error) bool {
				object, ok := o.(*raw.Object)
				return ok && err == nil && object.Name == "a"
			},
		},
		"an error of the watch": {
			why: "it says whether to list again", sent: `{"kind":"Status","apiVersion":"v1","code":410,"reason":"Expired"}`,
			check: func(o runtime.Object, err error) bool {
				status, ok := o.(*metav1.Status)
				return ok && err == nil && status.Reason == metav1.StatusReasonExpired
			},
		},
		"nothing":              {why: "no API server sends it, and no store may keep it", sent: `null`, check: fails},
		"an object of no kind": {why: "as above", sent: `{"metadata":{"name":"a"}}`, check: fails},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got, _, err := raw.NewSerializer().Decode([]byte(tc.sent), nil, nil); !tc.check(got, err) {
				t.Errorf("got %+v, error %v, but %s", got, err, tc.why)
			}
		})
	}
}

func fails(_ runtime.Object, err error) bool { return err != nil }
