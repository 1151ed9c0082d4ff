package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestReport(t *testing.T) {
	things := schema.GroupResource{Resource: "things"}
	tests := map[string]struct {
		why    string
		err    error
		status int
		want   string
	}{
		"nothing":          {why: "all went well"},
		"changes":          {why: "all is said", err: &ExitError{Status: StatusChanges}, status: 3},
		"a next step":      {why: "it is told", err: Next(errors.New("no\nsuch thing"), "look %s", "there"), status: 1, want: "error: no such thing\nnext:  look there\n"},
		"one in another":   {why: "the inner one knows better", err: Next(fmt.Errorf("outside: %w", Next(errors.New("inside"), "inner")), "outer"), status: 1, want: "error: outside: inside\nnext:  inner\n"},
		"several":          {why: "each has its line", err: errors.Join(errors.New("one"), Next(errors.New("two"), "step")), status: 1, want: "error: one\nerror: two\nnext:  step\n"},
		"forbidden":        {why: "its kind suggests a step", err: apierrors.NewForbidden(things, "x", nil), status: 1, want: "error: things \"x\" is forbidden: <nil>\nnext:  ask for this right, or use an account that has it: `kubectl auth can-i --list` shows yours\n"},
		"too late":         {why: "as above", err: context.DeadlineExceeded, status: 1, want: "error: context deadline exceeded\nnext:  see whether the cluster answers: `kubectl --context CONTEXT version`\n"},
		"nobody knows why": {why: "then nothing is suggested", err: errors.New("odd"), status: 1, want: "error: odd\n"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if got := Report(&out, tc.err); got != tc.status || out.String() != tc.want {
				t.Errorf("status %d, because %s:\n%s", got, tc.why, cmp.Diff(tc.want, out.String()))
			}
		})
	}
	if Next(nil, "step") != nil {
		t.Error("nothing became an error")
	}
}

func TestNamed(t *testing.T) {
	tests := map[string]struct {
		why        string
		args       []string
		kind, name string
		rest       []string
		err        string
	}{
		"a path":    {why: "as kubectl takes it", args: []string{"t/n", "m"}, kind: "t", name: "n", rest: []string{"m"}},
		"two words": {why: "as kubefedctl takes it", args: []string{"t", "n", "m"}, kind: "t", name: "n", rest: []string{"m"}},
		"half":      {why: "which object is not said", args: []string{"t/"}, err: "t/ is not TYPE/NAME"},
		"one word":  {why: "as above", args: []string{"t"}, err: "name a federated object"},
		"nothing":   {why: "as above", err: "name a federated object"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			kind, name, rest, err := Named(tc.args)
			if err != nil || tc.err != "" {
				if fmt.Sprint(err) != tc.err {
					t.Errorf("error %v, because %s", err, tc.why)
				}
				return
			}
			if kind != tc.kind || name != tc.name || !cmp.Equal(rest, tc.rest) && len(rest)+len(tc.rest) > 0 {
				t.Errorf("%q, %q, %q, because %s", kind, name, rest, tc.why)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	tests := map[string]struct {
		why   string
		live  bool
		looks []time.Duration // since the look before
		want  string
	}{
		"what is quick":       {why: "nobody wonders yet", looks: []time.Duration{patience / 2}},
		"what takes long":     {why: "a log wants few lines", looks: []time.Duration{patience, patience, lineEvery - patience, patience}, want: "waiting ... 1s\nwaiting ... 11s\n"},
		"long, on a terminal": {why: "one line is drawn anew, and taken back", live: true, looks: []time.Duration{patience, patience}, want: "\r\x1b[Kwaiting ... 1s\r\x1b[Kwaiting ... 2s\r\x1b[K"},
		"quick, on one":       {why: "nothing was drawn", live: true, looks: []time.Duration{patience / 2}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			c := clocktesting.NewFakeClock(time.Time{})
			p := newProgress(&out, tc.live, "before", c)
			p.Sayf("%s", "waiting")
			for _, d := range tc.looks {
				c.Step(d)
				p.show()
			}
			p.wipe()
			if diff := cmp.Diff(tc.want, out.String()); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
	quick := StartProgress(&bytes.Buffer{}, "nothing")
	quick.Stop() // which ends it, and returns
}

func TestUntil(t *testing.T) {
	busy := apierrors.NewTooManyRequestsError("later")
	gone := apierrors.NewNotFound(schema.GroupResource{Resource: "things"}, "x")
	tests := map[string]struct {
		why     string
		answers []error // nil is true
		limit   time.Duration
		want    error
		looks   int
	}{
		"true at once":             {why: "nobody waits", answers: []error{nil}, limit: time.Hour, looks: 1},
		"a server that is busy":    {why: "that is what waiting is for", answers: []error{busy, busy, nil}, limit: time.Hour, looks: 3},
		"what cannot come true":    {why: "to wait is no use", answers: []error{gone, nil}, limit: time.Hour, want: gone, looks: 1},
		"a server that stays busy": {why: "in the end somebody wants to know", answers: []error{busy}, limit: time.Millisecond, want: ErrStillWaiting, looks: 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			looks := 0
			err := UntilEvery(t.Context(), 10*time.Millisecond, tc.limit, func(context.Context) (bool, error) {
				answer := tc.answers[min(looks, len(tc.answers)-1)]
				looks++
				return answer == nil, answer
			})
			if !errors.Is(err, tc.want) || looks != tc.looks {
				t.Errorf("%v after %d looks, because %s", err, looks, tc.why)
			}
		})
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Until(cancelled, time.Hour, func(context.Context) (bool, error) { return false, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("after Ctrl-C: %v", err)
	}
}

func TestTables(t *testing.T) {
	var table, columns bytes.Buffer
	if err := Table(&table, []string{"A", "B"}, [][]string{{"one\ntwo", "\x1b[31mred"}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("A         B\none two   ?[31mred\n", table.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c := NewColumns(&columns, []string{"NAME", "B"})
	for _, row := range [][]string{{"a", "1"}, {"a longer one", "2"}, {"c", "3"}} {
		if err := c.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff("NAME   B\na      1\na longer one   2\nc              3\n", columns.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := ColourFor(&table).Red("x"); got != "x" {
		t.Errorf("what is no terminal is coloured: %q", got)
	}
}

func TestTree(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	root := &Tree{Text: "root"}
	root.Add("first").Add("below")
	root.Add("last").Add("under")
	var out bytes.Buffer
	root.Draw(&out)
	if diff := cmp.Diff("root\n|- first\n|  `- below\n`- last\n   `- under\n", out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	out.Reset()
	root.Draw(&out)
	if !strings.Contains(out.String(), "├─ first") {
		t.Errorf("in UTF-8:\n%s", out.String())
	}
}
