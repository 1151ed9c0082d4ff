package simfleet

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"
)

// stream is a watch that is being answered.
type stream struct {
	*request

	w         http.ResponseWriter
	flush     func() error
	bookmarks bool
}

var (
	rawProtobufs = protobuf.NewRawSerializer(scheme.Scheme, scheme.Scheme)
	framer       = protobuf.LengthDelimitedFramer
)

// watch answers until the client leaves, the time is over, or the client is too slow.
func (q *request) watch(w http.ResponseWriter) error {
	selected, err := q.selection()
	if err != nil {
		return err
	}
	after, err := parseVersion(q.query.Get("resourceVersion"))
	if err != nil {
		return err
	}
	s := &stream{request: q, w: w, flush: http.NewResponseController(w).Flush, bookmarks: isTrue(q.query.Get("allowWatchBookmarks"))}
	initial := isTrue(q.query.Get("sendInitialEvents"))
	var cur *cursor
	var first []*record
	if initial || after == nil || *after == 0 {
		first, cur = q.member.store.snapshot(q.kind, q.key.namespace, selected)
	} else {
		q.member.store.mu.Lock()
		cur, err = q.member.store.follow(q.kind, q.key.namespace, selected, after)
		q.member.store.mu.Unlock()
	}
	s.begin()
	if err != nil { // the real one too begins the stream before it says that the version has expired
		status := statusOf(err)
		s.emit(watch.Error, &status)
		_ = s.flush()
		return nil
	}
	defer cur.close()
	s.run(cur, first, initial)
	return nil
}

func (s *stream) begin() {
	contentType := s.form.contentType()
	if s.form.protobuf {
		contentType += ";stream=watch"
	}
	s.w.Header().Set("Content-Type", contentType)
	s.w.WriteHeader(http.StatusOK)
	_ = s.flush() // a client that is gone ends the stream soon
}

func (s *stream) run(cur *cursor, first []*record, initial bool) {
	if !s.start(cur, first, initial) {
		return
	}
	end := time.NewTimer(s.timeout())
	defer end.Stop()
	mark := time.NewTicker(time.Minute)
	defer mark.Stop()
	for {
		marking := false
		select {
		case <-s.Context().Done():
			return
		case <-end.C:
			return
		case <-mark.C:
			marking = s.bookmarks
		case <-cur.wake:
		}
		if !s.advance(cur, marking) {
			return
		}
	}
}

// start tells what there is.
func (s *stream) start(cur *cursor, first []*record, initial bool) bool {
	for _, r := range first {
		if !s.send(watch.Added, r) {
			return false
		}
	}
	if initial && s.bookmarks && !s.bookmark(cur.begun, map[string]string{metav1.InitialEventsAnnotationKey: "true"}) {
		return false
	}
	return s.flush() == nil
}

// advance tells what has happened since. It returns false when the stream must end: the client is gone, or so slow that it has to
// list again.
func (s *stream) advance(cur *cursor, marking bool) bool {
	events, version, ok := cur.read()
	if !ok {
		return false
	}
	for _, e := range events {
		if !s.send(e.kind, e.now) {
			return false
		}
	}
	if marking && !s.bookmark(version, nil) {
		return false
	}
	return s.flush() == nil
}

func (s *stream) timeout() time.Duration {
	seconds, err := strconv.Atoi(s.query.Get("timeoutSeconds"))
	if err != nil || seconds <= 0 {
		return watchTimeout
	}
	return time.Duration(seconds) * time.Second
}

func (s *stream) send(kind watch.EventType, r *record) bool {
	o, err := s.form.object(r)
	return err == nil && s.emit(kind, o)
}

// bookmark tells how far the watch has come.
func (s *stream) bookmark(version uint64, annotations map[string]string) bool {
	o, err := s.empty()
	if err != nil {
		return false
	}
	m, err := objectMeta(o)
	if err != nil {
		return false
	}
	m.ResourceVersion, m.Annotations = strconv.FormatUint(version, 10), annotations
	return s.emit(watch.Bookmark, o)
}

func (s *stream) empty() (runtime.Object, error) {
	if s.form.partial {
		return &metav1.PartialObjectMetadata{TypeMeta: partialType}, nil
	}
	o, err := scheme.Scheme.New(s.kind.gvk)
	if err == nil {
		o.GetObjectKind().SetGroupVersionKind(s.kind.gvk)
	}
	return o, err
}

// emit writes one event. It returns false when the client is gone.
func (s *stream) emit(kind watch.EventType, o runtime.Object) bool {
	raw, err := s.form.encode(o)
	if err != nil {
		return false
	}
	event := &metav1.WatchEvent{Type: string(kind), Object: runtime.RawExtension{Raw: raw}}
	if !s.form.protobuf {
		line, err := json.Marshal(event)
		if err != nil {
			return false
		}
		_, err = s.w.Write(append(line, '\n'))
		return err == nil
	}
	var b bytes.Buffer
	if err := rawProtobufs.Encode(event, &b); err != nil {
		return false
	}
	_, err = framer.NewFrameWriter(s.w).Write(b.Bytes())
	return err == nil
}
