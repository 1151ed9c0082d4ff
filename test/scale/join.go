package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fedsync/fedsync/lab/simfleet"
	"golang.org/x/sync/errgroup"
)

// newcomers are the members that join later: one whose time is taken, one that edits are timed beside, one that is far
// away, and one that the bare client fills.
const newcomers = 4

// farMillis is how long every request to a far member waits: the machine then is not busy with its copies alone.
const farMillis = 20

// join adds a member to a fleet that holds all objects, and compares how fast its copies come with a bare client that applies the
// same to another empty member. Two more join while edits of the others are timed.
func join(ctx context.Context, w *world) error {
	last := len(w.fleet.Members) - newcomers
	members, joining := w.fleet.Members[:last], w.fleet.Members[last:]
	if err := w.begin(ctx, members); err != nil {
		return err
	}
	if err := w.createAll(ctx); err != nil {
		return err
	}
	if _, err := w.awaitSettled(ctx, len(members)); err != nil {
		return err
	}
	if err := w.timeJoin(ctx, joining[0], joining[3]); err != nil {
		return err
	}
	if err := w.fleet.SetFaults(ctx, simfleet.Faults{LatencyMillis: farMillis}, joining[2]); err != nil {
		return err
	}
	for i, how := range []string{"a member", fmt.Sprintf("a member %d ms away", farMillis)} {
		if _, err := w.awaitSettled(ctx, len(members)+1+i); err != nil {
			return err
		}
		if err := w.editsWhileJoining(ctx, members[0], joining[1+i], how); err != nil {
			return err
		}
	}
	return nil
}

// timeJoin compares a member that joins with another one that a bare client fills.
func (w *world) timeJoin(ctx context.Context, joiner, bare string) error {
	limit, err := w.bareJoin(ctx, bare)
	if err != nil {
		return err
	}
	w.notef("limit: a bare client fills an empty member in", "%.1f s", limit.Seconds())
	before, err := w.applies(ctx, "configmaps")
	if err != nil {
		return err
	}
	start := time.Now()
	if err := w.register(ctx, joiner); err != nil {
		return err
	}
	done, err := w.awaitApplies(ctx, "configmaps", before+w.options.objects)
	if err != nil {
		return err
	}
	took := done.Sub(start)
	w.notef("a member that joins has all objects after", "%.1f s, %.0f %% of the limit's speed", took.Seconds(), 100*limit.Seconds()/took.Seconds())
	return nil
}

// editsWhileJoining times edits, as a member that was there sees them, before another one joins and for as long as it is filled.
func (w *world) editsWhileJoining(ctx context.Context, member, joiner, how string) error {
	alone, err := w.editsSeenBy(ctx, member, func(done int) (bool, error) { return done < manyEdits, nil })
	if err != nil {
		return err
	}
	start := time.Now()
	if err := w.register(ctx, joiner); err != nil {
		return err
	}
	meanwhile, err := w.editsSeenBy(ctx, member, func(int) (bool, error) {
		now, err := w.fleet.Counts(ctx, joiner)
		return now.Requests["APPLY configmaps"] < w.options.objects, err
	})
	if err != nil {
		return err
	}
	what := "edits of the others before, and while " + how + " joins for %.1f s"
	w.notef(fmt.Sprintf(what, time.Since(start).Seconds()), "p50 %.1f, %.1f ms; p99 %.1f of %d, %.1f of %d ms",
		milliseconds(alone, 0.5), milliseconds(meanwhile, 0.5), milliseconds(alone, 0.99), len(alone), milliseconds(meanwhile, 0.99), len(meanwhile))
	return nil
}

// slowEdit is worth a line of progress.
const slowEdit = 200 * time.Millisecond

// editsSeenBy edits objects one after another while it is told to go on, and times each until the member's copy has the value.
func (w *world) editsSeenBy(ctx context.Context, member string, goOn func(done int) (bool, error)) ([]time.Duration, error) {
	client, began := w.client(), time.Now()
	defer client.CloseIdleConnections()
	var took []time.Duration
	for {
		more, err := goOn(len(took))
		if err != nil || !more {
			slices.Sort(took)
			return took, err
		}
		name, value := nameOf(len(took)%w.options.objects), fmt.Sprint(time.Now().UnixNano())
		start := time.Now()
		if err := w.edit(ctx, name, value); err != nil {
			return nil, err
		}
		if err := w.awaitValue(ctx, client, member, name, value); err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
		if last := took[len(took)-1]; last > slowEdit {
			w.sayf("edit %d, begun after %.2f s, took %.0f ms", len(took), start.Sub(began).Seconds(), float64(last.Milliseconds()))
		}
	}
}

// awaitValue waits until a member's copy has the value. It looks often enough for milliseconds, and no more often: looks cost the
// machine something too.
func (w *world) awaitValue(ctx context.Context, client *http.Client, member, name, value string) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); time.Since(begun) < w.options.patience; {
		body, err := w.ask(ctx, client, http.MethodGet, w.copyURL(member, name), "")
		if err != nil {
			return err
		}
		if strings.Contains(body, value) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("%s does not get %s=%s", member, name, value)
}

// bareInFlight is how many applies the bare client has under way; more are no faster on two cores.
const bareInFlight = 16

// bareJoin makes the namespace and all copies in a member, as fast as a client can that decides nothing.
func (w *world) bareJoin(ctx context.Context, member string) (time.Duration, error) {
	client := w.client()
	defer client.CloseIdleConnections()
	start := time.Now()
	body := fmt.Sprintf(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, namespace)
	if _, err := w.ask(ctx, client, http.MethodPatch, w.fleet.URL+"/members/"+member+"/api/v1/namespaces/"+namespace+"?fieldManager=bare&force=true", body); err != nil {
		return 0, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(bareInFlight)
	for i := range w.options.objects {
		group.Go(func() error {
			body := fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q,"namespace":%q,"labels":{"kubefed.io/managed":"true"},"annotations":{"fedsync.io/applied":"0123456789abcdef0123456789abcdef"}},"data":{"value":"0","payload":%q}}`,
				nameOf(i), namespace, payload)
			_, err := w.ask(ctx, client, http.MethodPatch, w.copyURL(member, nameOf(i))+"?fieldManager=bare&force=true", body)
			return err
		})
	}
	err := group.Wait()
	return time.Since(start), err
}

func (w *world) copyURL(member, name string) string {
	return w.fleet.URL + "/members/" + member + "/api/v1/namespaces/" + namespace + "/configmaps/" + name
}

func (w *world) client() *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(w.fleet.CA)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}}
}

func (w *world) ask(ctx context.Context, client *http.Client, method, url, body string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+w.fleet.Token)
	if method == http.MethodPatch {
		r.Header.Set("Content-Type", "application/apply-patch+yaml")
		r.Header.Set("Accept", "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
	}
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %s", method, url, text)
	}
	return string(text), err
}
