package member

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/fedsync/fedsync/internal/sample"
)

// heap returns the bytes that are in use once all garbage is gone. What the race detector needs is not among them.
func heap() int64 {
	runtime.GC()
	runtime.GC() // interned texts that nobody has any more go with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestMemoryPerCopy(t *testing.T) {
	const (
		count     = 30_000 // the map has just doubled, and costs the most for each
		budget    = 600    // bytes per copy
		templates = 50     // what we own is a long text, the same in many copies
	)
	var sent [templates][]byte
	for i := range sent {
		fields := []string{sample.DeploymentFields, sample.ConfigMapFields}[i%2]
		sent[i] = sentBy(t, fmt.Sprintf(`{"f:template-%d":{},%s`, i, fields[1:]))
	}
	before := heap()
	c := newCopies(nobody)
	for i := range count {
		if err := c.Add(received(t, sent[i%templates], i)); err != nil {
			t.Fatal(err)
		}
	}
	used := (heap() - before) / count
	t.Logf("measured: %d bytes per copy", used)
	if used > budget {
		t.Errorf("a copy takes %d bytes, and may take %d", used, budget)
	}
	if c.count() != count {
		t.Errorf("%d copies are known", c.count())
	}
}
