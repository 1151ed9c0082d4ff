package simfleet

import "testing"

func TestChangesThatNameAnObjectAreNotShared(t *testing.T) {
	cases := map[string]struct {
		body string
		want bool
	}{
		"plain":                    {`{"data":{"a":"1"}}`, true},
		"a word that holds uid":    {`{"data":{"guide":"fluid"}}`, true},
		"a UID":                    {`{"metadata":{"uid":"x"}}`, false},
		"a UID after such a word":  {`{"data":{"guide":"1"},"metadata":{"uid":"x"}}`, false},
		"a UID in YAML":            {"metadata:\n  uid: x\n", false},
		"a UID in a JSON pointer":  {`[{"op":"test","path":"/metadata/uid","value":"x"}]`, false},
		"a version":                {`{"metadata":{"resourceVersion":"1"}}`, false},
		"a version in a pointer":   {`[{"op":"replace","path":"/metadata/resourceVersion","value":"1"}]`, false},
		"managed fields":           {`[{"op":"replace","path":"/metadata/managedFields","value":[]}]`, false},
		"a name yet to be made":    {`{"metadata":{"generateName":"x-"}}`, false},
		"the UID of an owner":      {`{"metadata":{"ownerReferences":[{"uid":"x"}]}}`, false},
		"a longer word than asked": {`{"data":{"resourceVersionMatch":"1"}}`, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := (&change{body: []byte(c.body)}).sameEverywhere(); got != c.want {
				t.Errorf("shared: %t, want %t", got, c.want)
			}
		})
	}
}
