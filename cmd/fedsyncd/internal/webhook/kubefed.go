package webhook

import (
	"context"
	"encoding/json"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	judge "github.com/fedsync/fedsync/federation/admission"
)

// kubeFeds answers for kinds that have a status of their own: on a request for the status only that is judged.
func kubeFeds(judgement func(raw []byte, status bool) judge.Judgement) admission.HandlerFunc {
	return func(_ context.Context, req admission.Request) admission.Response {
		return answer(judged(req, func(raw []byte) judge.Judgement { return judgement(raw, req.SubResource == "status") }))
	}
}

func validateConfig(_ context.Context, req admission.Request) admission.Response {
	return answer(judged(req, func(raw []byte) judge.Judgement { return judge.Config(raw, req.OldObject.Raw) }))
}

// defaultConfig fills in what a new KubeFedConfig leaves out.
func defaultConfig(_ context.Context, req admission.Request) admission.Response {
	if req.Operation != admissionv1.Create {
		return admission.Allowed("")
	}
	spec, j := judge.Defaults(req.Object.Raw)
	if j.Malformed != "" {
		return answer(j)
	}
	return changed(req.Object.Raw, "spec", spec)
}

// changed answers with a patch that sets one field of the object.
func changed(sent []byte, field string, value json.RawMessage) admission.Response {
	object := map[string]json.RawMessage{}
	if err := json.Unmarshal(sent, &object); err != nil {
		return refused(http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
	}
	object[field] = value
	now, err := json.Marshal(object)
	if err != nil {
		return refused(http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
	}
	return admission.PatchResponseFromRaw(sent, now)
}

// leaves tells that the object is being deleted: then it is nobody's business what it says, it must not be kept from going.
func leaves(req admission.Request) bool {
	object := metav1.PartialObjectMetadata{}
	return json.Unmarshal(req.Object.Raw, &object) == nil && object.DeletionTimestamp != nil
}
