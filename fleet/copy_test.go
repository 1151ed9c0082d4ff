package fleet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/fleet"
)

func TestParseHash(t *testing.T) {
	known := fleet.HashOf([]byte("content"))
	tests := map[string]struct {
		why, text string
		want      fleet.Hash
	}{
		"what String wrote": {
			why: "the annotation on a copy is how a restart knows what was applied", text: known.String(), want: known,
		},
		"an empty annotation":  {why: "a copy that KubeFed wrote has none", text: ""},
		"too short":            {why: "half a hash could equal another's half", text: known.String()[:30]},
		"too long":             {why: "it is not ours", text: known.String() + "00"},
		"no hexadecimal digit": {why: "it is not ours", text: "zz" + known.String()[2:]},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, fleet.ParseHash(tc.text)); diff != "" {
				t.Errorf("ParseHash (-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// The value is written on copies: a change of the algorithm would apply every copy of every fleet once more.
func TestHashOfIsPinned(t *testing.T) {
	if diff := cmp.Diff("ed7002b439e9ac845f22357d822bac14", fleet.HashOf([]byte("content")).String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHashSurvivesItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := fleet.HashOf(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		if diff := cmp.Diff(h, fleet.ParseHash(h.String())); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func FuzzParseHash(f *testing.F) {
	f.Add("")
	f.Add(fleet.HashOf(nil).String())
	f.Add("ED7002B439E9AC845F22357D822BAC14")
	f.Add("0x7002b439e9ac845f22357d822bac14")
	f.Add("é7002b439e9ac845f22357d822bac1")
	f.Fuzz(func(t *testing.T, text string) {
		h := fleet.ParseHash(text)
		if h != (fleet.Hash{}) && fleet.ParseHash(h.String()) != h {
			t.Errorf("%q gives %s, which reads as another hash", text, h)
		}
	})
}

func TestOwnership(t *testing.T) {
	text := func(parts ...string) (joined string) { // built at run time, so that equal texts are not one string already
		for _, p := range parts {
			joined += p
		}
		return joined
	}
	a, b := fleet.NewOwnership(text(`{"f:data":`, `{}}`)), fleet.NewOwnership(text(`{"f:data"`, `:{}}`))
	if a != b {
		t.Error("equal content must compare as one value: the copy stores compare by ==")
	}
	if a == fleet.NewOwnership(`{}`) {
		t.Error("different content compares as equal")
	}
	if diff := cmp.Diff(`{"f:data":{}}`, a.FieldsV1()); diff != "" {
		t.Errorf("FieldsV1 (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("", fleet.Ownership{}.FieldsV1()); diff != "" {
		t.Errorf("FieldsV1 of the zero value (-want +got):\n%s", diff)
	}
}
