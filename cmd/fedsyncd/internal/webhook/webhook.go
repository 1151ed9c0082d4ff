package webhook

import (
	"net/http"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	judge "github.com/fedsync/fedsync/federation/admission"
	"github.com/fedsync/fedsync/federation/resolve"
)

// Paths that are asked for. The first four are KubeFed's.
const (
	TypeConfigPath       = "/validate-federatedtypeconfigs"
	ClusterPath          = "/validate-kubefedcluster"
	ConfigPath           = "/validate-kubefedconfig"
	ConfigDefaultsPath   = "/default-kubefedconfig"
	FederatedPath        = "/validate-federatedobjects"
	FederatedDefaultPath = "/default-federatedobjects"
)

// mostFaults is how many faults, and how many warnings, an answer has.
const mostFaults = 20

// Options say what to judge by.
type Options struct {
	// Reader reads FederatedTypeConfigs and KubeFedClusters.
	Reader client.Reader
	// Settings are those that the controllers have.
	Settings resolve.Settings
	// Strict refuses faulty federated objects. Otherwise their authors are warned.
	Strict bool
}

// Register has the server answer.
func Register(s webhook.Server, o Options) {
	f := federated{reader: o.Reader, settings: o.Settings, strict: o.Strict}
	for path, handler := range map[string]admission.Handler{
		TypeConfigPath:       kubeFeds(judge.TypeConfig),
		ClusterPath:          kubeFeds(judge.Cluster),
		ConfigPath:           admission.HandlerFunc(validateConfig),
		ConfigDefaultsPath:   admission.HandlerFunc(defaultConfig),
		FederatedPath:        admission.HandlerFunc(f.validate),
		FederatedDefaultPath: admission.HandlerFunc(f.hold),
	} {
		s.Register(path, &admission.Webhook{Handler: handler})
	}
}

// answer turns a judgement into an answer.
func answer(j judge.Judgement) admission.Response {
	if j.Malformed != "" {
		return refused(http.StatusBadRequest, metav1.StatusReasonBadRequest, j.Malformed)
	}
	j = j.Within(mostFaults)
	response := admission.Allowed("")
	if len(j.Faults) > 0 {
		response = refused(http.StatusForbidden, metav1.StatusReasonForbidden, strings.Join(j.Faults, "; "))
	}
	response.Warnings = j.Warnings
	return response
}

func refused(code int32, reason metav1.StatusReason, message string) admission.Response {
	return admission.Response{AdmissionResponse: admissionv1.AdmissionResponse{
		Result: &metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message},
	}}
}

// judged asks about the object, and about the one that it replaces: what was wrong with that too is no reason to refuse.
func judged(req admission.Request, judgement func(raw []byte) judge.Judgement) judge.Judgement {
	if leaves(req) {
		return judge.Judgement{}
	}
	j := judgement(req.Object.Raw)
	if req.Operation != admissionv1.Update {
		return j
	}
	before := judgement(req.OldObject.Raw)
	if j.Malformed == before.Malformed {
		j.Malformed = ""
	}
	return j.Without(before)
}
