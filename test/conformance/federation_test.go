package conformance

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/federation"
)

// readyTimeout is how long the clusters of a federation may take to be reported ready.
const readyTimeout = time.Minute

// bringUp brings up a host and one member, until the end of the test.
func bringUp(t *testing.T) *lab.Lab {
	t.Helper()
	l, err := lab.Up(t.Context(), lab.Options{Members: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Down(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return l
}

// federate makes a federation of all clusters of the lab in a namespace of the host, for the time of the test, without
// its manager. The suite knows the host among the members by its name, that of the kubeconfig's current context.
func federate(t *testing.T, l *lab.Lab, charts, namespace, scope string) {
	t.Helper()
	host := l.Host().RESTConfig()
	err := federation.InstallIn(t.Context(), host, namespace, filepath.Join(charts, "crds"), filepath.Join(charts, "types"))
	if err != nil {
		t.Fatal(err)
	}
	if err := federation.Apply(t.Context(), host, federation.KubeFedConfig(namespace, scope, true)); err != nil {
		t.Fatal(err)
	}
	for _, c := range l.Clusters() {
		o := federation.JoinOptions{Host: host, HostName: l.Host().Name, Member: c.RESTConfig(), Name: c.Name, Namespace: namespace}
		if err := federation.Join(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { // the next federation has members of the same names
			if err := federation.Unjoin(context.WithoutCancel(t.Context()), o); err != nil {
				t.Error(err)
			}
		})
	}
}

// waitReady waits until the manager reports all clusters ready, which the suite takes for granted.
func waitReady(t *testing.T, l *lab.Lab) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyTimeout)
	defer cancel()
	var names []string
	for _, c := range l.Clusters() {
		names = append(names, c.Name)
	}
	if err := federation.WaitReady(ctx, l.Host().RESTConfig(), names...); err != nil {
		t.Fatal(err)
	}
}
