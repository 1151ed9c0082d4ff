package admission

import (
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kubefed/pkg/apis/core/common"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"
)

// clusterSpec has KubeFed's rules about a KubeFedCluster. A proxy that is no URL, which ends KubeFed's process, is a fault like others.
func clusterSpec(spec *fedv1b1.KubeFedClusterSpec) field.ErrorList {
	path := field.NewPath("spec")
	faults := endpoint(path.Child("apiEndpoint"), spec.APIEndpoint)
	faults = append(faults, named(path.Child("secretRef", "name"), spec.SecretRef.Name, validation.IsDNS1123Subdomain)...)
	for i, check := range spec.DisabledTLSValidations {
		at := path.Child("disabledTLSValidations").Index(i)
		faults = append(faults, oneOf(at, check, fedv1b1.TLSAll, fedv1b1.TLSSubjectName, fedv1b1.TLSValidityPeriod)...)
		if check == fedv1b1.TLSAll && len(spec.DisabledTLSValidations) > 1 {
			faults = append(faults, field.Invalid(at, check, "must be the only one"))
		}
	}
	if spec.ProxyURL != "" {
		faults = append(faults, address(path.Child("proxyURL"), spec.ProxyURL, "http", "https", "socks5")...)
	}
	return faults
}

// endpoint may leave out the scheme: HOST and HOST:PORT are endpoints too.
func endpoint(path *field.Path, value string) field.ErrorList {
	switch {
	case value == "":
		return field.ErrorList{field.Required(path, "")}
	case strings.Contains(value, "://"):
		return address(path, value, "http", "https")
	default:
		return address(path, "https://"+value, "https")
	}
}

func address(path *field.Path, value string, schemes ...string) (faults field.ErrorList) {
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" {
		return field.ErrorList{field.Invalid(path, value, "must be a URL")}
	}
	faults = oneOf(path, u.Scheme, schemes...)
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || len(validation.IsValidPortNum(n)) > 0 {
			faults = append(faults, field.Invalid(path, value, "must have a port from 1 to 65535"))
		}
	}
	return faults
}

func clusterStatus(status *fedv1b1.KubeFedClusterStatus) (faults field.ErrorList) {
	for i := range status.Conditions {
		c, path := &status.Conditions[i], field.NewPath("status", "conditions").Index(i)
		faults = append(faults, oneOf(path.Child("type"), c.Type, common.ClusterReady, common.ClusterOffline, common.ClusterConfigMalformed)...)
		faults = append(faults, oneOf(path.Child("status"), c.Status, corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionUnknown)...)
		if c.LastProbeTime.IsZero() {
			faults = append(faults, field.Required(path.Child("lastProbeTime"), ""))
		}
	}
	return faults
}
