package lab

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// lineWriter lets several goroutines write whole lines to one writer. Its errors go nowhere: a lab does not fail
// because nobody reads its progress.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// Write writes to the underlying writer; it never fails.
func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.w.Write(p)
	return len(p), nil
}

func (l *lineWriter) printf(format string, args ...any) {
	fmt.Fprintf(l, format+"\n", args...)
}

// seconds is the time since start as people read it.
func seconds(start time.Time) string { return fmt.Sprintf("%.1fs", time.Since(start).Seconds()) }
