package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

var (
	noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	web  = fleet.ObjectKey{Type: "deployments.apps", Namespace: "ns", Name: "web"}

	moving         = report.Summary{Known: true}
	movingTroubled = report.Summary{Known: true, Troubled: true}
	settled        = report.Summary{Known: true, Settled: true}
	troubled       = report.Summary{Known: true, Settled: true, Troubled: true}

	contentA = fleet.HashOf([]byte("a"))
	contentB = fleet.HashOf([]byte("b"))
)

func newPace() *pace { return &pace{steps: map[fleet.ObjectKey]step{}} }

func TestPaceOfAnObjectThatKeepsMoving(t *testing.T) {
	p := newPace()
	var writes []time.Duration
	for at := noon; at.Before(noon.Add(25 * time.Second)); at = at.Add(100 * time.Millisecond) {
		if p.wait(web, moving, false, at) <= 0 {
			writes = append(writes, at.Sub(noon))
			p.wrote(web, report.Published{Content: contentA}, moving, at)
		}
	}
	want := []time.Duration{2 * time.Second, 6 * time.Second, 11 * time.Second, 16 * time.Second, 21 * time.Second}
	if diff := cmp.Diff(want, writes); diff != "" {
		t.Errorf("none at first, then one per growing interval (-want +got):\n%s", diff)
	}
}

func TestPaceWait(t *testing.T) {
	tests := map[string]struct {
		why  string
		play func(p *pace) time.Duration
		want time.Duration
	}{
		"a settled picture": {
			why: "it is the news that everybody waits for", want: 0,
			play: func(p *pace) time.Duration { return p.wait(web, settled, false, noon) },
		},
		"a picture that begins to move": {
			why: "most edits settle before that, and need only one write", want: 2 * time.Second,
			play: func(p *pace) time.Duration { return p.wait(web, moving, false, noon) },
		},
		"a picture that still moves": {
			why: "the time since it began counts", want: 500 * time.Millisecond,
			play: func(p *pace) time.Duration {
				p.wait(web, moving, false, noon)
				return p.wait(web, moving, false, noon.Add(1500*time.Millisecond))
			},
		},
		"a picture that begins to move, with trouble": {
			why: "bad news travels sooner", want: 100 * time.Millisecond,
			play: func(p *pace) time.Duration { return p.wait(web, movingTroubled, false, noon) },
		},
		"trouble that comes later": {
			why: "it has waited long enough", want: -400 * time.Millisecond,
			play: func(p *pace) time.Duration {
				p.wait(web, moving, false, noon)
				return p.wait(web, movingTroubled, false, noon.Add(500*time.Millisecond))
			},
		},
		"trouble that was told": {
			why: "what moves beside it has the usual pace", want: 3 * time.Second,
			play: func(p *pace) time.Duration {
				p.wait(web, movingTroubled, false, noon)
				p.wrote(web, report.Published{Content: contentA}, movingTroubled, noon)
				return p.wait(web, movingTroubled, false, noon.Add(time.Second))
			},
		},
		"a settled picture that moves again": {
			why: "it begins anew", want: 2 * time.Second,
			play: func(p *pace) time.Duration {
				p.wait(web, moving, false, noon)
				p.wrote(web, report.Published{Content: contentA}, moving, noon)
				p.wrote(web, report.Published{Content: contentB}, settled, noon)
				return p.wait(web, moving, false, noon.Add(time.Second))
			},
		},
		"a picture that settled without a write": {
			why: "as above: it was the same as before the move", want: 2 * time.Second,
			play: func(p *pace) time.Duration {
				p.wait(web, moving, false, noon)
				p.unchanged(web, true)
				return p.wait(web, moving, false, noon.Add(time.Second))
			},
		},
		"another object": {
			why: "each has a pace of its own", want: 2 * time.Second,
			play: func(p *pace) time.Duration {
				p.wait(web, moving, false, noon)
				return p.wait(fleet.ObjectKey{Name: "other"}, moving, false, noon.Add(time.Second))
			},
		},
		"an object that was forgotten": {
			why: "one of the same name begins anew", want: 2 * time.Second,
			play: func(p *pace) time.Duration {
				p.wait(web, moving, false, noon)
				p.forget(web)
				return p.wait(web, moving, false, noon.Add(time.Second))
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.play(newPace())); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

func TestPaceLooksAgain(t *testing.T) {
	tests := map[string]struct {
		why  string
		play func(p *pace) time.Duration
		want time.Duration
	}{
		"after a write of a settled picture": {
			why: "an event brings the next", want: 0, play: func(p *pace) time.Duration { return p.wrote(web, report.Published{Content: contentA}, settled, noon) },
		},
		"after a write of settled trouble": {
			why: "as above", want: 0, play: func(p *pace) time.Duration { return p.wrote(web, report.Published{Content: contentA}, troubled, noon) },
		},
		"after a write of a moving picture": {
			why: "the next one may be written then", want: 4 * time.Second, play: func(p *pace) time.Duration {
				p.wait(web, moving, false, noon)
				return p.wrote(web, report.Published{Content: contentA}, moving, noon)
			},
		},
		"after a write of a moving picture, again and again": {
			why: "there is a longest interval", want: 5 * time.Second, play: func(p *pace) time.Duration {
				for range 5 {
					p.wrote(web, report.Published{Content: contentA}, moving, noon)
				}
				return p.wrote(web, report.Published{Content: contentA}, moving, noon)
			},
		},
		"when a settled picture is as published": {
			why: "there is nothing to do", want: 0, play: func(p *pace) time.Duration { return p.unchanged(web, true) },
		},
		"when a moving picture is as published": {
			why: "somebody must look whether it still moves", want: 5 * time.Second, play: func(p *pace) time.Duration { return p.unchanged(web, false) },
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.play(newPace())); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}

// Under a CRD made by KubeFed the host drops messages; what was written last is then the only way to know them.
func TestPaceRemembersTroubleThatWasWritten(t *testing.T) {
	p := newPace()
	expect := func(why string, want fleet.Hash) {
		t.Helper()
		if diff := cmp.Diff(want, p.lastWritten(web)); diff != "" {
			t.Errorf("(-want +got): %s\n%s", why, diff)
		}
	}
	expect("nothing was written", fleet.Hash{})
	p.wrote(web, report.Published{Content: contentA}, troubled, noon)
	expect("trouble has messages", contentA)
	p.unchanged(web, true)
	expect("it stands", contentA)
	p.wrote(web, report.Published{Content: contentB}, moving, noon)
	expect("what moves has messages too", contentB)
	p.wrote(web, report.Published{Content: contentA, Bare: contentA}, settled, noon)
	expect("what is fine has none, and need not be remembered", fleet.Hash{})
	p.wrote(web, report.Published{Content: contentA, Bare: contentB}, settled, noon)
	expect("a CRD may drop what its copies report", contentA)
	p.unchanged(web, true)
	if wait := p.wait(web, settled, true, noon.Add(100*time.Millisecond)); wait != 900*time.Millisecond {
		t.Errorf("more of it waits %s, want the rest of a second", wait)
	}
	if wait := p.wait(web, settled, false, noon.Add(100*time.Millisecond)); wait != 0 {
		t.Errorf("news waits %s, want no time", wait)
	}
	p.wrote(web, report.Published{Content: contentA, Bare: contentA}, settled, noon)
	if len(p.steps) != 0 {
		t.Errorf("objects at rest are remembered: %v", p.steps)
	}
}

func TestPaceOfFailures(t *testing.T) {
	p := newPace()
	first, second := p.failed(web), p.failed(web)
	if first < 20*time.Millisecond || first > 24*time.Millisecond || second < 40*time.Millisecond || second > 48*time.Millisecond {
		t.Errorf("pauses of %s and %s", first, second)
	}
	p.unchanged(web, true)
	if again := p.failed(web); again > 24*time.Millisecond {
		t.Errorf("a success does not end the count: %s", again)
	}
}

func TestBackoff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempts := rapid.IntRange(1, 1<<30).Draw(t, "attempts")
		first := time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "first"))
		last := time.Duration(rapid.Int64Range(int64(first), int64(time.Hour)).Draw(t, "last"))
		want := last
		if attempts <= 20 {
			want = min(last, first<<(attempts-1))
		}
		got := backoff(attempts, first, last)
		if got < want || got > want+want/5 {
			t.Fatalf("attempt %d: %s, not %s and up to a fifth more", attempts, got, want)
		}
	})
}

func TestInterimStatusesOfACrowdWait(t *testing.T) {
	p := pace{steps: map[fleet.ObjectKey]step{}}
	var last time.Duration
	for i := range 1010 {
		last = p.wait(fleet.ObjectKey{Name: fmt.Sprint(i)}, moving, false, noon)
	}
	if want := pendingInterval + 9990*time.Millisecond; last != want {
		t.Errorf("the last of many waits %s, want %s", last, want)
	}
	troubled := moving
	troubled.Troubled = true
	if got := p.wait(fleet.ObjectKey{Name: "1009"}, troubled, false, noon); got != troubleInterval {
		t.Errorf("bad news waits %s, want %s: it travels as soon as ever", got, troubleInterval)
	}
	if got := p.wait(fleet.ObjectKey{Name: "1009"}, report.Summary{Settled: true}, false, noon); got > 0 {
		t.Errorf("a settled status waits %s", got)
	}
}

func TestSettledObjectsAreNoCrowd(t *testing.T) {
	p := newPace()
	for i := range 5000 { // each with a message, such as one member that is down
		p.wait(fleet.ObjectKey{Name: fmt.Sprint(i)}, moving, false, noon)
		p.wrote(fleet.ObjectKey{Name: fmt.Sprint(i)}, report.Published{Content: contentA, Bare: contentB}, troubled, noon)
	}
	if got := p.wait(web, moving, false, noon); got != pendingInterval {
		t.Errorf("one edit beside them waits %s, want %s", got, pendingInterval)
	}
	p.forget(web)
	if p.moving != 0 {
		t.Errorf("%d objects are counted as moving after all have settled", p.moving)
	}
}
