package member

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubejson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/fleet"
)

// A server refuses an apply as a whole if its schema lacks one of the fields, and names only the first of them. KubeFed's
// updates lost such fields in silence. So they are found out, left out and reported: a member of an older version gets all
// that it knows.

// maxUnknownRounds bounds how often a body is asked about: the server cuts long lists of warnings.
const maxUnknownRounds = 5

// applyKnown applies the body. If the server fails at it because of fields that it does not know, they are left out and
// returned.
func (m *Member) applyKnown(ctx context.Context, ref copyRef, body []byte) (*metav1.PartialObjectMetadata, []string, error) {
	return applyAllKnown(body,
		func(body []byte) (*metav1.PartialObjectMetadata, error) { return m.apply(ctx, ref, body) },
		func(body []byte) []string { return unknownFields(ctx, m.client.rest, ref, body) })
}

// applyAllKnown applies the body by a function; another one says which of its fields the server does not know.
func applyAllKnown[T any](body []byte, apply func([]byte) (T, error), unknown func([]byte) []string) (T, []string, error) {
	var left []string
	for range maxUnknownRounds {
		made, err := apply(body)
		if err == nil || fault.Of(err).Class != fault.Retry {
			return made, left, err
		}
		known, removed := withoutFields(body, unknown(body))
		if len(removed) == 0 {
			return made, left, err
		}
		body, left = known, append(left, removed...)
	}
	made, err := apply(body)
	return made, left, err
}

// Preview is an apply that a member is asked about.
type Preview struct {
	Kind    fleet.Type
	Object  fleet.ObjectKey
	Desired *fleet.Desired
	Seen    fleet.Observed
}

// PreviewApply asks a member by a dry run what it would make of an apply, as Apply would send it. It returns the object as it would be, and
// the fields that would be left out because the member does not know them. The client decodes into anything: it comes from raw.NewClientFor.
// live is the object as it is, nil if there is none.
func PreviewApply(ctx context.Context, client rest.Interface, p Preview, live map[string]any) (map[string]any, []string, error) {
	body, err := bodyFor(p.Desired, p.Seen, live)
	if err != nil {
		return nil, nil, err
	}
	ref := copyRef{kind: p.Kind, desired: p.Desired, namespace: p.Kind.CopyNamespace(p.Object.Namespace), name: p.Object.Name}
	apply := func(body []byte) (map[string]any, error) {
		sent, err := answer(client.Patch(types.ApplyPatchType).AbsPath(ref.path()...).Param("force", "true").Param("dryRun", "All").
			Param("fieldManager", FieldManager).SetHeader("Accept", "application/json").WarningHandlerWithContext(rest.NoWarnings{}).Body(body).Do(ctx))
		if err != nil {
			return nil, err
		}
		var made map[string]any
		return made, kubejson.Unmarshal(sent, &made)
	}
	return applyAllKnown(body, apply, func(body []byte) []string { return unknownFields(ctx, client, ref, body) })
}

// unknownFields asks the server which fields of the body its schema lacks, by the dry run of a create. How the create would
// end does not matter: the server warns before it looks at anything else.
func unknownFields(ctx context.Context, client rest.Interface, ref copyRef, body []byte) []string {
	var heard warnings
	ref.name = ""
	_ = client.Post().AbsPath(ref.path()...).Param("dryRun", "All").Param("fieldValidation", "Warn").Param("fieldManager", FieldManager).
		SetHeader("Content-Type", "application/json").SetHeader("Accept", metadataOnly).WarningHandlerWithContext(&heard).Body(body).Do(ctx).Error()
	return heard.unknown()
}

// warnings collects what a server warns of. It implements rest.WarningHandlerWithContext.
type warnings struct{ texts []string }

// HandleWarningHeaderWithContext implements rest.WarningHandlerWithContext.
func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, code int, _, text string) {
	if code == warningCode {
		w.texts = append(w.texts, text)
	}
}

// warningCode is the code of every warning by a Kubernetes API server.
const warningCode = 299

// unknownField is how an API server names a field that its schema lacks (KEP-2885); kubectl depends on it too.
var unknownField = regexp.MustCompile(`^unknown field "(.+)"$`)

func (w *warnings) unknown() []string {
	var fields []string
	for _, text := range w.texts {
		if match := unknownField.FindStringSubmatch(text); match != nil {
			fields = append(fields, match[1])
		}
	}
	return fields
}

// withoutFields returns the body without the fields, and which of them it had.
func withoutFields(body []byte, fields []string) ([]byte, []string) {
	var object map[string]any
	if len(fields) == 0 || kubejson.Unmarshal(body, &object) != nil {
		return body, nil
	}
	var removed []string
	for _, field := range fields {
		if removeField(object, field) {
			removed = append(removed, field)
		}
	}
	made, err := json.Marshal(object)
	if err != nil { // what was decoded always encodes
		return body, nil
	}
	slices.Sort(removed)
	return made, removed
}

// removeField removes what a path such as spec.containers[0].name names. Keys may hold dots themselves.
func removeField(content any, path string) bool {
	switch content := content.(type) {
	case map[string]any:
		return removeKey(content, path)
	case []any:
		index, rest, found := strings.Cut(strings.TrimPrefix(path, "["), "]")
		i, err := strconv.Atoi(index)
		if found && err == nil && i >= 0 && i < len(content) {
			return removeField(content[i], strings.TrimPrefix(rest, "."))
		}
	}
	return false
}

func removeKey(content map[string]any, path string) bool {
	for key, value := range content {
		rest, found := strings.CutPrefix(path, key)
		if found && rest == "" {
			delete(content, key)
			return true
		}
		if found && (rest[0] == '.' || rest[0] == '[') && removeField(value, strings.TrimPrefix(rest, ".")) {
			return true
		}
	}
	return false
}
