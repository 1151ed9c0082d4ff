package install

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/daemon"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/fedsync/fedsync/test/await"
)

const (
	namespace = "kube-federation-system"
	ours      = "ours" // of a control plane that is limited to it
	account   = "system:serviceaccount:" + namespace + ":fedsyncd"
	patience  = time.Minute
)

// world is what all steps share.
type world struct {
	lab  *lab.Lab
	dir  string
	tool map[string]string
	// host is the administrator's view of the host; members are of the members.
	host    kubernetes.Interface
	objects dynamic.Interface
	members map[string]dynamic.Interface
	// port is that of the webhook.
	port string
	// namespace is the control plane's, objectsIn that of the objects.
	namespace, objectsIn string

	daemon *daemon.Process
}

// fleet is set up by TestMain.
var fleet *world

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "install")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	fleet, err = setUp(ctx, dir)
	if fleet != nil && fleet.lab != nil {
		defer func() {
			if err := fleet.lab.Down(ctx); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "set up:", err)
		return 1
	}
	return m.Run()
}

// auditPolicy has the API servers log what the control plane's accounts ask, without contents.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: Metadata, userGroups: ["system:serviceaccounts:` + namespace + `", "system:serviceaccounts:` + ours + `"]}
- {level: None}
`

func setUp(ctx context.Context, dir string) (*world, error) {
	w := &world{dir: dir, namespace: namespace, objectsIn: "shop", tool: map[string]string{}, members: map[string]dynamic.Interface{}}
	for _, name := range []string{"FEDSYNCD", "KUBECTL_FED", "HELM", "HELM3", "KUBECONFORM", "KUSTOMIZE", "KUBECTL"} {
		if w.tool[name] = os.Getenv(name); w.tool[name] == "" {
			return nil, fmt.Errorf("%s must name the program; `make install-test` builds it", name)
		}
	}
	policy := filepath.Join(dir, "audit.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return nil, err
	}
	var err error
	w.lab, err = lab.Up(ctx, lab.Options{
		Members: 2, Controllers: lab.ControllersOnHost, Progress: os.Stderr,
		APIServerFlags: []string{"--audit-policy-file=" + policy, "--audit-log-path=" + auditLog},
	})
	if err != nil {
		return nil, err
	}
	if w.host, err = kubernetes.NewForConfig(w.lab.Host().RESTConfig()); err != nil {
		return w, err
	}
	if w.objects, err = dynamic.NewForConfig(w.lab.Host().RESTConfig()); err != nil {
		return w, err
	}
	for _, m := range w.lab.Members() {
		if w.members[m.Name], err = dynamic.NewForConfig(m.RESTConfig()); err != nil {
			return w, err
		}
	}
	w.port, err = freePort(ctx)
	return w, err
}

// root is the repository, two directories up from this package.
func root() string { return filepath.Join("..", "..") }

// chart is the one that is tested.
func chart() string { return filepath.Join(root(), "charts", "fedsync") }

// command runs a program against the lab. Both its outputs are returned, and logged if it fails.
func (w *world) command(ctx context.Context, tool string, args ...string) (stdout, stderr string, err error) {
	cmd := exec.CommandContext(ctx, w.tool[tool], args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+w.lab.Kubeconfig(), "HELM_CACHE_HOME="+w.dir, "HELM_CONFIG_HOME="+w.dir, "HELM_DATA_HOME="+w.dir)
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Run(); err != nil {
		return out.String(), trouble.String(), fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(cmd.Path), strings.Join(args, " "), err, &out, &trouble)
	}
	return out.String(), trouble.String(), nil
}

// must runs a program that has to succeed, and returns what it printed.
func (w *world) must(t *testing.T, tool string, args ...string) string {
	t.Helper()
	stdout, stderr, err := w.command(t.Context(), tool, args...)
	if err != nil {
		t.Fatal(err)
	}
	return stdout + stderr
}

// asAccount writes a kubeconfig of the host with a token of a ServiceAccount and nothing else.
func (w *world) asAccount(ctx context.Context, name string) (path string, err error) {
	hour := int64(3600)
	token, err := w.host.CoreV1().ServiceAccounts(w.namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &hour},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	config := clientcmdapi.NewConfig()
	host := w.lab.Host().RESTConfig()
	config.Clusters["host"] = &clientcmdapi.Cluster{Server: host.Host, CertificateAuthorityData: host.CAData}
	config.AuthInfos["account"] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	config.Contexts["host"] = &clientcmdapi.Context{Cluster: "host", AuthInfo: "account"}
	config.CurrentContext = "host"
	path = filepath.Join(w.dir, w.namespace+"-"+name+".kubeconfig")
	return path, clientcmd.WriteToFile(*config, path)
}

// eventually fails the test unless check returns "" in time.
func eventually(t *testing.T, what string, check func() string) {
	t.Helper()
	if _, problem := await.Until(100*time.Millisecond, patience, check); problem != "" {
		t.Fatalf("%s: %s", what, problem)
	}
}
