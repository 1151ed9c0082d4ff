package simfleet

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// kind is one of the resources that every member serves.
type kind struct {
	metav1.APIResource

	gvk   schema.GroupVersionKind
	index int // in kinds
	// counts tells that the server counts changes of the spec in metadata.generation.
	counts bool
	// countsAnnotations tells that a change of annotations counts too.
	countsAnnotations bool
	// returnsDeleted tells that a delete is answered with the object, not with a Status.
	returnsDeleted bool
	validName      validation.ValidateNameFunc
	manager        *managedfields.FieldManager
	statusManager  *managedfields.FieldManager // of the subresource
}

func (k *kind) groupResource() schema.GroupResource {
	return schema.GroupResource{Group: k.gvk.Group, Resource: k.Name}
}

// kinds are what members serve: the kinds of KubeFed's default types, and ten more that people federate.
type kinds struct {
	all    []*kind
	byPath map[schema.GroupVersionResource]*kind
	// namespaces is the kind Namespace.
	namespaces *kind
}

var verbs = metav1.Verbs{"create", "delete", "get", "list", "patch", "update", "watch"}

func served() []kind {
	core, apps := corev1.SchemeGroupVersion, appsv1.SchemeGroupVersion
	rbac := rbacv1.SchemeGroupVersion
	return []kind{
		{gvk: core.WithKind("Namespace"), APIResource: resource("namespaces", false, "ns"), returnsDeleted: true, validName: validation.NameIsDNSLabel},
		{gvk: core.WithKind("ConfigMap"), APIResource: resource("configmaps", true, "cm")},
		{gvk: core.WithKind("Secret"), APIResource: resource("secrets", true)},
		{gvk: core.WithKind("Service"), APIResource: resource("services", true, "svc"), returnsDeleted: true, validName: validation.NameIsDNS1035Label},
		{gvk: core.WithKind("ServiceAccount"), APIResource: resource("serviceaccounts", true, "sa"), returnsDeleted: true},
		{gvk: apps.WithKind("Deployment"), APIResource: resource("deployments", true, "deploy"), counts: true, countsAnnotations: true},
		{gvk: apps.WithKind("ReplicaSet"), APIResource: resource("replicasets", true, "rs"), counts: true},
		{gvk: batchv1.SchemeGroupVersion.WithKind("Job"), APIResource: resource("jobs", true), counts: true},
		{gvk: networkingv1.SchemeGroupVersion.WithKind("Ingress"), APIResource: resource("ingresses", true, "ing"), counts: true},
		{gvk: rbac.WithKind("ClusterRole"), APIResource: resource("clusterroles", false), validName: pathSegment},
		{gvk: rbac.WithKind("ClusterRoleBinding"), APIResource: resource("clusterrolebindings", false), validName: pathSegment},
		{gvk: rbac.WithKind("Role"), APIResource: resource("roles", true), validName: pathSegment},
		{gvk: rbac.WithKind("RoleBinding"), APIResource: resource("rolebindings", true), validName: pathSegment},
		{gvk: apps.WithKind("StatefulSet"), APIResource: resource("statefulsets", true, "sts"), counts: true},
		{gvk: apps.WithKind("DaemonSet"), APIResource: resource("daemonsets", true, "ds"), counts: true},
		{gvk: batchv1.SchemeGroupVersion.WithKind("CronJob"), APIResource: resource("cronjobs", true, "cj"), counts: true},
		{gvk: networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"), APIResource: resource("networkpolicies", true, "netpol"), counts: true},
		{gvk: policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget"), APIResource: resource("poddisruptionbudgets", true, "pdb"), counts: true},
		{gvk: autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler"), APIResource: resource("horizontalpodautoscalers", true, "hpa")},
		{gvk: core.WithKind("PersistentVolumeClaim"), APIResource: resource("persistentvolumeclaims", true, "pvc"), returnsDeleted: true},
	}
}

// pathSegment is the rule for names that may have any letters.
func pathSegment(name string, _ bool) []string {
	if name == "." || name == ".." || strings.ContainsAny(name, "/%") {
		return []string{"may not be '.' or '..', and may not contain '/' or '%'"}
	}
	return nil
}

func resource(plural string, namespaced bool, short ...string) metav1.APIResource {
	return metav1.APIResource{Name: plural, Namespaced: namespaced, ShortNames: short, Verbs: verbs}
}

// newKinds prepares the field managers. The schema that they share takes about a tenth of a second to parse.
func newKinds() (*kinds, error) {
	ks := &kinds{byPath: map[schema.GroupVersionResource]*kind{}}
	converter := applyconfigurations.NewTypeConverter(scheme.Scheme)
	for i, k := range served() {
		k.index, k.Kind = i, k.gvk.Kind
		if k.validName == nil {
			k.validName = validation.NameIsDNSSubdomain
		}
		var err error
		if k.manager, err = newManager(converter, &k, "", "status"); err != nil {
			return nil, err
		}
		if k.statusManager, err = newManager(converter, &k, "status", "spec"); err != nil {
			return nil, err
		}
		ks.all = append(ks.all, &k)
		ks.byPath[k.gvk.GroupVersion().WithResource(k.Name)] = &k
	}
	ks.namespaces = ks.all[0]
	return ks, nil
}

// newManager makes a field manager for what is written through a subresource, which leaves another part alone.
func newManager(converter managedfields.TypeConverter, k *kind, subresource, other string) (*managedfields.FieldManager, error) {
	reset := map[fieldpath.APIVersion]fieldpath.Filter{
		fieldpath.APIVersion(k.gvk.GroupVersion().String()): fieldpath.NewExcludeSetFilter(fieldpath.NewSet(fieldpath.MakePathOrDie(other))),
	}
	m, err := managedfields.NewDefaultFieldManager(converter, runtime.UnsafeObjectConvertor(scheme.Scheme), defaulter{},
		scheme.Scheme, k.gvk, k.gvk.GroupVersion(), subresource, reset)
	if err != nil {
		return nil, fmt.Errorf("make field manager of %s: %w", k.gvk, err)
	}
	return m, nil
}

// versions returns the groups and versions that are served, in order of their first kind.
func (ks *kinds) versions() []schema.GroupVersion {
	var found []schema.GroupVersion
	for _, k := range ks.all {
		if gv := k.gvk.GroupVersion(); !slices.Contains(found, gv) {
			found = append(found, gv)
		}
	}
	return found
}
