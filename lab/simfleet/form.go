package simfleet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// form is how an answer is written.
type form struct {
	protobuf bool
	// partial asks for metadata alone.
	partial bool
	// list tells that what is asked for are the metadata of a list.
	list bool
}

// partialList is the kind of a list of metadata.
const partialList = "PartialObjectMetadataList"

// negotiate takes the first form that is offered and known. What is offered in no form that we know is refused, as the server
// does.
func negotiate(accept string) (form, error) {
	if accept == "" {
		return form{}, nil
	}
	for offer := range strings.SplitSeq(accept, ",") {
		mediaType, parameters, err := mime.ParseMediaType(strings.TrimSpace(offer))
		if err != nil {
			continue
		}
		as := parameters["as"]
		partial := as == "PartialObjectMetadata" || as == partialList
		if as != "" && !partial {
			continue
		}
		switch mediaType {
		case runtime.ContentTypeProtobuf:
			return form{protobuf: true, partial: partial, list: as == partialList}, nil
		case runtime.ContentTypeJSON, "*/*", "application/*":
			return form{partial: partial, list: as == partialList}, nil
		}
	}
	return form{}, refusal(http.StatusNotAcceptable, metav1.StatusReasonNotAcceptable, "406: Not Acceptable\n\nAvailable representations: "+
		"application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch")
}

// fits refuses the form of an object for a list, and the other way round.
func (f form) fits(k *kind, list bool) error {
	if !f.partial || f.list == list {
		return nil
	}
	name, _, _ := strings.Cut(k.gvk.Group, ".") // the server's own package for the kind
	name = cmp.Or(name, "core") + "." + k.Kind
	message := fmt.Sprintf("you requested PartialObjectMetadata, but the requested object is a list (*%sList)", name)
	if !list {
		message = fmt.Sprintf("you requested PartialObjectMetadataList, but the requested object is not a list (*%s)", name)
	}
	err := refusal(http.StatusNotAcceptable, metav1.StatusReasonNotAcceptable, message)
	err.ErrStatus.Details = nil
	return err
}

// refusal is an error that is about no object.
func refusal(code int32, reason metav1.StatusReason, message string) *apierrors.StatusError {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message, Details: &metav1.StatusDetails{},
	}}
}

func (f form) contentType() string {
	if f.protobuf {
		return runtime.ContentTypeProtobuf
	}
	return runtime.ContentTypeJSON
}

var protobufs = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)

// encode writes an object that has its kind.
func (f form) encode(o runtime.Object) ([]byte, error) {
	if !f.protobuf {
		return json.Marshal(o)
	}
	var b bytes.Buffer
	if err := protobufs.Encode(o, &b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// object is the record as it is asked for.
func (f form) object(r *record) (runtime.Object, error) {
	if f.partial {
		return r.partial(), nil
	}
	return r.whole()
}

func (f form) send(w http.ResponseWriter, code int, o runtime.Object) error {
	body, err := f.encode(o)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", f.contentType())
	w.WriteHeader(code)
	_, _ = w.Write(body) // a client that is gone needs no answer
	return nil
}

func writeJSON(w http.ResponseWriter, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	_, _ = w.Write(encoded) // as above
}

// writeStatus answers with an error: as protobuf to who takes nothing else for whole objects, which an error always is.
func writeStatus(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	if d := status.Details; d != nil && d.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(d.RetryAfterSeconds)))
	}
	f, unknown := negotiate(r.Header.Get("Accept"))
	if unknown != nil || f.partial {
		f = form{}
	}
	if err := f.send(w, int(status.Code), &status); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func statusOf(err error) metav1.Status {
	status := metav1.Status{Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: err.Error()}
	if api := apierrors.APIStatus(nil); errors.As(err, &api) {
		status = api.Status()
	}
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	return status
}

func unauthorized() error { return apierrors.NewUnauthorized("Unauthorized") }
