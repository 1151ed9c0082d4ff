package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// leftOut are the specs that do not judge a manager: those that only run KubeFed's own controllers inside the suite.
	leftOut = "Scheduler|FTC controller|Simulated|NOT_READY"
	// needsWebhook are those that need a webhook, which KubeFed has in a program of its own that is not run here.
	needsWebhook = "Default|Core API Validation"
	// callTimeout is how long the suite waits for one thing to happen.
	callTimeout = time.Minute
	// firstSeed puts the specs of the VersionManager last. One of them waits for the garbage collector, which looks for
	// new types only twice a minute: earlier in a fresh lab, that takes up to 30 s. Later runs come in random order.
	firstSeed = 36
	// suiteTimeout limits a run of the suite, in which many specs may fail, each after its time. KubeFed itself takes up
	// to five minutes.
	suiteTimeout = 8 * time.Minute
)

// run says how to run the suite.
type run struct {
	suite      string
	kubeconfig string
	log        string
	path       string // directory of the program that the suite starts
	seed       int    // of the order of the specs; 0 is random
}

// results runs a part of the suite to its end.
func (r run) results(t *testing.T, p part) []result {
	t.Helper()
	log, err := os.OpenFile(r.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() //nolint:errcheck // it is for people
	receiver := &receiver{log: log}
	server := httptest.NewServer(receiver)
	defer server.Close()
	ctx, cancel := context.WithTimeoutCause(t.Context(), suiteTimeout, fmt.Errorf("not done within %s", suiteTimeout))
	defer cancel()
	command := exec.CommandContext(ctx, r.suite, r.args(p, server.URL)...)
	temporary := t.TempDir()
	command.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "PATH=") || strings.HasPrefix(v, "TMPDIR=") || strings.HasPrefix(v, "KUBECONFIG=")
	}), "PATH="+r.path+string(os.PathListSeparator)+os.Getenv("PATH"), "TMPDIR="+temporary)
	command.Stdout, command.Stderr = log, log
	fmt.Fprintln(log, "#", command)
	err = runGroup(command)
	keepOutput(log, temporary)
	return receiver.finish(errors.Join(context.Cause(ctx), err))
}

// runGroup runs a command to its end, and then ends what it has started and left: a suite that crashes leaves managers. The
// command ends with this process.
func runGroup(command *exec.Cmd) error {
	runtime.LockOSThread() // it is this thread's end that the kernel looks at
	defer runtime.UnlockOSThread()
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	err := command.Run()
	if command.Process != nil {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // an error means that nothing is left
	}
	return err
}

func (r run) args(p part, reportTo string) []string {
	args := append([]string{
		"-kubeconfig=" + r.kubeconfig, "-single-call-timeout=" + callTimeout.String(),
		"-ginkgo.v", "-ginkgo.noColor", "-ginkgo.parallel.streamhost=" + reportTo,
		"-test.timeout=0", // ours is suiteTimeout
	}, p.flags...)
	if r.seed != 0 {
		args = append(args, fmt.Sprintf("-ginkgo.seed=%d", r.seed))
	}
	for _, pattern := range p.focus {
		args = append(args, "-ginkgo.focus="+pattern)
	}
	for _, pattern := range p.skip {
		args = append(args, "-ginkgo.skip="+pattern)
	}
	return args
}

// keepOutput adds to the log what the suite said last, when it crashed: until it reports a spec, it keeps its output in
// a temporary file.
func keepOutput(log *os.File, temporary string) {
	files, _ := filepath.Glob(filepath.Join(temporary, "ginkgo-output*")) // the pattern is good
	for _, file := range files {
		if content, err := os.ReadFile(file); err == nil {
			_, _ = log.Write(content)
		}
	}
}
