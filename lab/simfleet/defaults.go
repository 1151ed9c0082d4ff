package simfleet

import (
	"path"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// defaulter sets the defaults that clients of a fleet notice: an update owns them.
type defaulter struct{}

// Default implements runtime.ObjectDefaulter.
func (defaulter) Default(o runtime.Object) {
	switch o := o.(type) {
	case *corev1.Namespace:
		if o.Name == "" {
			return
		}
		if o.Labels == nil {
			o.Labels = map[string]string{}
		}
		o.Labels[corev1.LabelMetadataName] = o.Name
	case *corev1.Secret:
		if o.Type == "" {
			o.Type = corev1.SecretTypeOpaque
		}
	case *corev1.Service:
		defaultService(&o.Spec)
	case *appsv1.Deployment:
		defaultDeployment(&o.Spec)
	}
}

func defaultService(s *corev1.ServiceSpec) {
	setDefault(&s.Type, corev1.ServiceTypeClusterIP)
	setDefault(&s.SessionAffinity, corev1.ServiceAffinityNone)
	setDefault(&s.InternalTrafficPolicy, new(corev1.ServiceInternalTrafficPolicyCluster))
	for i := range s.Ports {
		p := &s.Ports[i]
		setDefault(&p.Protocol, corev1.ProtocolTCP)
		setDefault(&p.TargetPort, intstr.FromInt32(p.Port))
	}
}

func defaultDeployment(s *appsv1.DeploymentSpec) {
	setDefault(&s.Replicas, new(int32(1)))
	setDefault(&s.RevisionHistoryLimit, new(int32(10)))
	setDefault(&s.ProgressDeadlineSeconds, new(int32(600)))
	setDefault(&s.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	if s.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		setDefault(&s.Strategy.RollingUpdate, &appsv1.RollingUpdateDeployment{})
		setDefault(&s.Strategy.RollingUpdate.MaxUnavailable, new(intstr.FromString("25%")))
		setDefault(&s.Strategy.RollingUpdate.MaxSurge, new(intstr.FromString("25%")))
	}
	defaultPod(&s.Template.Spec)
}

func defaultPod(s *corev1.PodSpec) {
	setDefault(&s.RestartPolicy, corev1.RestartPolicyAlways)
	setDefault(&s.DNSPolicy, corev1.DNSClusterFirst)
	setDefault(&s.SchedulerName, corev1.DefaultSchedulerName)
	setDefault(&s.TerminationGracePeriodSeconds, new(int64(corev1.DefaultTerminationGracePeriodSeconds)))
	setDefault(&s.SecurityContext, &corev1.PodSecurityContext{})
	for i := range s.Containers {
		c := &s.Containers[i]
		setDefault(&c.TerminationMessagePath, corev1.TerminationMessagePathDefault)
		setDefault(&c.TerminationMessagePolicy, corev1.TerminationMessageReadFile)
		pull := corev1.PullIfNotPresent
		if _, tag, tagged := strings.Cut(path.Base(c.Image), ":"); !tagged || tag == "latest" {
			pull = corev1.PullAlways
		}
		setDefault(&c.ImagePullPolicy, pull)
		for j := range c.Ports {
			setDefault(&c.Ports[j].Protocol, corev1.ProtocolTCP)
		}
	}
}

func setDefault[T comparable](into *T, value T) {
	var none T
	if *into == none {
		*into = value
	}
}
