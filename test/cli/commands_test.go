package cli

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/fedsync/fedsync/lab/federation"
	"github.com/rogpeppe/go-internal/testscript"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/jsonpath"
)

// patience is how long a script waits for what must come true.
const patience = 30 * time.Second

// context of a script's command: it ends long before the test would.
func deadline() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

// apply CLUSTER FILE: applies the objects of a file.
func (w *world) apply(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: apply CLUSTER FILE")
	}
	ctx, cancel := deadline()
	defer cancel()
	cluster, err := w.lab.Cluster(args[0])
	ts.Check(err)
	ts.Check(federation.Apply(ctx, cluster.RESTConfig(), []byte(ts.ReadFile(args[1]))))
}

// remove CLUSTER RESOURCE [NAMESPACE/]NAME: deletes an object and waits until it is gone. One that is not there is fine.
func (w *world) remove(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: delete CLUSTER RESOURCE [NAMESPACE/]NAME")
	}
	ctx, cancel := deadline()
	defer cancel()
	namespace, name := split(args[2])
	of := w.clusters[args[0]].Resource(resource(args[1])).Namespace(namespace)
	if err := of.Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		ts.Fatalf("%v", err)
	}
	w.wait(ts, "it is gone", func(ctx context.Context) (bool, string) {
		_, err := of.Get(ctx, name, metav1.GetOptions{})
		return apierrors.IsNotFound(err), fmt.Sprint(err)
	})
}

// settled RESOURCE NAMESPACE/NAME: waits until the federated object's condition Propagation is True for its generation.
func (w *world) settled(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: settled RESOURCE NAMESPACE/NAME")
	}
	namespace, name := split(args[1])
	w.wait(ts, args[1]+" is settled", func(ctx context.Context) (bool, string) {
		o, err := w.clusters["host"].Resource(resource(args[0])).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		observed, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
		conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
		for _, c := range conditions {
			if c, ok := c.(map[string]any); ok && c["type"] == "Propagation" && c["status"] == "True" && observed == o.GetGeneration() {
				return true, ""
			}
		}
		return false, fmt.Sprint(o.Object["status"])
	})
}

// [!] until CLUSTER RESOURCE [NAMESPACE/]NAME [JSONPATH WANT]: waits until an object exists, or until the field has the value.
// With ! it waits until the object does not exist, or the field has another value.
func (w *world) until(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 && len(args) != 5 {
		ts.Fatalf("usage: [!] until CLUSTER RESOURCE [NAMESPACE/]NAME [JSONPATH WANT]")
	}
	namespace, name := split(args[2])
	w.wait(ts, strings.Join(args, " "), func(ctx context.Context) (bool, string) {
		o, err := w.clusters[args[0]].Resource(resource(args[1])).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return neg && apierrors.IsNotFound(err), err.Error()
		}
		if len(args) == 3 {
			return !neg, "it exists"
		}
		got, err := field(o, args[3])
		if err != nil {
			ts.Fatalf("%v", err)
		}
		return (got == args[4]) != neg, fmt.Sprintf("it is %q", got)
	})
}

// said FILE REGEXP: waits until a command in the background has written that into a file.
func (w *world) said(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: said FILE REGEXP")
	}
	wanted, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	w.wait(ts, strings.Join(args, " "), func(context.Context) (bool, string) {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err != nil {
			return false, err.Error() // it has not begun
		}
		return wanted.Match(text), "it says:\n" + string(text)
	})
}

func field(o *unstructured.Unstructured, path string) (string, error) {
	j := jsonpath.New("field").AllowMissingKeys(true)
	if err := j.Parse(path); err != nil {
		return "", err
	}
	var text strings.Builder
	err := j.Execute(&text, o.Object)
	return text.String(), err
}

// normal FILE...: replaces in files, or in stdout and stderr, what differs from run to run: times, ages, hashes, addresses.
func normal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: normal stdout|stderr|FILE NEWFILE")
	}
	text := ts.ReadFile(args[0])
	for _, r := range []struct{ pattern, with string }{
		{`https://127\.0\.0\.1:\d+`, "https://ENDPOINT"},
		{`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`, "UID"},
		{`\b[0-9a-f]{16,64}\b`, "HASH"},
		{`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\b`, "TIME"},
		{`(?m)\b\d+(\.\d+)?(ms|s|m|m\d+s|h)\b *`, "AGE "},
		{`(?m) +$`, ""},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.with)
	}
	ts.Check(writeFile(ts.MkAbs(args[1]), text))
}

// kubeconfig-secret CLUSTER NAME: makes a Secret on the host that holds an administrator's kubeconfig of the cluster, as many tools do.
func (w *world) kubeconfigSecret(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: kubeconfig-secret CLUSTER NAME")
	}
	cluster, err := w.lab.Cluster(args[0])
	ts.Check(err)
	config := clientcmdapi.NewConfig()
	config.CurrentContext = "admin"
	config.Contexts["admin"] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: "user"}
	config.Clusters["cluster"] = &clientcmdapi.Cluster{Server: cluster.URL, CertificateAuthorityData: cluster.CA}
	config.AuthInfos["user"] = &clientcmdapi.AuthInfo{Token: cluster.Token}
	content, err := clientcmd.Write(*config)
	ts.Check(err)
	secret := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": args[1], "namespace": federation.Namespace},
		"stringData": map[string]any{"kubeconfig": string(content)},
	}}
	ctx, cancel := deadline()
	defer cancel()
	_, err = w.clusters["host"].Resource(resource("secrets")).Namespace(federation.Namespace).Create(ctx, secret, metav1.CreateOptions{})
	ts.Check(err)
}

// refusals FILE: writes into a file how many of fedsyncd's requests were answered 403 so far, and how many of its watches are.
func (w *world) refusals(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: refusals FILE")
	}
	ctx, cancel := deadline()
	defer cancel()
	samples, err := w.daemon.Metrics(ctx)
	ts.Check(err)
	const forbidden = "forbidden"
	count := samples.Sum("fedsync_writes_total", map[string]string{"result": forbidden}) + samples.Sum("fedsync_host_writes_total", map[string]string{"result": forbidden}) +
		samples.Sum("fedsync_member_watches", map[string]string{"state": forbidden})
	ts.Check(writeFile(ts.MkAbs(args[0]), fmt.Sprintln(count)))
}

// retry REGEXP COMMAND...: runs a command until it succeeds and its output matches.
func (w *world) retry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: retry REGEXP COMMAND...")
	}
	pattern := regexp.MustCompile(args[0])
	w.wait(ts, "the output matches "+args[0], func(context.Context) (bool, string) {
		err := ts.Exec(args[1], args[2:]...)
		said := ts.ReadFile("stdout")
		return err == nil && pattern.MatchString(said), said
	})
}

// stop CLUSTER: kills a cluster's processes, as a power cut would.
func (w *world) stop(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: stop CLUSTER")
	}
	cluster, err := w.lab.Cluster(args[0])
	ts.Check(err)
	ts.Check(cluster.Kill())
}

// start CLUSTER: starts a cluster that was stopped.
func (w *world) start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: start CLUSTER")
	}
	cluster, err := w.lab.Cluster(args[0])
	ts.Check(err)
	ctx, cancel := deadline()
	defer cancel()
	ts.Check(cluster.Start(ctx))
}

// wait looks again and again until something is true.
func (w *world) wait(ts *testscript.TestScript, what string, isTrue func(context.Context) (bool, string)) {
	ctx, cancel := deadline()
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		done, last := isTrue(ctx)
		if done {
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("wait until %s: %s", what, last)
		case <-tick.C:
		}
	}
}

// resource reads PLURAL, PLURAL.GROUP or PLURAL.VERSION.GROUP; the version is v1 where it is left out, and v1beta1 of KubeFed's groups.
func resource(word string) schema.GroupVersionResource {
	plural, group, grouped := strings.Cut(word, ".")
	if strings.HasPrefix(plural, "federated") && plural != "federatedtypeconfigs" && !grouped {
		return schema.GroupVersionResource{Group: "types.kubefed.io", Version: "v1beta1", Resource: plural}
	}
	if strings.HasPrefix(plural, "kubefed") || plural == "federatedtypeconfigs" {
		return schema.GroupVersionResource{Group: "core.kubefed.io", Version: "v1beta1", Resource: plural}
	}
	return schema.GroupVersionResource{Group: group, Version: "v1", Resource: plural}
}

func split(word string) (namespace, name string) {
	if before, after, namespaced := strings.Cut(word, "/"); namespaced {
		return before, after
	}
	return "", word
}

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }
