package placement_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/fleet"
	"github.com/fedsync/fedsync/placement"
)

// What an object's flags mean in FuzzSelect. Those of the namespace stand flagsOfNamespace higher.
const (
	flagListed uint16 = 1 << iota
	flagSelecting
	flagFaulty
	flagDeleting
)

// flagsOfNamespace is how many of them there are.
const flagsOfNamespace = 4

// What the higher flags mean for the namespace as a whole.
const (
	flagApplies uint16 = 1 << (2*flagsOfNamespace + iota)
	flagFederated
)

// maxText bounds an input: the rules do not depend on its size.
const maxText = 1 << 12

// described makes an object of texts: names separated by commas, and a selector as kubectl takes it. The result is nil if
// the selector is none.
func described(clusters, selector string, flags uint16) *fleet.FederatedObject {
	o := &fleet.FederatedObject{Deleting: flags&flagDeleting != 0}
	if flags&flagListed != 0 { // sorted, each once: the decoder's promise
		o.Placement.Listed = true
		for name := range strings.SplitSeq(clusters, ",") {
			o.Placement.Clusters = append(o.Placement.Clusters, fleet.Name(name))
		}
		slices.Sort(o.Placement.Clusters)
		o.Placement.Clusters = slices.Compact(o.Placement.Clusters)
	}
	if flags&flagSelecting != 0 {
		s, err := labels.Parse(selector)
		if err != nil {
			return nil
		}
		o.Placement.Selector = s
	}
	if flags&flagFaulty != 0 {
		o.Problems = []fleet.Problem{{Field: "spec.template", Message: "m"}, {Field: "spec.placement.clusters", Message: "m"}}
	}
	return o
}

// registered makes members of a text such as "a/region=eu,gpu=;b": each name once.
func registered(text string) (members []fleet.Member) {
	seen := map[string]bool{}
	for one := range strings.SplitSeq(text, ";") {
		name, list, _ := strings.Cut(one, "/")
		if seen[name] {
			continue
		}
		seen[name] = true
		m := fleet.Member{Name: fleet.Name(name), Labels: labels.Set{}}
		for label := range strings.SplitSeq(list, ",") {
			if key, value, ok := strings.Cut(label, "="); ok {
				m.Labels[key] = value
			}
		}
		members = append(members, m)
	}
	return members
}

// wantedBy is KubeFed's rule, said once more: a list, else a selector, else nobody.
func wantedBy(o *fleet.FederatedObject, m fleet.Member) bool {
	if o.Placement.Listed {
		return slices.Contains(o.Placement.Clusters, m.Name)
	}
	return o.Placement.Selector != nil && o.Placement.Selector.Matches(m.Labels)
}

func readable(o *fleet.FederatedObject) bool {
	_, faulty := o.ProblemIn("spec.placement")
	return !faulty
}

// rightChoice returns the one choice that is right. It is written as a table of who knows what, not as the chain of filters is.
func rightChoice(o *fleet.FederatedObject, ns placement.Namespace, m fleet.Member) placement.Choice {
	switch {
	case !readable(o):
		return placement.Unknown
	case !wantedBy(o, m):
		return placement.Excluded
	case !ns.Applies:
		return placement.Chosen
	case ns.Object == nil:
		return placement.Unknown
	case ns.Object.Deleting:
		return placement.Excluded
	case !readable(ns.Object):
		return placement.Unknown
	case !wantedBy(ns.Object, m):
		return placement.Excluded
	}
	return placement.Chosen
}

func FuzzSelect(f *testing.F) {
	const ofNamespace = flagsOfNamespace
	members := "asia/region=as;europe/region=eu,gpu=;;a b/=,é=\xff;EUROPE/region=EU;" + strings.Repeat("x", 253) + "/region=eu"
	for _, own := range []uint16{0, flagListed, flagSelecting, flagListed | flagSelecting, flagFaulty | flagSelecting, flagDeleting | flagListed} {
		f.Add("europe,asia,europe,nowhere,,\xff", "region in (eu,as),!gpu", "asia", "region=eu", members, own)
		f.Add("", "", "", "", members, own)
		f.Add(",", "region", "europe,", "!region", "", own|flagApplies)
		for _, its := range []uint16{0, flagListed, flagSelecting, flagFaulty | flagListed, flagDeleting | flagSelecting} {
			f.Add("europe,nowhere", "region!=as", "europe,asia", "region notin (us)", members, own|its<<ofNamespace|flagApplies|flagFederated)
		}
	}
	f.Add("", "a>9223372036854775807", "", "a<-1", "m/a=9223372036854775808;n/a=;o/a=0x1", flagSelecting|flagSelecting<<ofNamespace|flagApplies|flagFederated)
	f.Add(strings.Repeat("a,", 500), "a in ("+strings.Repeat("b,", 500)+")", "", "", strings.Repeat("a/a=b;", 500), flagListed|flagSelecting)
	f.Fuzz(func(t *testing.T, clusters, selector, nsClusters, nsSelector, fleetText string, flags uint16) {
		if len(clusters)+len(selector)+len(nsClusters)+len(nsSelector)+len(fleetText) > maxText {
			return
		}
		o, namespace := described(clusters, selector, flags), described(nsClusters, nsSelector, flags>>ofNamespace)
		if o == nil || namespace == nil {
			return // a selector that is none is the decoder's to refuse
		}
		ns := placement.Namespace{Applies: flags&flagApplies != 0}
		if flags&flagFederated != 0 {
			ns.Object = namespace
		}
		list := registered(fleetText)
		d := placement.Select(o, ns, fleet.NewSnapshot(list...))

		var want []fleet.Name
		right := map[fleet.Name]placement.Choice{}
		for _, m := range list {
			want = append(want, m.Name)
			right[m.Name] = rightChoice(o, ns, m)
		}
		slices.Sort(want)
		var got []fleet.Name
		for _, v := range d.Verdicts {
			got = append(got, v.Member)
			if v.Choice != right[v.Member] || v.Reason == "" {
				t.Errorf("%+v, and the right choice is %d", v, right[v.Member])
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("not one verdict for each member, sorted (-want +got):\n%s", diff)
		}
		strangers := slices.DeleteFunc(slices.Clone(o.Placement.Clusters), func(n fleet.Name) bool { return slices.Contains(want, n) })
		if !slices.Equal(strangers, d.Unregistered) {
			t.Errorf("unregistered are %q and not %q", d.Unregistered, strangers)
		}
		slices.Reverse(list)
		if diff := cmp.Diff(d, placement.Select(o, ns, fleet.NewSnapshot(list...))); diff != "" {
			t.Errorf("another order, another decision (-want +got):\n%s", diff)
		}
	})
}

// A selector is a set of demands, each with a set of values: their order says nothing.
func TestSelectDoesNotDependOnTheOrderOfDemands(t *testing.T) {
	demand := rapid.Custom(func(t *rapid.T) metav1.LabelSelectorRequirement {
		r := metav1.LabelSelectorRequirement{
			Key: rapid.SampledFrom([]string{"region", "gpu", "tier"}).Draw(t, "key"),
			Operator: rapid.SampledFrom([]metav1.LabelSelectorOperator{
				metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist,
			}).Draw(t, "operator"),
		}
		if r.Operator == metav1.LabelSelectorOpIn || r.Operator == metav1.LabelSelectorOpNotIn {
			r.Values = rapid.SliceOfN(rapid.SampledFrom(regions), 1, 4).Draw(t, "values")
		}
		return r
	})
	parsed := func(t *rapid.T, demands []metav1.LabelSelectorRequirement) labels.Selector {
		s, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchExpressions: demands})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	rapid.Check(t, func(t *rapid.T) {
		demands := rapid.SliceOfN(demand, 1, 4).Draw(t, "demands")
		shuffled := rapid.Permutation(demands).Draw(t, "shuffled")
		for i := range shuffled {
			if len(shuffled[i].Values) > 0 {
				shuffled[i].Values = rapid.Permutation(shuffled[i].Values).Draw(t, "shuffled values")
			}
		}
		ns, s := someNamespace().Draw(t, "namespace"), fleet.NewSnapshot(someMembers().Draw(t, "members")...)
		want := placement.Select(placed(selecting(parsed(t, demands))), ns, s)
		if diff := cmp.Diff(want, placement.Select(placed(selecting(parsed(t, shuffled))), ns, s)); diff != "" {
			t.Fatalf("another order, another decision (-want +got):\n%s", diff)
		}
	})
}
