package simfleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes/scheme"
	kubejson "sigs.k8s.io/json"
)

// patch changes a copy of the object by a patch that is no apply.
func (ch *change) patch(live runtime.Object) (runtime.Object, []string, error) {
	before, err := json.Marshal(live)
	if err != nil {
		return nil, nil, err
	}
	after, err := ch.patched(before)
	if err != nil {
		return nil, nil, err
	}
	made, err := scheme.Scheme.New(ch.kind.gvk)
	if err != nil {
		return nil, nil, err
	}
	strict, err := kubejson.UnmarshalStrict(after, made)
	if err != nil {
		return nil, nil, apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
	}
	if ch.op == opSMP { // which the server checks before it merges, and we do not
		strict = nil
	}
	if len(strict) > 0 && ch.validation == metav1.FieldValidationStrict {
		return nil, nil, apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{
			field.Invalid(field.NewPath("patch"), string(after), runtime.NewStrictDecodingError(strict).Error()),
		})
	}
	var warnings []string
	for _, e := range strict {
		if ch.validation != metav1.FieldValidationIgnore {
			warnings = append(warnings, e.Error())
		}
	}
	return ch.update(live, made), warnings, nil
}

func (ch *change) patched(before []byte) ([]byte, error) {
	switch ch.op {
	case opMerge:
		after, err := jsonpatch.MergePatch(before, ch.body)
		if errors.Is(err, jsonpatch.ErrBadJSONPatch) {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		return after, err
	case opJSON:
		p, err := jsonpatch.DecodePatch(ch.body)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		after, err := p.Apply(before)
		if err != nil {
			return nil, apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
		}
		return after, nil
	default:
		empty, err := scheme.Scheme.New(ch.kind.gvk)
		if err != nil {
			return nil, err
		}
		after, err := strategicpatch.StrategicMergePatch(before, ch.body, empty)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		return after, nil
	}
}

// replace decodes the object of a create or an update.
func (ch *change) replace(live runtime.Object) (runtime.Object, []string, error) {
	made, warnings, err := ch.decode()
	if err != nil {
		return nil, nil, err
	}
	if ch.op == opUpdate {
		if err := ch.keepIdentity(live, made); err != nil {
			return nil, nil, err
		}
	}
	return ch.update(live, made), warnings, nil
}

// keepIdentity fills in what an update may leave out.
func (ch *change) keepIdentity(live, made runtime.Object) error {
	before, err := objectMeta(live)
	if err != nil {
		return err
	}
	after, err := objectMeta(made)
	if err != nil {
		return err
	}
	after.CreationTimestamp = before.CreationTimestamp
	return nil
}

// update applies defaults and works out who owns what.
func (ch *change) update(live, made runtime.Object) runtime.Object {
	made.GetObjectKind().SetGroupVersionKind(ch.kind.gvk)
	defaulter{}.Default(made)
	return ch.fieldManager().UpdateNoErrors(live, made, ch.manager)
}

func (ch *change) decode() (runtime.Object, []string, error) {
	mediaType, _, err := mime.ParseMediaType(ch.contentType)
	if ch.contentType == "" {
		mediaType = runtime.ContentTypeJSON
	} else if err != nil {
		return nil, nil, apierrors.NewBadRequest(err.Error())
	}
	info, ok := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), mediaType)
	if !ok {
		err := refusal(http.StatusUnsupportedMediaType, metav1.StatusReasonUnsupportedMediaType,
			"the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf")
		err.ErrStatus.Details = nil
		return nil, nil, err
	}
	decoder := runtime.Decoder(info.Serializer)
	if ch.validation != metav1.FieldValidationIgnore && info.StrictSerializer != nil {
		decoder = info.StrictSerializer
	}
	made, actual, err := decoder.Decode(ch.body, &ch.kind.gvk, nil)
	return ch.decoded(made, actual, err)
}

// decoded judges what was decoded, as the server does.
func (ch *change) decoded(made runtime.Object, actual *schema.GroupVersionKind, err error) (runtime.Object, []string, error) {
	refuse := func(err error) error {
		gvk := ch.kind.gvk
		if actual != nil {
			gvk = *actual
		}
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", gvk.Kind, gvk.Version, ch.kind.Kind, err))
	}
	strict, isStrict := runtime.AsStrictDecodingError(err)
	if err != nil && (!isStrict || ch.validation == metav1.FieldValidationStrict) {
		return nil, nil, refuse(err)
	}
	if actual.GroupVersion() != ch.kind.gvk.GroupVersion() {
		return nil, nil, apierrors.NewBadRequest(fmt.Sprintf("the API version in the data (%s) does not match the expected API version (%s)",
			actual.GroupVersion(), ch.kind.gvk.GroupVersion()))
	}
	if actual.Kind != ch.kind.Kind {
		return nil, nil, refuse(fmt.Errorf("converting (%s.%s) to (core.%s): unknown conversion", actual.Version, actual.Kind, ch.kind.Kind))
	}
	var warnings []string
	if isStrict {
		for _, e := range strict.Errors() {
			warnings = append(warnings, e.Error())
		}
	}
	return made, warnings, nil
}
