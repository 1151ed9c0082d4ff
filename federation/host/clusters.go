package host

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kubefed/pkg/apis/core/common"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/federation/member"
)

// MemberUIDAnnotation on a KubeFedCluster pins the identity of the member: the UID of its kube-system namespace, as it
// was at the first contact. Remove it to let the name stand for another cluster.
const MemberUIDAnnotation = "fedsync.io/member-uid"

// Marks on a KubeFedCluster with the value "true".
const (
	// CordonedAnnotation keeps new copies out of the member.
	CordonedAnnotation = "fedsync.io/cordoned"
	// DrainedAnnotation moves everything but namespaces off the member.
	DrainedAnnotation = "fedsync.io/drained"
)

// Marked tells that the KubeFedCluster carries the mark.
func Marked(c *fedv1b1.KubeFedCluster, annotation string) bool {
	return c.Annotations[annotation] == "true"
}

// heartbeat is how old lastProbeTime may grow while nothing else changes.
const heartbeat = 5 * time.Minute

// Reasons of the conditions of a KubeFedCluster. All but the last are KubeFed's.
const (
	ClusterReady           = "ClusterReady"
	ClusterNotReady        = "ClusterNotReady"
	ClusterReachable       = "ClusterReachable"
	ClusterNotReachable    = "ClusterNotReachable"
	ClusterConfigMalformed = "ClusterConfigMalformed"
	// ClusterIdentityChanged: another cluster answers than the one that joined, or the credentials are not its own.
	ClusterIdentityChanged = "ClusterIdentityChanged"
)

// ClusterReport is what is known about a member at one moment.
type ClusterReport struct {
	// Malformed says why there is no connection, or is empty.
	Malformed string
	Health    member.Health
	// Now is the present, and Since is when this process began: a restart alone is no reason for a heartbeat.
	Now, Since time.Time
}

// ClusterStatus returns the status that a KubeFedCluster should have, and whether it must be written: it says something
// new, or its probe time is old.
func ClusterStatus(c *fedv1b1.KubeFedCluster, r ClusterReport) (fedv1b1.KubeFedClusterStatus, bool) {
	h := r.Health
	if r.Malformed == "" && h.Finding == member.Unprobed {
		return c.Status, false
	}
	probed := h.Probed
	if r.Malformed != "" {
		probed = r.Now
	}
	wanted := conditions(r.Malformed, h)
	same := len(wanted) == len(c.Status.Conditions)
	for i := range wanted {
		w := &wanted[i]
		w.LastProbeTime = metav1.NewTime(probed).Rfc3339Copy()
		transition := w.LastProbeTime
		w.LastTransitionTime = &transition
		old := slices.IndexFunc(c.Status.Conditions, func(o fedv1b1.ClusterCondition) bool { return o.Type == w.Type })
		if old < 0 {
			same = false
			continue
		}
		was := c.Status.Conditions[old]
		if was.Status == w.Status && was.LastTransitionTime != nil {
			w.LastTransitionTime = was.LastTransitionTime
		}
		same = same && was.Status == w.Status && equalText(was.Reason, w.Reason) && equalText(was.Message, w.Message)
		same = same && (r.Now.Sub(was.LastProbeTime.Time) < heartbeat || r.Now.Sub(r.Since) < heartbeat)
	}
	status := c.Status
	status.Conditions = wanted
	if h.Version != "" && h.Version != status.KubernetesVersion {
		status.KubernetesVersion = h.Version
		same = false
	}
	return status, !same
}

func conditions(malformed string, h member.Health) []fedv1b1.ClusterCondition {
	made := func(t common.ClusterConditionType, s corev1.ConditionStatus, reason, message string) fedv1b1.ClusterCondition {
		return fedv1b1.ClusterCondition{Type: t, Status: s, Reason: &reason, Message: &message}
	}
	notReady := func(message string) fedv1b1.ClusterCondition {
		return made(common.ClusterReady, corev1.ConditionFalse, ClusterNotReady, message)
	}
	if malformed != "" {
		return []fedv1b1.ClusterCondition{
			notReady("there is no connection"),
			made(common.ClusterConfigMalformed, corev1.ConditionTrue, ClusterConfigMalformed, malformed),
		}
	}
	switch h.Finding {
	case member.Healthy:
		return []fedv1b1.ClusterCondition{made(common.ClusterReady, corev1.ConditionTrue, ClusterReady, h.Detail)}
	case member.Unhealthy:
		return []fedv1b1.ClusterCondition{
			notReady(h.Detail),
			made(common.ClusterOffline, corev1.ConditionFalse, ClusterReachable, "cluster is reachable"),
		}
	case member.Stranger:
		return []fedv1b1.ClusterCondition{
			notReady("there is no connection"),
			made(common.ClusterConfigMalformed, corev1.ConditionTrue, ClusterIdentityChanged, h.Detail),
		}
	default: // KubeFed leaves the Ready condition out here, so that the READY column is empty (kubefed#1484)
		return []fedv1b1.ClusterCondition{
			notReady("cluster is not reachable"),
			made(common.ClusterOffline, corev1.ConditionTrue, ClusterNotReachable, "cluster is not reachable: "+h.Detail),
		}
	}
}

func equalText(a, b *string) bool {
	return (a == nil) == (b == nil) && (a == nil || *a == *b)
}

// WriteClusterStatus replaces the status of a KubeFedCluster.
func WriteClusterStatus(ctx context.Context, w client.Client, c *fedv1b1.KubeFedCluster, s fedv1b1.KubeFedClusterStatus) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	changed := c.DeepCopy()
	changed.Status = s
	if err := w.Status().Patch(ctx, changed, client.MergeFrom(c)); err != nil {
		return fmt.Errorf("write status of KubeFedCluster %q: %w", c.Name, err)
	}
	return nil
}

// PinCluster records the identity of a member that has none yet.
func PinCluster(ctx context.Context, w client.Client, c *fedv1b1.KubeFedCluster, uid types.UID) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	changed := c.DeepCopy()
	metav1.SetMetaDataAnnotation(&changed.ObjectMeta, MemberUIDAnnotation, string(uid))
	if err := w.Patch(ctx, changed, client.MergeFromWithOptions(c, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("pin identity of KubeFedCluster %q: %w", c.Name, err)
	}
	return nil
}
