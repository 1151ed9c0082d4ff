package simfleet_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/simfleet"
)

// theLab is one real API server for the whole package.
var theLab = sync.OnceValues(func() (*lab.Lab, error) {
	return lab.Up(context.Background(), lab.Options{Controllers: lab.ControllersNowhere})
})

var labUsed bool

func TestMain(m *testing.M) {
	code := m.Run()
	if labUsed {
		if l, err := theLab(); err == nil {
			if err := l.Down(context.Background()); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}
	os.Exit(code)
}

// server is one of the two that are compared.
type server struct {
	name   string
	config *rest.Config
	http   *http.Client
}

func newServer(t *testing.T, name string, config *rest.Config) *server {
	t.Helper()
	transport, err := rest.TransportFor(rest.AnonymousClientConfig(config))
	if err != nil {
		t.Fatal(err)
	}
	return &server{name: name, config: config, http: &http.Client{Transport: transport}}
}

// servers returns a simulated member and a real one.
func servers(t *testing.T) (simulated, actual *server) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a real kube-apiserver")
	}
	labUsed = true
	l, err := theLab()
	if err != nil {
		t.Fatal(err)
	}
	return newServer(t, "simulated", memberOf(startFleet(t, simfleet.Options{Members: 1}), "m1")), newServer(t, "real", l.Host().RESTConfig())
}

func startFleet(t *testing.T, o simfleet.Options) *simfleet.Fleet {
	t.Helper()
	f, err := simfleet.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func memberOf(f *simfleet.Fleet, name string) *rest.Config {
	return &rest.Config{Host: f.URL + "/members/" + name, BearerToken: f.Token, TLSClientConfig: rest.TLSClientConfig{CAData: f.CA}, QPS: -1}
}

// forms are what answers are asked for in.
var forms = map[string]string{
	"json":     "application/json",
	"protobuf": "application/vnd.kubernetes.protobuf",
	"partial":  "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
	"fedsyncd": "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
}

// differs names calls whose answers are not the same, and says why they need not be. doc.go says it to users. A call whose
// answers have become the same must leave the table.
var differs = map[string]string{
	"what differs/a name that the server makes": "generateName is refused: copies have the names of their templates",
	"what differs/values that are refused":      "only names and the schema are validated, not values",
	"what differs/a page of a list":             "a list comes whole: the limit of a reflector does not count for the real server's cache either",
	"what differs/delete one with a finalizer":  "there are no finalizers: a deleted object is gone at once",
	"what differs/delete a Namespace":           "a real one is Terminating until a controller has emptied it",
}

// TestConformance does the same to a simulated member and to a real one, and compares the answers.
func TestConformance(t *testing.T) {
	simulated, actual := servers(t)
	used := map[string]bool{}
	for _, s := range stories() {
		for form, accept := range forms {
			t.Run(s.name+"/"+form, func(t *testing.T) {
				namespace := strings.ReplaceAll(s.name, " ", "-") + "-" + form
				a, b := newSession(t, simulated, namespace, accept), newSession(t, actual, namespace, accept)
				for _, c := range s.calls {
					got, want := a.do(c), b.do(c)
					pruneDefaults(got.Body, want.Body)
					diff := cmp.Diff(want, got)
					name := s.name + "/" + c.name
					if differs[name] != "" {
						used[name] = used[name] || diff != ""
						continue
					}
					if diff != "" {
						t.Errorf("%s: %s (-real +simulated):\n%s", c.name, c.do, diff)
					}
				}
			})
		}
	}
	for name, why := range differs {
		if !used[name] {
			t.Errorf("%q is the same in both, but is said to differ: %s", name, why)
		}
	}
}
