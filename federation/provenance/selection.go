package provenance

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Term is one requirement of a label selector, and whether the member meets it.
type Term struct {
	// Text is the requirement, such as tier=production.
	Text string `json:"text"`
	Met  bool   `json:"met"`
	// Has is the member's value of the label, or "(none)".
	Has string `json:"has"`
}

// Terms takes a selector apart. Labels come in the order of their names, then the expressions in theirs.
func Terms(s *metav1.LabelSelector, member labels.Set) []Term {
	var terms []Term
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		value, has := member[key]
		terms = append(terms, Term{Text: key + "=" + s.MatchLabels[key], Met: has && value == s.MatchLabels[key], Has: valueOf(member, key)})
	}
	for _, e := range s.MatchExpressions {
		one, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{e}})
		text := fmt.Sprintf("%s %s", e.Key, e.Operator)
		if len(e.Values) > 0 {
			text += " (" + strings.Join(e.Values, ", ") + ")"
		}
		terms = append(terms, Term{Text: text, Met: err == nil && one.Matches(member), Has: valueOf(member, e.Key)})
	}
	return terms
}

func valueOf(member labels.Set, key string) string {
	if value, has := member[key]; has {
		return value
	}
	return "(none)"
}
