package simfleet

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// request is what a URL under a member asks for.
type request struct {
	*http.Request

	fleet       *Fleet
	member      *member
	kind        *kind
	key         key // of an object, or without a name of a collection
	subresource string
	query       url.Values
	form        form // of the answer
}

// serve answers one request to a member.
func (f *Fleet) serve(w http.ResponseWriter, r *http.Request, m *member, rest string) {
	rest = strings.TrimPrefix(path.Clean("/"+rest), "/")
	switch rest {
	case "healthz", "livez", "readyz":
		m.counts.add("GET " + rest)
		_, _ = w.Write([]byte("ok"))
		return
	case "version":
		m.counts.add("GET version")
		writeJSON(w, serverVersion)
		return
	}
	segments := strings.Split(rest, "/")
	if f.discover(w, segments) {
		m.counts.add("GET discovery")
		return
	}
	q, ok := f.parse(r, m, segments)
	if !ok && f.hasGroup(segments) {
		writeStatus(w, r, refusal(http.StatusNotFound, metav1.StatusReasonNotFound, "the server could not find the requested resource"))
		return
	}
	if !ok {
		http.Error(w, "404 page not found", http.StatusNotFound)
		return
	}
	if err := q.answer(w); err != nil {
		writeStatus(w, r, err)
	}
}

// hasGroup tells that a path is in a group that is served: what is missing there is missed in other words.
func (f *Fleet) hasGroup(segments []string) bool {
	if segments[0] == "api" {
		return true
	}
	return segments[0] == "apis" && len(segments) > 1 && slices.ContainsFunc(f.kinds.all, func(k *kind) bool { return k.gvk.Group == segments[1] })
}

// parse reads the path of an object or a collection; ok is false if nothing is served there.
func (f *Fleet) parse(r *http.Request, m *member, segments []string) (q *request, ok bool) {
	var gv schema.GroupVersion
	switch {
	case segments[0] == "api" && len(segments) > 2:
		gv.Version, segments = segments[1], segments[2:]
	case segments[0] == "apis" && len(segments) > 3:
		gv.Group, gv.Version, segments = segments[1], segments[2], segments[3:]
	default:
		return nil, false
	}
	q = &request{Request: r, fleet: f, member: m, query: r.URL.Query()}
	if segments[0] == "namespaces" && len(segments) > 2 && f.kinds.byPath[gv.WithResource(segments[2])] != nil {
		q.key.namespace, segments = segments[1], segments[2:]
	}
	if q.kind = f.kinds.byPath[gv.WithResource(segments[0])]; q.kind == nil || len(segments) > 3 {
		return nil, false
	}
	if len(segments) > 1 {
		q.key.name = segments[1]
	}
	if len(segments) > 2 {
		q.subresource = segments[2]
	}
	// A namespaced object is not found without its namespace.
	return q, q.key.name == "" || q.kind.Namespaced == (q.key.namespace != "")
}

// answer does what is asked for. It returns an error as long as nothing of an answer was written.
func (q *request) answer(w http.ResponseWriter) error {
	var err error
	if q.form, err = negotiate(q.Header.Get("Accept")); err != nil {
		return err
	}
	if err := q.form.fits(q.kind, q.verb() == "LIST"); err != nil {
		return err
	}
	q.member.counts.add(q.verb() + " " + q.kind.Name)
	switch {
	case q.Method == http.MethodGet && q.key.name != "":
		return q.get(w)
	case q.Method == http.MethodGet && isTrue(q.query.Get("watch")):
		return q.watch(w)
	case q.Method == http.MethodGet:
		return q.list(w)
	case q.Method == http.MethodPost && q.key.name == "", q.Method == http.MethodPut && q.key.name != "", q.Method == http.MethodPatch && q.key.name != "":
		return q.write(w)
	case q.Method == http.MethodDelete && q.key.name != "":
		return q.remove(w)
	}
	return refusal(http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed, "the server does not allow this method on the requested resource")
}

// verb is the word under which apiserver_request_total counts the request.
func (q *request) verb() string {
	switch {
	case q.Method == http.MethodGet && isTrue(q.query.Get("watch")):
		return "WATCH"
	case q.Method == http.MethodGet && q.key.name == "":
		return "LIST"
	case q.Method == http.MethodPatch && strings.HasPrefix(q.Header.Get("Content-Type"), string(opApply)):
		return "APPLY"
	}
	return q.Method
}

func isTrue(value string) bool { return value == "true" || value == "1" }
