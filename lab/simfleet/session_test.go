package simfleet_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/util/csaupgrade"
)

// story is a row of calls, each of which finds what the one before has left.
type story struct {
	name  string
	calls []call
}

// call is one request.
type call struct {
	name string
	// do is a verb and a path. In it and in the body {ns} is the story's namespace, {uid} and {rv} are those of the object
	// that was answered last, and {cm} and the like are collections.
	do   string
	body string
	// These take the place of what is usual, if they are not empty.
	accept, contentType, token string
}

// migrate is the body of what fedsyncd sends to make an entry of an update one of an apply.
const migrate = "{migrate}"

// answer is what is compared of an answer.
type answer struct {
	Code        int
	ContentType string
	RetryAfter  string
	Warnings    []string
	// Moved tells that the object has another resourceVersion than in the answer before.
	Moved bool
	Body  any
}

// session is the calls of one story to one server.
type session struct {
	t                 *testing.T
	server            *server
	namespace, accept string
	uids              []string
	uid, version      string
}

func newSession(t *testing.T, s *server, namespace, accept string) *session {
	t.Helper()
	n := &session{t: t, server: s, namespace: namespace, accept: accept}
	made := n.do(call{do: "POST /api/v1/namespaces", body: `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{ns}"}}`})
	if made.Code != http.StatusCreated {
		t.Fatalf("make namespace %q: %v", namespace, made)
	}
	n.uids, n.uid, n.version = nil, "", ""
	return n
}

var collections = strings.NewReplacer(
	"{cm}", "/api/v1/namespaces/{ns}/configmaps", "{secret}", "/api/v1/namespaces/{ns}/secrets", "{sa}", "/api/v1/namespaces/{ns}/serviceaccounts",
	"{svc}", "/api/v1/namespaces/{ns}/services", "{deploy}", "/apis/apps/v1/namespaces/{ns}/deployments",
)

func (n *session) fill(text string) string {
	return strings.NewReplacer("{ns}", n.namespace, "{uid}", n.uid, "{rv}", n.version).Replace(collections.Replace(text))
}

var patchTypes = map[string]string{
	"APPLY": "application/apply-patch+yaml", "MERGE": "application/merge-patch+json",
	"JSON": "application/json-patch+json", "SMP": "application/strategic-merge-patch+json",
}

func (n *session) do(c call) answer {
	n.t.Helper()
	method, target, _ := strings.Cut(c.do, " ")
	contentType := "application/json"
	if patch := patchTypes[method]; patch != "" {
		method, contentType = http.MethodPatch, patch
	}
	target = n.fill(target)
	body := n.fill(c.body)
	if c.body == migrate {
		body = n.migration(target)
	}
	if list := strings.HasPrefix(c.do, "GET {cm}?") || strings.HasPrefix(c.do, "GET /api/v1/configmaps?") || c.do == "GET {cm}"; list && !strings.Contains(c.do, "watch=") {
		n.accept = strings.ReplaceAll(n.accept, "as=PartialObjectMetadata;", "as=PartialObjectMetadataList;")
	} else {
		n.accept = strings.ReplaceAll(n.accept, "as=PartialObjectMetadataList;", "as=PartialObjectMetadata;")
	}
	code, header, text := n.send(method, target, body, map[string]string{
		"Accept": or(c.accept, n.accept), "Content-Type": or(c.contentType, contentType), "Authorization": "Bearer " + or(c.token, n.server.config.BearerToken),
	})
	a := answer{Code: code, ContentType: header.Get("Content-Type"), RetryAfter: header.Get("Retry-After"), Warnings: header.Values("Warning")}
	o, err := decode(a.ContentType, text)
	if err != nil {
		n.t.Fatalf("%s: read answer %q: %v", c.do, text, err)
	}
	a.Body = o
	if o, ok := o.(map[string]any); ok {
		a.Moved = n.remember(o)
		a.Body = n.normal("", o)
	}
	return a
}

func or(given, usual string) string {
	if given != "" {
		return given
	}
	return usual
}

func (n *session) send(method, target, body string, headers map[string]string) (int, http.Header, []byte) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), method, n.server.config.Host+target, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("User-Agent", "conformance/1")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	response, err := n.server.http.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it is only read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return response.StatusCode, response.Header, text
}

// migration is the patch that fedsyncd makes in federation/member/writer.go.
func (n *session) migration(target string) string {
	n.t.Helper()
	path, _, _ := strings.Cut(target, "?")
	_, _, text := n.send(http.MethodGet, path, "", map[string]string{"Accept": forms["partial"], "Authorization": "Bearer " + n.server.config.BearerToken})
	live := &metav1.PartialObjectMetadata{}
	if err := json.Unmarshal(text, live); err != nil {
		n.t.Fatal(err)
	}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New("kubefed", "fedsync"), "fedsync")
	if err != nil {
		n.t.Fatal(err)
	}
	return string(patch)
}

var everything = func() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := scheme.AddToScheme(s); err != nil {
		panic(err)
	}
	if err := metav1.AddMetaToScheme(s); err != nil {
		panic(err)
	}
	return s
}()

// decode reads a body as JSON would be read, or as text if it is no object.
func decode(contentType string, body []byte) (any, error) {
	switch contentType {
	case runtime.ContentTypeJSON:
	case runtime.ContentTypeProtobuf:
		o, gvk, err := protobuf.NewSerializer(everything, everything).Decode(body, nil, nil)
		if err != nil {
			return nil, err
		}
		o.GetObjectKind().SetGroupVersionKind(*gvk)
		if body, err = json.Marshal(o); err != nil {
			return nil, err
		}
	default:
		return string(body), nil
	}
	var o map[string]any
	err := json.Unmarshal(body, &o)
	return o, err
}

// remember keeps what later calls refer to, and tells whether the object has another version than before.
func (n *session) remember(o map[string]any) bool {
	m, _ := o["metadata"].(map[string]any)
	uid, _ := m["uid"].(string)
	version, _ := m["resourceVersion"].(string)
	if uid == "" {
		return false
	}
	moved := uid == n.uid && version != n.version
	n.uid, n.version = uid, version
	if !slices.Contains(n.uids, uid) {
		n.uids = append(n.uids, uid)
	}
	return moved
}

// Messages name versions and, for a patch with unknown fields, the whole patched object.
var (
	recorded = regexp.MustCompile(`record \(\d+\)`)
	patched  = regexp.MustCompile(`Invalid value: "\{.*\}\\?n?":`)
)

// byEntry is an order that does not depend on when a second began, as that of the servers does.
func byEntry(a, b any) int {
	text := func(o any) string {
		m, _ := o.(map[string]any)
		return fmt.Sprint(m["operation"], " ", m["manager"], " ", m["subresource"])
	}
	return strings.Compare(text(a), text(b))
}

// normal replaces what each server makes up by itself: UIDs (in messages too), versions (see Moved) and times. It drops
// status, which controllers and admission fill, and null creation times, which JSON made from protobuf has in other places
// than JSON from the server.
func (n *session) normal(field string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		made := map[string]any{}
		for k, v := range value {
			if _, ok := v.(map[string]any); ok && k == "status" || v == nil {
				continue
			}
			made[k] = n.normal(k, v)
		}
		return made
	case []any:
		if field == "managedFields" {
			slices.SortFunc(value, byEntry)
		}
		made := make([]any, 0, len(value))
		for _, v := range value {
			made = append(made, n.normal(field, v))
		}
		return made
	case string:
		switch field {
		case "creationTimestamp", "deletionTimestamp", "time", "resourceVersion":
			return strings.ToUpper(field)
		}
		for _, uid := range n.uids {
			value = strings.ReplaceAll(value, uid, "UID")
		}
		return patched.ReplaceAllString(recorded.ReplaceAllString(value, "record (VERSION)"), `Invalid value: OBJECT:`)
	}
	return value
}

// pruneDefaults drops from an object of the real server what the simulated one lacks in its spec: the defaults. Fields that
// were lost are seen all the same, because managedFields are compared whole.
func pruneDefaults(simulated, actual any) {
	a, _ := simulated.(map[string]any)
	b, _ := actual.(map[string]any)
	spec, _ := a["spec"].(map[string]any)
	full, _ := b["spec"].(map[string]any)
	prune(spec, full)
}

func prune(like, full any) {
	switch full := full.(type) {
	case map[string]any:
		like, _ := like.(map[string]any)
		for k, v := range full {
			if _, has := like[k]; !has {
				delete(full, k)
				continue
			}
			prune(like[k], v)
		}
	case []any:
		like, _ := like.([]any)
		for i, v := range full {
			if i < len(like) {
				prune(like[i], v)
			}
		}
	}
}
