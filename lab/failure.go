package lab

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/fedsync/fedsync/lab/internal/process"
)

// ComponentError tells why a component did not start.
type ComponentError struct {
	Cluster   string
	Component string
	// Hint says what could be wrong; it may be empty.
	Hint string
	// LogPath is the component's log, and LogTail are its last lines.
	LogPath string
	LogTail string
	// Err is how the component ended, or why nobody waited any longer.
	Err error
}

// Error gives everything in several lines.
func (e *ComponentError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "start %s of cluster %q: %v", e.Component, e.Cluster, e.Err)
	if e.Hint != "" {
		fmt.Fprintf(&b, " (%s)", e.Hint)
	}
	fmt.Fprintf(&b, "\nlog: %s", e.LogPath)
	if e.LogTail != "" {
		fmt.Fprintf(&b, ", which ends with\n%s", e.LogTail)
	}
	return b.String()
}

// Unwrap returns Err.
func (e *ComponentError) Unwrap() error { return e.Err }

func (c *Cluster) componentError(component string, child *process.Child, err error) error {
	e := &ComponentError{Cluster: c.Name, Component: component, LogPath: c.LogPath(component), Err: err}
	e.LogTail = tail(e.LogPath)
	if !errors.Is(err, errExited) {
		e.Hint = "is the machine busy or short of memory? Options.StartTimeout gives it more time"
		return e
	}
	e.Err = child.Err()
	switch {
	case e.Err == nil:
		e.Err = errExited
	case killed(e.Err):
		e.Hint = "somebody killed it; the kernel does when memory runs out: see dmesg"
	case c.portTaken(component):
		e.Hint = "another program listens on its port"
	}
	return e
}

func killed(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

const (
	tailLines = 15
	tailBytes = 16 << 10
)

// tail returns the last lines of a log, as far as it can be read.
func tail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	if size, err := f.Seek(0, io.SeekEnd); err == nil {
		_, _ = f.Seek(max(0, size-tailBytes), io.SeekStart)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-tailLines):], []byte("\n")))
}
