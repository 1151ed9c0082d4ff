package simfleet

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// form is how an answer is written.
type form struct {
	protobuf bool
	// partial asks for metadata alone.
	partial bool
}

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
		partial := as == "PartialObjectMetadata" || as == "PartialObjectMetadataList"
		if as != "" && !partial {
			continue
		}
		switch mediaType {
		case runtime.ContentTypeProtobuf:
			return form{protobuf: true, partial: partial}, nil
		case runtime.ContentTypeJSON, "*/*", "application/*":
			return form{partial: partial}, nil
		}
	}
	return form{}, apierrors.NewGenericServerResponse(http.StatusNotAcceptable, "", schema.GroupResource{}, "",
		"only the following media types are accepted: application/json, application/vnd.kubernetes.protobuf", 0, false)
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

func writeJSON(w http.ResponseWriter, code int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	w.WriteHeader(code)
	_, _ = w.Write(encoded) // as above
}

// writeStatus answers with an error.
func writeStatus(w http.ResponseWriter, err error) {
	status := statusOf(err)
	if d := status.Details; d != nil && d.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(d.RetryAfterSeconds)))
	}
	writeJSON(w, int(status.Code), status)
}

func statusOf(err error) metav1.Status {
	api, ok := err.(apierrors.APIStatus)
	if !ok {
		api = apierrors.NewInternalError(err)
	}
	status := api.Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	return status
}

func unauthorized() error { return apierrors.NewUnauthorized("Unauthorized") }
