package watch_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/fedsync/fedsync/federation/watch"
)

// server is a source that serves a few objects, or fails as it is told.
type server struct {
	streams bool // knows streaming lists, as newer servers do

	mu      sync.Mutex
	err     error // the answer to everything, if not nil
	objects []string
	version int
	expired int         // how many watches find their version forgotten
	asked   []time.Time // when each list came
	open    []*apiwatch.FakeWatcher
}

func (s *server) List(context.Context, metav1.ListOptions) (runtime.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, now())
	if s.err != nil {
		return nil, s.err
	}
	list := &metav1.PartialObjectMetadataList{ListMeta: metav1.ListMeta{ResourceVersion: fmt.Sprint(s.version)}}
	for _, name := range s.objects {
		list.Items = append(list.Items, *object(name, s.version))
	}
	return list, nil
}

func (s *server) Watch(_ context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return nil, s.err
	case o.SendInitialEvents != nil && s.streams:
		return s.stream(), nil
	case o.SendInitialEvents != nil:
		return nil, apierrors.NewInvalid(schema.GroupKind{Kind: "ListOptions"}, "", field.ErrorList{field.Forbidden(field.NewPath("sendInitialEvents"), "unknown")})
	}
	if s.expired > 0 {
		s.expired--
		return nil, apierrors.NewResourceExpired("too old")
	}
	w := apiwatch.NewFake()
	s.open = append(s.open, w)
	return w, nil
}

// stream returns a watch that begins with everything and a mark.
func (s *server) stream() apiwatch.Interface {
	w := apiwatch.NewFakeWithChanSize(len(s.objects)+1, false)
	for _, name := range s.objects {
		w.Add(object(name, s.version))
	}
	mark := object("", s.version)
	mark.Annotations = map[string]string{metav1.InitialEventsAnnotationKey: "true"}
	w.Action(apiwatch.Bookmark, mark)
	s.open = append(s.open, w)
	return w
}

// become makes the server answer everything with the error, or serve again if it is nil.
func (s *server) become(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// breakWatches ends every stream, as a server that goes away does.
func (s *server) breakWatches() {
	s.mu.Lock()
	open := s.open
	s.open = nil
	s.mu.Unlock()
	for _, w := range open {
		w.Stop()
	}
}

// tell sends an event to the latest watch.
func (s *server) tell(t apiwatch.EventType, name string) {
	s.mu.Lock()
	s.version++
	w, o := s.open[len(s.open)-1], object(name, s.version)
	s.mu.Unlock()
	w.Action(t, o)
}

func (s *server) lists() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func object(name string, version int) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name, ResourceVersion: fmt.Sprint(version)}}
}

// names is a store that remembers names.
type names struct {
	mu   sync.Mutex
	held map[string]bool
	err  error // what Replace answers
}

func nameOf(o any) string {
	m, _ := o.(*metav1.PartialObjectMetadata)
	return m.GetName()
}

func (n *names) Add(o any) error { return n.Update(o) }

func (n *names) Update(o any) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held[nameOf(o)] = true
	return nil
}

func (n *names) Delete(o any) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.held, nameOf(o))
	return nil
}

func (n *names) Replace(list []any, _ string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return n.err
	}
	n.held = map[string]bool{}
	for _, o := range list {
		n.held[nameOf(o)] = true
	}
	return nil
}

func (n *names) Resync() error { return nil }

func (n *names) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.held))
}

// now is the bubble's time.
func now() time.Time { return time.Now() } //nolint:forbidigo // inside a bubble, where it is the test's own

// pass lets the bubble's time pass, and everything happen that is due until then.
func pass(d time.Duration) {
	<-time.NewTimer(d).C
	synctest.Wait()
}

// scene is a cell that runs on a server.
type scene struct {
	server *server
	store  *names
	cell   *watch.Cell
	told   []watch.Status // what Changed was called with
	ended  chan struct{}
	end    context.CancelFunc
}

// stage runs the test in a bubble in which a cell runs. The bubble fails if anything of the cell outlives its context.
func stage(t *testing.T, first error, play func(t *testing.T, s *scene)) {
	t.Helper()
	stageOn(t, &server{err: first}, play)
}

func stageOn(t *testing.T, on *server, play func(t *testing.T, s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		on.objects, on.version = []string{"a", "b"}, 10
		s := &scene{
			server: on,
			store:  &names{held: map[string]bool{"kept from before": true}}, ended: make(chan struct{}),
		}
		s.cell = watch.New(s.server, s.store, watch.Options{Changed: func(status watch.Status) { s.told = append(s.told, status) }})
		ctx, end := context.WithCancel(t.Context())
		s.end = end
		defer end()
		go func() {
			defer close(s.ended)
			s.cell.Run(ctx, logr.Discard())
		}()
		synctest.Wait()
		play(t, s)
		end()
		s.server.breakWatches()
		<-s.ended
	})
}

func (s *scene) expect(t *testing.T, why string, want watch.Status, held ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.cell.Status()); diff != "" {
		t.Errorf("status (-want +got), because %s:\n%s", why, diff)
	}
	if diff := cmp.Diff(held, s.store.all()); diff != "" {
		t.Errorf("store (-want +got), because %s:\n%s", why, diff)
	}
}

var (
	errMissing   = apierrors.NewGenericServerResponse(http.StatusNotFound, "get", schema.GroupResource{}, "", "", 0, true)
	errForbidden = apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, "", errors.New("no"))
	errDown      = errors.New("connection refused")
	errInternal  = apierrors.NewInternalError(errors.New("etcd"))
	errRefused   = apierrors.NewGenericServerResponse(http.StatusNotAcceptable, "get", schema.GroupResource{}, "", "", 0, true)
	errUnknownUs = apierrors.NewUnauthorized("who?")

	typeMissing = watch.Status{State: watch.TypeMissing, Detail: "the type is not served"}
	synced      = watch.Status{State: watch.Synced}
)

// The time within which a cell must notice that its server has changed its mind.
const seconds = 7 * time.Second

func TestFirstContact(t *testing.T) {
	tests := map[string]struct {
		why  string
		err  error
		want watch.Status
	}{
		"a type that is not served":     {why: "its CRD may come later", err: errMissing, want: typeMissing},
		"a type that may not be listed": {why: "permission may come later", err: errForbidden, want: watch.Status{State: watch.Forbidden, Detail: errForbidden.Error()}},
		"a server that is down":         {why: "it may come back", err: errDown, want: watch.Status{State: watch.Unreachable, Detail: "connection refused"}},
		"a server that fails":           {why: "no usable answer came", err: errInternal, want: watch.Status{State: watch.Unreachable, Detail: errInternal.Error()}},
		"a server that does not know us": {
			why: "as above; the probes say why", err: errUnknownUs, want: watch.Status{State: watch.Unreachable, Detail: "who?"},
		},
		"a server that refuses the list": {
			why: "a type that cannot be listed must not look as if it were about to be, for ever",
			err: errRefused, want: watch.Status{State: watch.Unreachable, Detail: errRefused.Error()},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			stage(t, tc.err, func(t *testing.T, s *scene) {
				s.expect(t, tc.why, tc.want, "kept from before")
				pass(time.Hour)
				s.expect(t, "nothing changed", tc.want, "kept from before")
				s.server.become(nil)
				pass(seconds)
				s.expect(t, "it is found within seconds", synced, "a", "b")
				if diff := cmp.Diff([]watch.Status{tc.want, synced}, s.told); diff != "" {
					t.Errorf("what was told (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestSyncedAndThen(t *testing.T) {
	tests := map[string]struct {
		why  string
		err  error
		want watch.Status
	}{
		"the server is gone":          {why: "what was told last still counts", err: errDown, want: synced},
		"the server fails":            {why: "as above", err: errInternal, want: synced},
		"the credentials are refused": {why: "as above; the probes say why", err: errUnknownUs, want: synced},
		"the type is gone":            {why: "its copies went with it, and no other may come", err: errMissing, want: typeMissing},
		"permission is gone":          {why: "nothing new will be told", err: errForbidden, want: watch.Status{State: watch.Forbidden, Detail: errForbidden.Error()}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			stage(t, nil, func(t *testing.T, s *scene) {
				s.expect(t, "the server served from the start", synced, "a", "b")
				s.server.become(tc.err)
				s.server.breakWatches()
				pass(time.Hour)
				s.expect(t, tc.why, tc.want, "a", "b")
				s.server.mu.Lock()
				s.server.objects, s.server.version = []string{"b", "c"}, 20
				s.server.mu.Unlock()
				s.server.become(nil)
				pass(2 * time.Minute) // a reflector that was refused a watch has pauses of its own
				s.expect(t, "what happened meanwhile is told", synced, "b", "c")
			})
		})
	}
}

func TestServerThatStreamsLists(t *testing.T) {
	stageOn(t, &server{streams: true, err: errForbidden}, func(t *testing.T, s *scene) {
		s.server.become(nil)
		pass(seconds)
		s.server.tell(apiwatch.Added, "c")
		synctest.Wait()
		s.expect(t, "the stream is list and watch in one", synced, "a", "b", "c")
		s.server.become(errDown)
		s.server.breakWatches()
		pass(time.Hour)
		s.expect(t, "a broken stream empties nothing", synced, "a", "b", "c")
		s.server.become(nil)
		pass(2 * time.Minute)
		s.expect(t, "it begins anew, and what is not told again is gone", synced, "a", "b")
	})
}

func TestForgottenVersion(t *testing.T) {
	stage(t, nil, func(t *testing.T, s *scene) {
		s.server.mu.Lock()
		s.server.objects, s.server.version, s.server.expired = []string{"b", "c"}, 20, 1
		s.server.mu.Unlock()
		s.server.breakWatches()
		pass(2 * seconds)
		s.expect(t, "the server forgot the version to resume from: it is listed again", synced, "b", "c")
		if diff := cmp.Diff([]watch.Status{synced}, s.told); diff != "" {
			t.Errorf("what was told (-want +got):\n%s", diff)
		}
	})
}

func TestEventsReachTheStore(t *testing.T) {
	stage(t, nil, func(t *testing.T, s *scene) {
		s.server.tell(apiwatch.Added, "c")
		s.server.tell(apiwatch.Deleted, "a")
		synctest.Wait()
		s.expect(t, "the watch follows the list", synced, "b", "c")
		if diff := cmp.Diff([]watch.Status{synced}, s.told); diff != "" {
			t.Errorf("what was told (-want +got):\n%s", diff)
		}
	})
}

func TestPauses(t *testing.T) {
	stage(t, errMissing, func(t *testing.T, s *scene) {
		pass(time.Minute)
		lists := s.server.lists()
		for i := range lists[1:] {
			pause := lists[i+1].Sub(lists[i])
			least, most := 500*time.Millisecond<<min(i, 3), 6*time.Second
			if i == 0 {
				most = 600 * time.Millisecond
			}
			if pause < least || pause > most {
				t.Errorf("pause %d took %s, not %s to %s", i, pause, least, most)
			}
		}
		if len(lists) < 10 {
			t.Errorf("%d attempts in a minute: a type that appears would go unnoticed", len(lists))
		}
	})
}

func TestWake(t *testing.T) {
	stage(t, errMissing, func(t *testing.T, s *scene) {
		pass(time.Minute)
		s.server.become(nil)
		before := now()
		s.cell.Wake()
		synctest.Wait()
		s.expect(t, "somebody said that it is worth a try", synced, "a", "b")
		if took := now().Sub(before); took != 0 {
			t.Errorf("it took %s", took)
		}
	})
}

// Wake is called for every cell of a member, also for those that have no use for it.
func TestWakeNeverBlocks(t *testing.T) {
	cell := watch.New(&server{}, &names{}, watch.Options{})
	for range 3 {
		cell.Wake()
	}
	if diff := cmp.Diff(watch.Status{State: watch.Syncing}, cell.Status()); diff != "" {
		t.Errorf("the status of a cell that does not run (-want +got):\n%s", diff)
	}
}

func TestStoreThatRefuses(t *testing.T) {
	stage(t, errMissing, func(t *testing.T, s *scene) {
		s.store.mu.Lock()
		s.store.err = errors.New("full")
		s.store.mu.Unlock()
		s.server.become(nil)
		pass(time.Minute)
		s.expect(t, "what the store did not take is not synced", typeMissing, "kept from before")
		s.store.mu.Lock()
		s.store.err = nil
		s.store.mu.Unlock()
		pass(seconds)
		s.expect(t, "the store takes it now", synced, "a", "b")
	})
}

func TestEndsWithItsContext(t *testing.T) {
	tests := map[string]struct {
		why   string
		first error
	}{
		"while it watches": {why: "the stream is cut", first: nil},
		"while it pauses":  {why: "nobody waits for the pause to end", first: errMissing},
		"while it is down": {why: "as above", first: errDown},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			stage(t, tc.first, func(t *testing.T, s *scene) {
				before := now()
				s.end()
				<-s.ended
				if took := now().Sub(before); took != 0 {
					t.Errorf("it took %s, but %s", took, tc.why)
				}
			})
		})
	}
}
