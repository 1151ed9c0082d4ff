package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
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
	synctest.Test(t, func(t *testing.T) {
		var lines, screen bytes.Buffer
		quick := startProgress(&lines, false, "quick")
		time.Sleep(patience / 2)
		quick.Stop()
		if lines.Len() > 0 {
			t.Errorf("what takes half a second is told: %q", lines.String())
		}
		slow := startProgress(&lines, false, "slow")
		time.Sleep(lineEvery + 2*patience)
		slow.Sayf("slower")
		time.Sleep(lineEvery)
		slow.Stop()
		if diff := cmp.Diff("slow ... 1s\nslow ... 11s\nslower ... 21s\n", lines.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		live := startProgress(&screen, true, "live")
		time.Sleep(2 * patience)
		live.Stop()
		if got := screen.String(); !strings.Contains(got, "live ... 1s") || !strings.HasSuffix(got, "\r\x1b[K") || strings.Contains(got, "\n") {
			t.Errorf("on a terminal: %q", got)
		}
	})
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
