package member

import (
	"context"
	"sync"
)

// gate parks the workers of a member while it cannot be reached. It starts shut.
type gate struct {
	mu     sync.Mutex
	passed chan struct{} // closed while the gate is open
	open   bool
}

func newGate() *gate { return &gate{passed: make(chan struct{})} }

// wait returns at once while the gate is open, else when it opens or the context ends.
func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	passed := g.passed
	g.mu.Unlock()
	select {
	case <-passed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// passable tells whether the gate is open.
func (g *gate) passable() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

// set opens or shuts the gate and tells whether that changed anything.
func (g *gate) set(open bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == open {
		return false
	}
	g.open = open
	if open {
		close(g.passed)
	} else {
		g.passed = make(chan struct{})
	}
	return true
}
