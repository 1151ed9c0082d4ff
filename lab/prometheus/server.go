package prometheus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/fedsync/fedsync/lab/internal/process"
)

// Server is a running Prometheus.
type Server struct {
	// URL is where its pages and its API are, without a slash at the end.
	URL string
	// API is Prometheus's own client: rules, alerts, targets, exemplars and more.
	API prometheusv1.API

	spawner *process.Spawner
	child   *process.Child
	log     string
	pages   string // what the paths of its pages begin with
}

const (
	readyTimeout = 30 * time.Second
	pollInterval = 20 * time.Millisecond
	askInterval  = 100 * time.Millisecond // an answer of the API is larger
	stopTimeout  = 10 * time.Second
)

// Start starts Prometheus and waits until it is ready. The context ends the waiting only: Stop ends the server.
func Start(ctx context.Context, o Options) (*Server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &Server{URL: "http://" + address, log: cmp.Or(o.Log, filepath.Join(o.Dir, "prometheus.log"))}
	client, err := api.NewClient(api.Config{Address: s.URL})
	if err != nil {
		return nil, fmt.Errorf("make client of %q: %w", s.URL, err)
	}
	s.API = prometheusv1.NewAPI(client)
	command, err := s.command(o, address)
	if err != nil {
		return nil, err
	}
	s.spawner = process.NewSpawner(true)
	if s.child, err = s.spawner.Start(command); err != nil {
		s.spawner.Close()
		return nil, err
	}
	err = s.awaitReady(ctx)
	if err == nil {
		err = s.findPages(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.kill())
	}
	return s, nil
}

// command writes the configuration and says how to run the server with it.
func (s *Server) command(o Options, address string) (process.Command, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return process.Command{}, fmt.Errorf("find directory %q: %w", o.Dir, err)
	}
	binaries, err := filepath.Abs(o.Binaries)
	if err != nil {
		return process.Command{}, fmt.Errorf("find binaries %q: %w", o.Binaries, err)
	}
	content, err := configuration(o, s.URL)
	if err != nil {
		return process.Command{}, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return process.Command{}, err
	}
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return process.Command{}, err
	}
	args := []string{
		"--config.file=" + file,
		"--storage.tsdb.path=" + filepath.Join(dir, "data"),
		"--web.listen-address=" + address,
	}
	if o.NativeHistograms {
		args = append(args, "--enable-feature=native-histograms,exemplar-storage")
	}
	if pages := filepath.Join(binaries, "..", "share", "prometheus", "web"); isDirectory(pages) {
		args = append(args, "--"+debianFlag+"="+pages)
	}
	return process.Command{Path: filepath.Join(binaries, "prometheus"), Args: args, Dir: dir, Log: s.log}, nil
}

// debianFlag is in no other build than Debian's: that one has its pages in files, not in itself.
const debianFlag = "web.local-assets"

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		select {
		case <-s.child.Exited():
			return fmt.Errorf("prometheus ended before it was ready: %w; from %s:\n%s", s.child.Err(), s.log, s.complaints())
		case <-ctx.Done():
			return fmt.Errorf("wait for prometheus: %w; the end of %s:\n%s", ctx.Err(), s.log, s.LogTail())
		case <-tick.C:
			if s.ready(ctx) {
				return nil
			}
		}
	}
}

func (s *Server) ready(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/-/ready", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

// Stop asks Prometheus to end and waits for it. It is an error if it took over ten seconds, and was killed, or ended with
// another status than 0. Once it has ended, Stop says the same again.
func (s *Server) Stop() error {
	if err := s.child.Ref.Signal(syscall.SIGTERM); err != nil {
		return errors.Join(fmt.Errorf("stop prometheus: %w", err), s.kill())
	}
	limit := time.NewTimer(stopTimeout)
	defer limit.Stop()
	select {
	case <-s.child.Exited():
		s.spawner.Close()
		if err := s.child.Err(); err != nil {
			return fmt.Errorf("prometheus ended badly: %w\n%s", err, s.LogTail())
		}
		return nil
	case <-limit.C:
		return errors.Join(fmt.Errorf("prometheus did not end within %s", stopTimeout), s.kill())
	}
}

// kill ends the process at once.
func (s *Server) kill() error {
	defer s.spawner.Close()
	return process.Kill(s.child.Ref)
}

// LogTail returns the last lines of the log.
func (s *Server) LogTail() string { return s.logged(func(string) bool { return true }) }

// complaints returns what Prometheus has logged as an error: it says much about how it ends after that. Without an error
// it is the end of the log.
func (s *Server) complaints() string {
	problems := s.logged(func(line string) bool { return strings.Contains(strings.ToLower(line), "level=error") })
	return cmp.Or(problems, s.LogTail())
}

// logged returns the last of the lines that are wanted.
func (s *Server) logged(wanted func(line string) bool) string {
	const limit = 20
	log, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(log)), "\n"), func(line string) bool { return !wanted(line) })
	return strings.Join(lines[max(0, len(lines)-limit):], "\n")
}
