package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts plays every script. What a script may use besides testscript's own commands is in commands_test.go.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "cmd", "kubectl-fed", "testdata"),
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("FEDSYNC_CLI_UPDATE") != "",
		Setup:               fleet.prepare,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"apply": fleet.apply, "delete": fleet.remove, "settled": fleet.settled, "until": fleet.until, "said": fleet.said, "normal": normal,
			"refusals": fleet.refusals, "retry": fleet.retry, "kubeconfig-secret": fleet.kubeconfigSecret, "stop": fleet.stop, "start": fleet.start,
		},
	})
}

// prepare gives a script the plugin in its PATH and the host as the current context.
func (w *world) prepare(env *testscript.Env) error {
	env.Setenv("PATH", w.plugin+string(os.PathListSeparator)+os.Getenv("PATH"))
	env.Setenv("HOME", env.WorkDir)
	kubeconfig, err := os.ReadFile(w.lab.Kubeconfig())
	if err != nil {
		return err
	}
	for _, c := range w.lab.Clusters() {
		env.Setenv(strings.ToUpper(c.Name)+"_URL", c.URL)
	}
	env.Defer(func() { w.cleanUp(env) })
	own := filepath.Join(env.WorkDir, ".kube-config") // a script may change it
	env.Setenv("KUBECONFIG", own)
	return os.WriteFile(own, kubeconfig, 0o600)
}
