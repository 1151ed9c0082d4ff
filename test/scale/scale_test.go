package main

import (
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab/simfleet"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestBadFlagsStartNothing(t *testing.T) {
	for _, args := range []string{"-scenario=party", "-members=0", "-objects=0"} {
		if err := run(t.Context(), strings.Fields(args)); err == nil || !strings.Contains(err.Error(), "read flags") {
			t.Errorf("%s: error %v", args, err)
		}
	}
}

func TestSettled(t *testing.T) {
	object := func(observed int64, entries ...any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"generation": int64(2)}, "status": map[string]any{"observedGeneration": observed, "clusters": entries},
		}}
	}
	fine, waiting := map[string]any{"name": "m1"}, map[string]any{"name": "m2", "status": "WaitingForSync"}
	tests := map[string]struct {
		object *unstructured.Unstructured
		want   bool
	}{
		"all members are in step":   {object(2, fine, fine), true},
		"of an earlier generation":  {object(1, fine, fine), false},
		"one member is not":         {object(2, fine, waiting), false},
		"one member is not there":   {object(2, fine), false},
		"there is no status at all": {&unstructured.Unstructured{Object: map[string]any{}}, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := settled(tc.object, 2); got != tc.want {
				t.Errorf("settled: %v, want %v", got, tc.want)
			}
		})
	}
}

func TestWritesAndShares(t *testing.T) {
	c := simfleet.Counts{Requests: map[string]int{"APPLY configmaps": 3, "DELETE configmaps": 2, "GET healthz": 9, "LIST configmaps": 9, "WATCH configmaps": 9}}
	if got := writes(c); got != 5 {
		t.Errorf("%d writes, want 5", got)
	}
	if got := perCopy(time.Second, 4000); got != 0.25 {
		t.Errorf("%v ms per copy, want 0.25", got)
	}
}
