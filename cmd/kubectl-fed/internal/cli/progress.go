package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Progress says on a stream what a command waits for, once that takes longer than a second: in place on a terminal, a line
// every ten seconds elsewhere.
type Progress struct {
	out   io.Writer
	clock clock.PassiveClock
	live  bool

	mu    sync.Mutex
	what  string
	began time.Time
	told  time.Time
	shown bool
	ended chan struct{}
	done  chan struct{}
}

const (
	patience    = time.Second
	lineEvery   = 10 * time.Second
	redrawEvery = 200 * time.Millisecond
)

// StartProgress begins to wait for something. Stop must be called.
func StartProgress(out io.Writer, what string) *Progress {
	c := clock.RealClock{}
	p := newProgress(out, IsTerminal(out), what, c)
	go p.run(c.NewTicker(redrawEvery))
	return p
}

func newProgress(out io.Writer, live bool, what string, c clock.PassiveClock) *Progress {
	return &Progress{out: out, live: live, what: what, clock: c, began: c.Now(), ended: make(chan struct{}), done: make(chan struct{})}
}

// Sayf changes what is waited for, such as "412 of 1000 copies".
func (p *Progress) Sayf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what = fmt.Sprintf(format, args...)
}

// Stop ends it and takes back what it has drawn.
func (p *Progress) Stop() {
	close(p.ended)
	<-p.done
	p.wipe()
}

func (p *Progress) wipe() {
	if p.live && p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

func (p *Progress) run(tick clock.Ticker) {
	defer close(p.done)
	defer tick.Stop()
	for {
		select {
		case <-p.ended:
			return
		case <-tick.C():
			p.show()
		}
	}
}

func (p *Progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	elapsed := now.Sub(p.began)
	switch {
	case elapsed < patience:
	case p.live:
		p.shown = true
		fmt.Fprintf(p.out, "\r\x1b[K%s ... %ds", p.what, int(elapsed.Seconds()))
	case p.told.IsZero() || now.Sub(p.told) >= lineEvery:
		p.told = now
		fmt.Fprintf(p.out, "%s ... %ds\n", p.what, int(elapsed.Seconds()))
	}
}
