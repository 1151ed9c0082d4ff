package simfleet

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// BenchmarkApply measures one apply of a ConfigMap to a member, from request to answer, without network: the first, which
// makes the copy, one that changes it, and one that changes nothing. Members take turns, as when fedsyncd writes a fleet.
func BenchmarkApply(b *testing.B) {
	const members = 100
	cases := map[string]func(turn int) (object, value int){
		"create": func(turn int) (int, int) { return turn, 0 },
		"edit":   func(turn int) (int, int) { return turn % 10, turn },
		"again":  func(turn int) (int, int) { return turn % 10, 0 },
	}
	for name, turn := range cases {
		b.Run(name, func(b *testing.B) {
			f, err := newFleet(Options{Members: members})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				object, value := turn(i / members)
				if code := applyConfigMap(f, f.names[i%members], object, value); code >= http.StatusBadRequest {
					b.Fatalf("status %d", code)
				}
			}
		})
	}
}

// BenchmarkCopies measures what one stored copy costs when a hundred members hold the same thousand ConfigMaps.
func BenchmarkCopies(b *testing.B) {
	const members, objects = 100, 1000
	for b.Loop() {
		f, err := newFleet(Options{Members: members})
		if err != nil {
			b.Fatal(err)
		}
		before := heap()
		for object := range objects {
			for _, member := range f.names {
				if code := applyConfigMap(f, member, object, 0); code != http.StatusCreated {
					b.Fatalf("status %d", code)
				}
			}
		}
		b.ReportMetric(float64(heap()-before)/(members*objects), "B/copy")
		runtime.KeepAlive(f)
	}
}

func applyConfigMap(f *Fleet, member string, object, value int) int {
	body := fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c%d","namespace":"default",`+
		`"labels":{"kubefed.io/managed":"true"},"annotations":{"fedsync.io/applied":"%d"}},"data":{"key":"%d"}}`, object, value, value)
	path := fmt.Sprintf("/members/%s/api/v1/namespaces/default/configmaps/c%d?fieldManager=fedsync&force=true", member, object)
	r := httptest.NewRequest(http.MethodPatch, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+f.Token)
	r.Header.Set("Content-Type", string(opApply))
	r.Header.Set("Accept", "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
	answer := httptest.NewRecorder()
	f.ServeHTTP(answer, r)
	return answer.Code
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
