package daemon

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/fedsync/fedsync/lab"
)

// Options say how to run the daemon. Binary, Kubeconfig and Log are required.
type Options struct {
	// Binary is the path of fedsyncd.
	Binary string
	// Kubeconfig is a file whose current context is the host.
	Kubeconfig string
	// Log is the file that the daemon's output is appended to.
	Log string
	// Args are further flags; those given here win.
	Args []string
	// ReadyPath is what the health address answers with 200 once the daemon is ready; empty means /readyz. KubeFed's
	// own manager has only /healthz.
	ReadyPath string
}

// Process is a running daemon.
type Process struct {
	// MetricsURL and HealthURL are the addresses of /metrics and of /healthz and /readyz.
	MetricsURL, HealthURL string

	command *exec.Cmd
	ready   string // path
	log     string
	exited  chan struct{}
	err     error // of Wait; read after exited is closed
}

const (
	readyTimeout = 30 * time.Second
	pollInterval = 20 * time.Millisecond
	stopTimeout  = 10 * time.Second
)

// Start starts the daemon and waits until it is ready.
func Start(ctx context.Context, o Options) (*Process, error) {
	metrics, err := freeAddress()
	if err != nil {
		return nil, err
	}
	health, err := freeAddress()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(o.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of the daemon: %w", err)
	}
	defer log.Close() //nolint:errcheck // the process has its own descriptor
	args := append([]string{"--kubeconfig", o.Kubeconfig, "--metrics-addr", metrics, "--healthz-addr", health}, o.Args...)
	p := &Process{
		MetricsURL: "http://" + metrics + "/metrics", HealthURL: "http://" + health,
		command: exec.Command(o.Binary, args...), ready: cmp.Or(o.ReadyPath, "/readyz"), log: o.Log, exited: make(chan struct{}),
	}
	p.command.Stdout, p.command.Stderr = log, log
	// Its own group, so that Ctrl-C at a terminal reaches us and not the daemon: we end it in order.
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %q: %w", o.Binary, err)
	}
	go func() {
		p.err = p.command.Wait()
		close(p.exited)
	}()
	if err := p.awaitReady(ctx); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

func (p *Process) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		select {
		case <-p.exited:
			return fmt.Errorf("the daemon ended before it was ready: %w\n%s", errors.Join(p.err, errors.New(p.log)), p.LogTail())
		case <-ctx.Done():
			return fmt.Errorf("wait for the daemon: %w; the end of %s:\n%s", ctx.Err(), p.log, p.LogTail())
		case <-tick.C:
			if p.healthy(ctx, p.ready) {
				return nil
			}
		}
	}
}

func (p *Process) healthy(ctx context.Context, path string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.HealthURL+path, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

// Metrics reads the daemon's metrics page.
func (p *Process) Metrics(ctx context.Context) (lab.Samples, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.MetricsURL, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read metrics of the daemon: %w", err)
	}
	page, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return nil, fmt.Errorf("read metrics of the daemon: %w", err)
	}
	samples, err := lab.ParseMetrics(page)
	if err != nil {
		return nil, fmt.Errorf("parse metrics of the daemon: %w", err)
	}
	return samples, nil
}

// PID returns the process's ID.
func (p *Process) PID() int { return p.command.Process.Pid }

// Running tells whether the process still runs.
func (p *Process) Running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Stop asks the daemon to end and returns how long it took. It is an error if it took over ten seconds, and was killed,
// or ended with another status than 0.
func (p *Process) Stop() (time.Duration, error) {
	asked := time.Now()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, fmt.Errorf("stop the daemon: %w", err)
	}
	select {
	case <-p.exited:
		if p.err != nil {
			return time.Since(asked), fmt.Errorf("the daemon ended badly: %w\n%s", p.err, p.LogTail())
		}
		return time.Since(asked), nil
	case <-time.After(stopTimeout):
		p.Kill()
		return time.Since(asked), fmt.Errorf("the daemon did not end within %s", stopTimeout)
	}
}

// Kill ends the process at once.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // an error means that it has ended
	<-p.exited
}

// LogTail returns the last lines of the log.
func (p *Process) LogTail() string {
	const lines = 20
	log, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	all := bytes.Split(bytes.TrimSpace(log), []byte("\n"))
	return string(bytes.Join(all[max(0, len(all)-lines):], []byte("\n")))
}
