package takeover

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kubefedCarriesOn goes back to KubeFed, which finds every version as it would have recorded it.
func (w *world) kubefedCarriesOn(t *testing.T) {
	w.settles(t, editTimeout)
	w.stop(t)
	before, writes := w.snapshot(t), w.writes(t)
	w.startKubeFed(t)
	w.awaitLog(t, w.manager, leaseDuration+5*retryPeriod, promoted)
	w.waitMembersReady(t)
	w.eventually(t, settleTimeout, "KubeFed has looked at everything, and at what its members told", func() string { return w.lookedAt(t) })
	w.settles(t, settleTimeout)
	t.Logf("measured: KubeFed, back again, had looked at everything after %s, and wrote this: %s",
		time.Since(w.manager.started).Round(time.Second), since(writes, w.writes(t)))
	w.unchanged(t, before)
}

// lookedAt says which type KubeFed has not reconciled often enough: every object at the start, and once more 10 s after its
// members have listed their copies.
func (w *world) lookedAt(t *testing.T) string {
	t.Helper()
	for _, f := range allTypes() {
		objects := len(w.host.list(t, f.federated(), ""))
		if done := w.reconciled(t, "federated"+strings.ToLower(f.kind)); done < 2*objects {
			return fmt.Sprintf("%d rounds for %d %s", done, objects, f.target.Resource)
		}
	}
	return ""
}

// reconciled counts the rounds of one of KubeFed's controllers that ended well.
func (w *world) reconciled(t *testing.T, controller string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.manager.MetricsURL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	series := fmt.Sprintf(`controller_runtime_reconcile_total{controller="%s",result="success"} `, controller)
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), series); found {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return int(n)
		}
	}
	return 0
}

// kubefedWorks edits and deletes what fedsyncd has kept in between.
func (w *world) kubefedWorks(t *testing.T) {
	w.remove(t, "later")
	w.deleteAll(t, "drifted")
	w.restore(t, "later")
}

// restore declares the object of that name of each type as it was at first, and waits until the members follow.
func (w *world) restore(t *testing.T, name string) {
	t.Helper()
	var documents []string
	for _, f := range fleetTypes {
		documents = append(documents, f.document(name, f.all()[name]))
	}
	w.apply(t, documents)
	for member, c := range w.members {
		for _, f := range fleetTypes {
			w.eventually(t, editTimeout, nameOf(member, f.target, name)+" has all fields again", func() string {
				return is(c.get(t, f.target, name).GetLabels()["tier"], "front")
			})
		}
	}
}

// fedsyncdTakesOverAgain starts fedsyncd on copies that carry its own marks and KubeFed's edits.
func (w *world) fedsyncdTakesOverAgain(t *testing.T) {
	w.settles(t, settleTimeout)
	w.stop(t)
	writes := w.writes(t)
	w.before = w.snapshot(t)
	w.manager = w.startFedsyncd(t)
	w.awaitLog(t, w.manager, leaseDuration+5*retryPeriod, promoted)
	took := w.eventually(t, settleTimeout, "fedsyncd takes all copies over", func() string { return w.untaken(t) })
	t.Logf("measured: fedsyncd, back again, had settled after %s, and wrote this: %s", took.Round(100*time.Millisecond), since(writes, w.writes(t)))
	w.after = w.snapshot(t)
}

// laterFieldsGo takes out of the templates what only KubeFed has written since.
func (w *world) laterFieldsGo(t *testing.T) {
	w.remove(t, "later")
	w.deleteAll(t, "later")
}
