package host

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kubefed/pkg/apis/core/common"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/federation/member"
)

// condition is a ClusterCondition in words; times are minutes after noon.
type condition struct {
	Type, Status, Reason, Message string
	Probed, Since                 int
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func minute(n int) metav1.Time { return metav1.NewTime(noon.Add(time.Duration(n) * time.Minute)) }

func minuteOf(t metav1.Time) int { return int(t.Sub(noon) / time.Minute) }

func clusterStatus(conditions ...condition) fedv1b1.KubeFedClusterStatus {
	s := fedv1b1.KubeFedClusterStatus{}
	for _, c := range conditions {
		since := minute(c.Since)
		s.Conditions = append(s.Conditions, fedv1b1.ClusterCondition{
			Type: common.ClusterConditionType(c.Type), Status: corev1.ConditionStatus(c.Status), Reason: &c.Reason, Message: &c.Message,
			LastProbeTime: minute(c.Probed), LastTransitionTime: &since,
		})
	}
	return s
}

func conditionsOf(s fedv1b1.KubeFedClusterStatus) []condition {
	var list []condition
	for _, c := range s.Conditions {
		list = append(list, condition{string(c.Type), string(c.Status), *c.Reason, *c.Message, minuteOf(c.LastProbeTime), minuteOf(*c.LastTransitionTime)})
	}
	return list
}

func TestClusterStatus(t *testing.T) {
	healthy := member.Health{Finding: member.Healthy, Detail: "/healthz responded with ok", Version: "v1.37.2", Probed: minute(10).Time}
	found := func(f member.Finding, detail string) member.Health {
		return member.Health{Finding: f, Detail: detail, Probed: minute(10).Time}
	}
	ready := condition{"Ready", "True", "ClusterReady", "/healthz responded with ok", 10, 10}
	readyBefore := condition{"Ready", "True", "ClusterReady", "/healthz responded with ok", 8, 1}
	tests := map[string]struct {
		why       string
		before    []condition
		malformed string
		health    member.Health
		since     int // when this process began, in minutes before the present
		want      []condition
		write     bool
	}{
		"a healthy member for the first time": {
			why: "KubeFed's words", health: healthy, want: []condition{ready}, write: true,
		},
		"a healthy member again": {
			why: "at rest nothing is written; the stored probe time is young", before: []condition{readyBefore}, health: healthy,
			want: []condition{{"Ready", "True", "ClusterReady", "/healthz responded with ok", 10, 1}},
		},
		"a healthy member after a while": {
			why:    "the heartbeat says that somebody still looks",
			before: []condition{{"Ready", "True", "ClusterReady", "/healthz responded with ok", 5, 1}}, health: healthy,
			want: []condition{{"Ready", "True", "ClusterReady", "/healthz responded with ok", 10, 1}}, write: true,
		},
		"a healthy member after a while without us": {
			why:    "a restart alone is no reason for a heartbeat: of a whole fleet it would be a flood",
			before: []condition{{"Ready", "True", "ClusterReady", "/healthz responded with ok", 5, 1}}, health: healthy, since: 1,
			want: []condition{{"Ready", "True", "ClusterReady", "/healthz responded with ok", 10, 1}},
		},
		"a member that nobody has probed": {
			why: "what is stored still counts", before: []condition{readyBefore}, health: member.Health{}, want: []condition{readyBefore},
		},
		"a member that becomes unhealthy": {
			why: "KubeFed's words, and when it began", before: []condition{readyBefore}, health: found(member.Unhealthy, "/healthz responded without ok"),
			want: []condition{
				{"Ready", "False", "ClusterNotReady", "/healthz responded without ok", 10, 10}, {"Offline", "False", "ClusterReachable", "cluster is reachable", 10, 10},
			},
			write: true,
		},
		"a member that goes offline": {
			why: "KubeFed leaves Ready out, which kubectl shows as nothing (kubefed#1484); here it is False", before: []condition{readyBefore}, health: found(member.Offline, "refused"),
			want: []condition{
				{"Ready", "False", "ClusterNotReady", "cluster is not reachable", 10, 10},
				{"Offline", "True", "ClusterNotReachable", "cluster is not reachable: refused", 10, 10},
			},
			write: true,
		},
		"a member that stays offline for another reason": {
			why: "the new reason is news; it has been not ready for longer",
			before: []condition{
				{"Ready", "False", "ClusterNotReady", "cluster is not reachable", 9, 2}, {"Offline", "True", "ClusterNotReachable", "cluster is not reachable: timeout", 9, 2},
			},
			health: found(member.Offline, "refused"),
			want: []condition{
				{"Ready", "False", "ClusterNotReady", "cluster is not reachable", 10, 2},
				{"Offline", "True", "ClusterNotReachable", "cluster is not reachable: refused", 10, 2},
			},
			write: true,
		},
		"a member that comes back": {
			why: "the Offline condition goes, as in KubeFed",
			before: []condition{
				{"Ready", "False", "ClusterNotReady", "cluster is not reachable", 9, 2}, {"Offline", "True", "ClusterNotReachable", "cluster is not reachable: refused", 9, 2},
			},
			health: healthy, want: []condition{ready}, write: true,
		},
		"another cluster under the same name": {
			why: "it must not look like a member", before: []condition{readyBefore}, health: found(member.Stranger, "another cluster answers"),
			want: []condition{
				{"Ready", "False", "ClusterNotReady", "there is no connection", 10, 10},
				{"ConfigMalformed", "True", "ClusterIdentityChanged", "another cluster answers", 10, 10},
			},
			write: true,
		},
		"a KubeFedCluster that is malformed": {
			why: "there is no connection that could be probed, so now is when we looked", before: []condition{readyBefore}, malformed: "spec.apiEndpoint: is empty",
			want: []condition{
				{"Ready", "False", "ClusterNotReady", "there is no connection", 12, 12},
				{"ConfigMalformed", "True", "ClusterConfigMalformed", "spec.apiEndpoint: is empty", 12, 12},
			},
			write: true,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := &fedv1b1.KubeFedCluster{Status: clusterStatus(tc.before...)}
			c.Status.KubernetesVersion = tc.health.Version
			stored := c.DeepCopy()
			report := ClusterReport{Malformed: tc.malformed, Health: tc.health, Now: minute(10).Time, Since: minute(0).Time}
			if tc.malformed != "" {
				report.Now = minute(12).Time
			}
			if tc.since != 0 {
				report.Since = report.Now.Add(-time.Duration(tc.since) * time.Minute)
			}
			status, write := ClusterStatus(c, report)
			if diff := cmp.Diff(tc.want, conditionsOf(status)); diff != "" || write != tc.write {
				t.Errorf("write %v (-want +got), because %s:\n%s", write, tc.why, diff)
			}
			if diff := cmp.Diff(stored, c); diff != "" {
				t.Errorf("the cluster was changed, and it is the cache's (-want +got):\n%s", diff)
			}
			c.Status = status
			if _, again := ClusterStatus(c, report); again && write {
				t.Error("what was written would be written again")
			}
		})
	}
}

func TestClusterStatusKeepsTheRest(t *testing.T) {
	c := &fedv1b1.KubeFedCluster{Status: clusterStatus(condition{"Ready", "True", "ClusterReady", "ok", 9, 1})}
	c.Status.Zones, c.Status.KubernetesVersion = []string{"z"}, "v1.36.0"
	h := member.Health{Finding: member.Healthy, Detail: "ok", Probed: minute(10).Time}

	status, write := ClusterStatus(c, ClusterReport{Health: h, Now: minute(10).Time})
	if write || status.KubernetesVersion != "v1.36.0" {
		t.Errorf("a probe that learned no version changes it to %q, write %v", status.KubernetesVersion, write)
	}
	h.Version = "v1.37.2"
	status, write = ClusterStatus(c, ClusterReport{Health: h, Now: minute(10).Time})
	if diff := cmp.Diff([]string{"v1.37.2", "z"}, []string{status.KubernetesVersion, status.Zones[0]}); diff != "" || !write {
		t.Errorf("an upgraded member, write %v (-want +got):\n%s", write, diff)
	}
}

// KubeFed's stored conditions may lack what is optional.
func TestClusterStatusOfABareCondition(t *testing.T) {
	c := &fedv1b1.KubeFedCluster{Status: fedv1b1.KubeFedClusterStatus{Conditions: []fedv1b1.ClusterCondition{
		{Type: common.ClusterReady, Status: corev1.ConditionTrue, LastProbeTime: minute(10)},
	}}}
	status, write := ClusterStatus(c, ClusterReport{Health: member.Health{Finding: member.Healthy, Detail: "ok", Probed: minute(10).Time}, Now: minute(10).Time})
	if diff := cmp.Diff([]condition{{"Ready", "True", "ClusterReady", "ok", 10, 10}}, conditionsOf(status)); diff != "" || !write {
		t.Errorf("write %v (-want +got):\n%s", write, diff)
	}
}
