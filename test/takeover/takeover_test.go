package takeover

import "testing"

// TestTakeover follows one fleet: from KubeFed to fedsyncd, back to KubeFed, and to fedsyncd again.
func TestTakeover(t *testing.T) {
	w := bringUp(t)
	for _, s := range []struct {
		name string
		run  func(*testing.T)
		// vital steps lead to a state that all later ones need.
		vital bool
	}{
		{"KubeFed settles a fleet", w.kubefedSettles, true},
		{"fedsyncd waits while KubeFed is at work", w.fedsyncdWaits, true},
		{"fedsyncd takes over by itself", w.fedsyncdTakesOver, true},
		{"the takeover changes no content and recreates nothing", w.contentStayed, false},
		{"the takeover changes no generation", w.generationsStayed, false},
		{"after that nobody writes", w.nobodyWrites, false},
		{"the CRDs of fedsync replace those of KubeFed", w.replaceCRDs, true},
		{"what KubeFed wrote goes with the template's field", w.fieldsGo, false},
		{"what an override of KubeFed's time wrote goes with it", w.overridesGo, false},
		{"a smaller placement removes the copy", w.placementShrinks, false},
		{"deletion removes the copies", w.deletion, false},
		{"an orphan stays in the members", w.orphan, false},
		{"retained replicas are never reset", w.retainedReplicas, false},
		{"divided replicas stay as KubeFed divided them", w.dividedReplicas, false},
		{"drift is repaired", w.drift, false},
		{"KubeFed carries on and changes nothing", w.kubefedCarriesOn, true},
		{"KubeFed propagates edits and deletions", w.kubefedWorks, false},
		{"fedsyncd takes over again", w.fedsyncdTakesOverAgain, true},
		{"taking over again changes no content and recreates nothing", w.contentStayed, false},
		{"taking over again changes no generation", w.generationsStayed, false},
		{"what KubeFed wrote in between goes with the template's field", w.laterFieldsGo, false},
	} {
		if !t.Run(s.name, s.run) && s.vital {
			t.Fatalf("the rest needs %q", s.name)
		}
	}
}
