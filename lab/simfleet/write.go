package simfleet

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// maxBody is the size of the greatest body that the server takes.
const maxBody = 3 << 20

// write answers a create, an update or a patch.
func (q *request) write(w http.ResponseWriter) error {
	ch, err := q.change()
	if err != nil {
		return err
	}
	done, err := q.member.store.write(q.fleet.kinds, ch, slices.Contains(q.query["dryRun"], metav1.DryRunAll))
	if err != nil {
		return err
	}
	for _, warning := range done.warnings {
		w.Header().Add("Warning", fmt.Sprintf("299 - %q", warning))
	}
	o, err := q.form.object(done.record)
	if err != nil {
		return err
	}
	code := http.StatusOK
	if done.created {
		code = http.StatusCreated
	}
	return q.form.send(w, code, o)
}

// change reads what is asked to be done.
func (q *request) change() (*change, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, q.Body, maxBody))
	if err != nil {
		return nil, apierrors.NewRequestEntityTooLargeError(err.Error())
	}
	ch := &change{
		kind: q.kind, key: q.key, manager: managerOf(q.query.Get("fieldManager"), q.UserAgent()), force: isTrue(q.query.Get("force")),
		status: q.subresource == "status", validation: q.query.Get("fieldValidation"), contentType: q.Header.Get("Content-Type"), body: body,
	}
	switch q.Method {
	case http.MethodPost:
		ch.op = opCreate
		return ch, ch.readName()
	case http.MethodPut:
		ch.op = opUpdate
		return ch, ch.readName()
	}
	mediaType, _, err := mime.ParseMediaType(ch.contentType)
	ch.op = operation(mediaType)
	if err != nil || !slices.Contains([]operation{opApply, opMerge, opJSON, opSMP}, ch.op) {
		return nil, refusal(http.StatusUnsupportedMediaType, metav1.StatusReasonUnsupportedMediaType, "415: Unsupported Media Type")
	}
	if ch.op == opApply && q.query.Get("fieldManager") == "" {
		return nil, apierrors.NewInvalid(metav1.SchemeGroupVersion.WithKind("PatchOptions").GroupKind(), "", field.ErrorList{
			field.Required(field.NewPath("fieldManager"), "is required for apply patch"),
		})
	}
	return ch, nil
}

// readName takes the name of a new object from its body, or compares it with that of the path.
func (ch *change) readName() error {
	made, _, err := ch.decode()
	if err != nil {
		return err
	}
	m, err := objectMeta(made)
	if err != nil {
		return err
	}
	if ch.key.name != "" {
		return ch.checkName(m)
	}
	if m.Name == "" && m.GenerateName != "" {
		return apierrors.NewBadRequest("generateName is not simulated: give a name")
	}
	if m.Name == "" {
		return ch.invalid(field.Required(field.NewPath("metadata", "name"), "name or generateName is required"))
	}
	ch.key.name = m.Name
	return nil
}

// remove answers a delete.
func (q *request) remove(w http.ResponseWriter) error {
	options, err := q.deleteOptions()
	if err != nil {
		return err
	}
	r, err := q.member.store.remove(q.fleet.kinds, q.kind, q.key, options)
	if err != nil {
		return err
	}
	if q.kind.returnsDeleted {
		o, err := q.form.object(r)
		if err != nil {
			return err
		}
		return q.form.send(w, http.StatusOK, o)
	}
	return form{protobuf: q.form.protobuf}.send(w, http.StatusOK, &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusSuccess,
		Details: &metav1.StatusDetails{Name: q.key.name, Group: q.kind.gvk.Group, Kind: q.kind.Name, UID: r.meta().UID},
	})
}

func (q *request) deleteOptions() (*metav1.DeleteOptions, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, q.Body, maxBody))
	if err != nil {
		return nil, apierrors.NewRequestEntityTooLargeError(err.Error())
	}
	options := &metav1.DeleteOptions{DryRun: q.query["dryRun"]}
	if len(body) == 0 {
		return options, nil
	}
	if mediaType, _, _ := mime.ParseMediaType(q.Header.Get("Content-Type")); mediaType == runtime.ContentTypeProtobuf {
		gvk := schema.GroupVersionKind{Version: "v1", Kind: "DeleteOptions"}
		_, _, err = protobufs.Decode(body, &gvk, options)
	} else {
		err = json.Unmarshal(body, options)
	}
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return options, nil
}
