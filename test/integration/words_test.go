package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// word is how one constant of the published vocabulary comes about.
type word struct {
	why string
	// kind, namespace and spec are the federated object's; empty means a ConfigMap in the scene that goes to member1.
	kind, namespace, spec string
	// member is whose entry shows the word, member1 if empty, and says is what its message must mention.
	member, says string
	// remarkable tells that there is a second condition, which the word is of.
	remarkable bool
	// before prepares what is there before the federated object. after cleans up what the scene's end does not.
	before, after func(t *testing.T, s scene, name string)
	// late objects are made when the obstacles are there. The others have settled before, if something is to be done then.
	late bool
	then func(t *testing.T, s scene, name string)
	// alone keeps everything else out of the way, because the case changes more than its own object.
	alone bool
}

const onlyMember1 = `template: {data: {a: "1"}}, placement: {clusters: [{name: member1}]}`

var words = map[string]word{
	"ConditionPropagation": {why: "there is one condition"},
	"ConditionOverrides": {
		why: "an override is for nobody, which changes nothing else", remarkable: true,
		spec: onlyMember1 + `, overrides: [{clusterName: nobody, clusterOverrides: [{path: /data/a, value: "2"}]}]`,
	},
	"ReasonIneffectiveOverrides": {
		why: "an override has no effect", remarkable: true,
		spec: onlyMember1 + `, overrides: [{clusterName: member1, clusterOverrides: [{path: /data/a, value: "1"}]}]`,
	},
	"ReasonCheckClusters": {why: "an override is faulty", spec: onlyMember1 + `, overrides: [{clusterName: member1, clusterOverrides: [{op: remove, path: /data/none}]}]`},
	"ReasonComputePlacementFailed": {
		why: "a selector is faulty", spec: `placement: {clusterSelector: {matchExpressions: [{key: a, operator: Likes, values: [b]}]}}`,
	},
	"ReasonNamespaceNotFederated": {why: "the namespace has no FederatedNamespace", namespace: "words-plain"},

	"ClusterOK":      {why: "nothing is wrong"},
	"ClusterPending": {why: "somebody deletes the copy, and a finalizer holds it", then: deleteHeldCopy, after: letCopyGo, says: "the old object is being deleted"},
	"ClusterWaitingForRemoval": {
		why: "a finalizer holds the copy, which is not wanted any more", after: letCopyGo,
		then: func(t *testing.T, s scene, name string) {
			holdCopy(t, s, name)
			s.host.patch(t, "federatedconfigmap", name, `{spec: {placement: {clusters: []}}}`)
		},
	},
	"ClusterNotReady": {why: "the member does not answer", before: killMember2, member: "member2", spec: `placement: {clusters: [{name: member2}]}`, alone: true, says: "the member"},
	"ClusterCachedRetrievalFailed": {
		why: "the member does not serve the type", kind: "federatedwidget", member: "member2", spec: `placement: {clusters: [{name: member2}]}`,
		says: "the type is not served", after: removeWidget,
	},
	"ClusterComputeResourceFailed": {why: "the template is faulty", spec: `template: {metadata: nothing}, placement: {clusters: [{name: member1}]}`, says: "spec.template.metadata"},
	"ClusterApplyOverridesFailed": {
		why: "an override has no place", says: "spec.overrides[0].clusterOverrides[0]",
		spec: onlyMember1 + `, overrides: [{clusterName: member1, clusterOverrides: [{op: remove, path: /data/none}]}]`,
	},
	"ClusterCreationFailed":     {why: "a policy of the member denies the create", late: true, says: "no such thing"},
	"ClusterUpdateFailed":       {why: "a policy of the member denies the update", then: edit, says: "no such thing"},
	"ClusterDeletionFailed":     {why: "a policy of the member denies the delete", then: deleteObject, says: "no such thing"},
	"ClusterLabelRemovalFailed": {why: "a policy of the member denies the update that releases an orphan", then: orphanObject, says: "no such thing"},
	"ClusterRetrievalFailed": {
		why: "somebody else deleted the copy, and the member lets nobody look whether it is gone", then: loseCopy, member: "member3", says: "cannot get",
		spec: `placement: {clusters: [{name: member3}]}`,
	},
	"ClusterCreationTimedOut":     {why: "a webhook of the member does not answer", late: true, says: "deadline"},
	"ClusterUpdateTimedOut":       {why: "as above", then: edit, says: "deadline"},
	"ClusterDeletionTimedOut":     {why: "as above", then: deleteObject, says: "deadline"},
	"ClusterLabelRemovalTimedOut": {why: "as above", then: orphanObject, says: "deadline"},
	"ClusterAlreadyExists":        {why: "the object is somebody else's, and adoption is switched off", before: foreignObject, alone: true, says: "already exists"},
	"ClusterManagedLabelFalse": {
		why: "the member's object opted out", says: "kubefed.io/managed",
		then: func(t *testing.T, s scene, name string) {
			s.m["member1"].patch(t, "configmap", name, `{metadata: {labels: {kubefed.io/managed: "false"}}}`)
		},
	},
}

// vocabulary reads the golden file of the published words, by the names of their constants.
func vocabulary(t *testing.T) map[string]string {
	t.Helper()
	golden, err := os.ReadFile(filepath.Join(fleet.root, "federation", "report", "testdata", "vocabulary.golden"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for line := range strings.Lines(string(golden)) {
		constant, quoted, _ := strings.Cut(strings.TrimSpace(line), " = ")
		if all[constant], err = strconv.Unquote(quoted); err != nil {
			t.Fatalf("read %q: %v", line, err)
		}
	}
	return all
}

func TestNoWordIsForgotten(t *testing.T) {
	all := vocabulary(t)
	for constant := range all {
		if _, shown := words[constant]; !shown {
			t.Errorf("no case shows how %s comes about", constant)
		}
	}
	for constant := range words {
		if _, published := all[constant]; !published {
			t.Errorf("%s is not in the vocabulary", constant)
		}
	}
}

// TestEveryWord produces every word of the vocabulary with real API servers. Most of it happens at the same time, because
// four of the words take as long as the daemon waits for an answer.
func TestEveryWord(t *testing.T) {
	s := newScene(t, "words")
	all := vocabulary(t)
	each(t, s, func(w word, name string) {
		if w.alone {
			t.Run(name, func(t *testing.T) {
				w.begin(t, s, name)
				w.shows(t, s, name, all[name])
			})
		}
	})
	s.widgets(t, "member1")
	plain := s.in("words-plain")
	plain.host.global().create(t, "namespace", `{apiVersion: v1, kind: Namespace, metadata: {name: words-plain}}`)
	t.Cleanup(func() { plain.host.global().remove(t, "namespace", "words-plain") })

	each(t, s, func(w word, name string) {
		if !w.alone && !w.late {
			w.begin(t, s, name)
		}
	})
	each(t, s, func(w word, name string) {
		if w.then != nil {
			s.settled(t, "federatedconfigmap", objectName(name))
		}
	})
	s.deny(t)
	s.neverAnswer(t)
	s.hide(t)
	each(t, s, func(w word, name string) {
		switch {
		case w.late:
			w.begin(t, s, name)
		case w.then != nil:
			w.then(t, s, objectName(name))
		}
	})
	each(t, s, func(w word, name string) {
		if !w.alone {
			t.Run(name, func(t *testing.T) { w.shows(t, s, name, all[name]) })
		}
	})
}

// each calls the function for every word.
func each(t *testing.T, s scene, do func(w word, name string)) {
	t.Helper()
	for name, w := range words {
		if w.kind == "" {
			w.kind = "federatedconfigmap"
		}
		if w.member == "" {
			w.member = "member1"
		}
		if w.spec == "" {
			w.spec = onlyMember1
		}
		if w.namespace == "" {
			w.namespace = s.name
		}
		do(w, name)
	}
}

func objectName(constant string) string { return strings.ToLower(constant) }

// in returns the same clusters with another namespace.
func (s scene) in(namespace string) scene {
	other := scene{name: namespace, host: cluster{s.host.client, namespace}, m: map[string]cluster{}}
	for member, c := range s.m {
		other.m[member] = cluster{c.client, namespace}
	}
	return other
}

// begin makes what is there before the federated object, and the federated object.
func (w word) begin(t *testing.T, s scene, constant string) {
	t.Helper()
	name := objectName(constant)
	if w.before != nil {
		w.before(t, s, name)
	}
	if w.after != nil {
		t.Cleanup(func() { w.after(t, s, name) })
	}
	kind := map[string]string{"federatedconfigmap": "FederatedConfigMap", "federatedwidget": "FederatedWidget"}[w.kind]
	manifest := fmt.Sprintf(`{apiVersion: types.kubefed.io/v1beta1, kind: %s, metadata: {name: %s}, spec: {%s}}`, kind, name, w.spec)
	eventually(t, 10*time.Second, w.kind+" is served", func() string { return s.in(w.namespace).host.tryCreate(t, w.kind, manifest) })
}

// shows waits until the federated object's status has the word where it belongs.
func (w word) shows(t *testing.T, s scene, constant, want string) {
	t.Helper()
	eventually(t, 45*time.Second, "because "+w.why+", the status has "+constant, func() string {
		o := s.in(w.namespace).host.get(t, w.kind, objectName(constant))
		if o == nil {
			return "there is no such object"
		}
		st := statusOf(o)
		conditions := 1
		if w.remarkable {
			conditions = 2
		}
		if len(st.Conditions) != conditions || st.ObservedGeneration != o.GetGeneration() {
			return fmt.Sprintf("status %+v", st)
		}
		switch {
		case strings.HasPrefix(constant, "Condition"):
			return is(st.Conditions[conditions-1].Type, want)
		case strings.HasPrefix(constant, "Reason"):
			return is(st.Conditions[conditions-1].Status+st.Conditions[conditions-1].Reason, "False"+want)
		case want == "":
			want = "ok" // what entry calls it
		}
		if got := st.entry(w.member); got != want || !strings.Contains(st.message(w.member), w.says) {
			return fmt.Sprintf("got %s with the message %q, want %s and a message with %q", got, st.message(w.member), want, w.says)
		}
		return ""
	})
}
