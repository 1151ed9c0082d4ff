package placement_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
)

var (
	everything = labels.Everything()
	european   = labels.SelectorFromSet(labels.Set{"region": "eu"})
)

func listed(names ...fleet.Name) fleet.Placement {
	return fleet.Placement{Listed: true, Clusters: names}
}

func selecting(s labels.Selector) fleet.Placement { return fleet.Placement{Selector: s} }

func placed(p fleet.Placement) *fleet.FederatedObject { return &fleet.FederatedObject{Placement: p} }

// in is the namespace of an object of a namespaced type.
func in(o *fleet.FederatedObject) placement.Namespace {
	return placement.Namespace{Applies: true, Object: o}
}

func invalid(field string) *fleet.FederatedObject {
	return &fleet.FederatedObject{Problems: []fleet.Problem{{Field: field, Message: "is faulty"}}}
}

func twoMembers() fleet.Snapshot {
	return fleet.NewSnapshot(
		fleet.Member{Name: "asia", Labels: labels.Set{"region": "as"}, Ready: true},
		fleet.Member{Name: "europe", Labels: labels.Set{"region": "eu"}},
	)
}

// decided is the decision about asia and europe.
func decided(asia placement.Choice, asiaReason placement.Reason, europe placement.Choice, europeReason placement.Reason, unregistered ...fleet.Name) placement.Decision {
	return placement.Decision{
		Verdicts:     []placement.Verdict{{Member: "asia", Choice: asia, Reason: asiaReason}, {Member: "europe", Choice: europe, Reason: europeReason}},
		Unregistered: unregistered,
	}
}

func TestSelect(t *testing.T) {
	const unknown, excluded, chosen = placement.Unknown, placement.Excluded, placement.Chosen
	anywhere := placement.Namespace{}
	everywhere := in(placed(selecting(everything)))
	deletingNamespace := placed(selecting(everything))
	deletingNamespace.Deleting = true
	tests := map[string]struct {
		why       string
		object    *fleet.FederatedObject
		namespace placement.Namespace
		want      placement.Decision
	}{
		"a list": {
			why: "it names who is wanted", object: placed(listed("europe")), namespace: anywhere,
			want: decided(excluded, placement.NotListed, chosen, placement.Listed),
		},
		"an empty list": {
			why: "KubeFed: clusters: [] is nobody", object: placed(listed()), namespace: anywhere,
			want: decided(excluded, placement.NotListed, excluded, placement.NotListed),
		},
		"a list and a selector": {
			why:    "KubeFed: a list wins even when both are set",
			object: placed(fleet.Placement{Listed: true, Clusters: []fleet.Name{"asia"}, Selector: european}), namespace: anywhere,
			want: decided(chosen, placement.Listed, excluded, placement.NotListed),
		},
		"an empty list and a selector": {
			why:    "KubeFed: only an absent list lets the selector speak",
			object: placed(fleet.Placement{Listed: true, Selector: everything}), namespace: anywhere,
			want: decided(excluded, placement.NotListed, excluded, placement.NotListed),
		},
		"a selector": {
			why: "it selects by the labels of the KubeFedCluster, ready or not", object: placed(selecting(european)), namespace: anywhere,
			want: decided(excluded, placement.NotSelected, chosen, placement.Selected),
		},
		"an empty selector": {
			why: "KubeFed: clusterSelector: {} is everybody", object: placed(selecting(everything)), namespace: anywhere,
			want: decided(chosen, placement.Selected, chosen, placement.Selected),
		},
		"neither list nor selector": {
			why: "KubeFed: without a word about it, nobody", object: placed(fleet.Placement{}), namespace: anywhere,
			want: decided(excluded, placement.NotSelected, excluded, placement.NotSelected),
		},
		"listed names that nobody has": {
			why:    "a member may join later; they are told, in the list's order, and disturb nobody",
			object: placed(listed("antarctica", "europe", "zealandia")), namespace: anywhere,
			want: decided(excluded, placement.NotListed, chosen, placement.Listed, "antarctica", "zealandia"),
		},
		"a placement that cannot be read": {
			why: "KubeFed leaves the copies of such an object as they are", object: invalid("spec.placement.clusterSelector"), namespace: everywhere,
			want: decided(unknown, placement.PlacementInvalid, unknown, placement.PlacementInvalid),
		},
		"a spec that cannot be read": {
			why: "the decoder blames the placement then", object: invalid("spec.placement"), namespace: anywhere,
			want: decided(unknown, placement.PlacementInvalid, unknown, placement.PlacementInvalid),
		},
		"another field that cannot be read": {
			why:       "the placement still says who is wanted",
			object:    &fleet.FederatedObject{Placement: listed("asia"), Problems: []fleet.Problem{{Field: "spec.template"}, {Field: "spec.placements"}}},
			namespace: anywhere,
			want:      decided(chosen, placement.Listed, excluded, placement.NotListed),
		},
		"a namespace that goes everywhere": {
			why: "the object's own placement decides, and gives the reason", object: placed(listed("asia")), namespace: everywhere,
			want: decided(chosen, placement.Listed, excluded, placement.NotListed),
		},
		"a namespace that goes elsewhere": {
			why: "KubeFed: a namespaced object goes only where its namespace goes", object: placed(selecting(everything)),
			namespace: in(placed(listed("europe"))),
			want:      decided(excluded, placement.NamespaceExcludes, chosen, placement.Selected),
		},
		"a namespace without a placement": {
			why: "it goes nowhere, and neither does what lives in it", object: placed(listed("asia")), namespace: in(placed(fleet.Placement{})),
			want: decided(excluded, placement.NamespaceExcludes, excluded, placement.NotListed),
		},
		"a namespace that is not federated": {
			why:    "absence is no evidence: whoever is wanted is unknown, not excluded",
			object: placed(listed("asia")), namespace: in(nil),
			want: decided(unknown, placement.NamespaceNotFederated, excluded, placement.NotListed),
		},
		"a namespace that is being deleted": {
			why: "the namespaces in the members go, and what they hold with them", object: placed(listed("asia")), namespace: in(deletingNamespace),
			want: decided(excluded, placement.NamespaceDeleting, excluded, placement.NotListed),
		},
		"a namespace whose placement cannot be read": {
			why: "what is not known excludes nobody", object: placed(selecting(everything)), namespace: in(invalid("spec.placement.clusters")),
			want: decided(unknown, placement.PlacementInvalid, unknown, placement.PlacementInvalid),
		},
		"a cluster-scoped object": {
			why:    "it depends on no namespace, even if one is given",
			object: placed(listed("asia")), namespace: placement.Namespace{Object: placed(listed())},
			want: decided(chosen, placement.Listed, excluded, placement.NotListed),
		},
		"a deleting object": {
			why:    "its placement still says where copies were wanted; that it is deleted is not for the placement to judge",
			object: &fleet.FederatedObject{Deleting: true, Placement: listed("asia")}, namespace: everywhere,
			want: decided(chosen, placement.Listed, excluded, placement.NotListed),
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, placement.Select(tc.object, tc.namespace, twoMembers())); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestSelectWithoutMembers(t *testing.T) {
	want := placement.Decision{Verdicts: []placement.Verdict{}, Unregistered: []fleet.Name{"asia"}}
	if diff := cmp.Diff(want, placement.Select(placed(listed("asia")), placement.Namespace{}, fleet.Snapshot{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The zero value of a choice must be the one that removes nothing.
func TestZeroVerdictIsUnknown(t *testing.T) {
	if diff := cmp.Diff(placement.Unknown, placement.Verdict{}.Choice); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

var regions = []string{"eu", "as", "us"}

func someMembers() *rapid.Generator[[]fleet.Member] {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) fleet.Member {
		m := fleet.Member{Name: fleet.Name(rapid.StringMatching(`[a-e]{1,2}`).Draw(t, "member")), Ready: rapid.Bool().Draw(t, "ready")}
		if rapid.Bool().Draw(t, "labelled") {
			m.Labels = labels.Set{"region": rapid.SampledFrom(regions).Draw(t, "region")}
		}
		return m
	}), 0, 8, func(m fleet.Member) fleet.Name { return m.Name })
}

func someObject() *rapid.Generator[*fleet.FederatedObject] {
	return rapid.Custom(func(t *rapid.T) *fleet.FederatedObject {
		o := &fleet.FederatedObject{Deleting: rapid.Bool().Draw(t, "deleting")}
		if rapid.IntRange(0, 4).Draw(t, "faulty") == 0 {
			o.Problems = []fleet.Problem{{Field: rapid.SampledFrom([]string{"spec.placement", "spec.placement.clusters[0].name", "spec.template"}).Draw(t, "field")}}
		}
		if o.Placement.Listed = rapid.Bool().Draw(t, "listed"); o.Placement.Listed {
			names := rapid.SliceOfDistinct(rapid.StringMatching(`[a-e]{1,2}`), rapid.ID).Draw(t, "clusters")
			slices.Sort(names)
			for _, n := range names {
				o.Placement.Clusters = append(o.Placement.Clusters, fleet.Name(n))
			}
		}
		if rapid.Bool().Draw(t, "selecting") {
			o.Placement.Selector = someSelector(t)
		}
		return o
	})
}

func someSelector(t *rapid.T) labels.Selector {
	operator := rapid.SampledFrom([]metav1.LabelSelectorOperator{
		metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist, "",
	}).Draw(t, "operator")
	if operator == "" {
		return everything
	}
	r := metav1.LabelSelectorRequirement{Key: "region", Operator: operator}
	if operator == metav1.LabelSelectorOpIn || operator == metav1.LabelSelectorOpNotIn {
		r.Values = rapid.SliceOfNDistinct(rapid.SampledFrom(regions), 1, 2, rapid.ID).Draw(t, "values")
	}
	s, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{r}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func someNamespace() *rapid.Generator[placement.Namespace] {
	return rapid.Custom(func(t *rapid.T) placement.Namespace {
		ns := placement.Namespace{Applies: rapid.Bool().Draw(t, "applies")}
		if rapid.Bool().Draw(t, "federated") {
			ns.Object = someObject().Draw(t, "namespace")
		}
		return ns
	})
}

func TestSelectJudgesEachMemberAndNotTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, ns, members := someObject().Draw(t, "object"), someNamespace().Draw(t, "namespace"), someMembers().Draw(t, "members")
		got := placement.Select(o, ns, fleet.NewSnapshot(members...))

		var names, judged []fleet.Name
		for _, m := range members {
			names = append(names, m.Name)
		}
		slices.Sort(names)
		for _, v := range got.Verdicts {
			judged = append(judged, v.Member)
			if v.Reason == "" {
				t.Fatalf("%q got no reason: %+v", v.Member, v)
			}
		}
		if diff := cmp.Diff(names, judged); diff != "" {
			t.Fatalf("not one verdict for each member, sorted (-want +got):\n%s", diff)
		}
		for _, name := range got.Unregistered {
			if slices.Contains(names, name) || !slices.Contains(o.Placement.Clusters, name) {
				t.Fatalf("%q is called unregistered", name)
			}
		}
		shuffled := rapid.Permutation(members).Draw(t, "shuffled")
		if diff := cmp.Diff(got, placement.Select(o, ns, fleet.NewSnapshot(shuffled...))); diff != "" {
			t.Fatalf("another order, another decision (-want +got):\n%s", diff)
		}
	})
}

func TestOnlyEvidenceExcludes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, ns, members := someObject().Draw(t, "object"), someNamespace().Draw(t, "namespace"), someMembers().Draw(t, "members")
		_, faulty := o.ProblemIn("spec.placement")
		for _, m := range members {
			alone := placement.Judge(o, placement.Namespace{}, m)
			v := placement.Judge(o, ns, m)
			switch {
			case faulty && v.Choice != placement.Unknown:
				t.Fatalf("a placement that cannot be read gives %+v", v)
			case ns.Applies && ns.Object == nil && v.Choice != alone.Choice && v.Choice != placement.Unknown:
				t.Fatalf("a namespace that is not federated turns %+v into %+v", alone, v)
			case alone.Choice != placement.Chosen && v != alone:
				t.Fatalf("the namespace turns %+v into %+v: it may only take away", alone, v)
			case !ns.Applies && v != alone:
				t.Fatalf("a namespace that does not apply turns %+v into %+v", alone, v)
			case ns.Applies && ns.Object != nil && v.Choice == placement.Chosen && placement.Judge(ns.Object, placement.Namespace{}, m).Choice != placement.Chosen:
				t.Fatalf("%+v although the namespace does not go there", v)
			}
		}
	})
}
