package host

import (
	"runtime"
	"testing"

	"github.com/fedsync/fedsync/federation/raw"
)

// heap returns the bytes that are in use once all garbage is gone. What the race detector needs is not among them.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what the first one emptied, such as pools, goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestMemoryPerFederatedObject(t *testing.T) {
	const (
		count  = 500  // the map has just doubled, and costs the most for each
		budget = 1536 // bytes per object, besides its template
	)
	for name, c := range contents {
		t.Run(name, func(t *testing.T) {
			serializer, sent := raw.NewSerializer(), sentBy(t, c)
			before := heap()
			s := NewObjects("deployments.apps", func(Change) {})
			for i := range count {
				if err := s.Add(received(t, serializer, sent, i)); err != nil {
					t.Fatal(err)
				}
			}
			used := (heap() - before) / count
			template := int64(len(s.Get("store-00", "shop-frontend-000000").Object.Template))
			t.Logf("measured: %d bytes per federated object, %d of them its template", used, template)
			if used > template+budget {
				t.Errorf("an object with a template of %d bytes takes %d, and may take %d more than its template", template, used, budget)
			}
			if keys := s.Keys(""); len(keys) != count {
				t.Errorf("%d objects are known", len(keys))
			}
		})
	}
}
