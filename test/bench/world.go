package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/federation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// world is the lab that all contestants work on.
type world struct {
	options options
	began   time.Time
	lab     *lab.Lab
	host    dynamic.Interface
	bare    metadata.Interface // of the host, for the bare client
	members []memberClient
	runs    int // for names
}

// memberClient speaks to one member.
type memberClient struct {
	name string
	bare metadata.Interface
	rest *rest.Config
}

// bringUp makes the lab and joins its members; no manager runs.
func bringUp(ctx context.Context, o options) (*world, error) {
	w := &world{options: o, began: time.Now()}
	var err error
	if w.lab, err = lab.Up(ctx, lab.Options{Members: o.members, Progress: os.Stderr}); err != nil {
		return nil, err
	}
	if err := w.federate(ctx); err != nil {
		w.takeDown(context.WithoutCancel(ctx))
		return nil, err
	}
	return w, nil
}

func (w *world) takeDown(ctx context.Context) {
	if err := w.lab.Down(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func (w *world) federate(ctx context.Context) error {
	host := w.lab.Host().RESTConfig()
	charts := filepath.Join(w.options.repository, "charts", "fedsync")
	if err := federation.Install(ctx, host, filepath.Join(charts, "crds"), filepath.Join(charts, "types")); err != nil {
		return err
	}
	if err := federation.Apply(ctx, host, federation.KubeFedConfig(federation.Namespace, "Cluster", false)); err != nil {
		return err
	}
	var err error
	if w.host, err = dynamic.NewForConfig(host); err != nil {
		return err
	}
	if w.bare, err = metadata.NewForConfig(metadata.ConfigFor(host)); err != nil {
		return err
	}
	for _, m := range w.lab.Members() {
		if err := federation.Join(ctx, federation.JoinOptions{Host: host, Member: m.RESTConfig(), Name: m.Name}); err != nil {
			return err
		}
		same, err := w.credentialsOf(ctx, m)
		if err != nil {
			return err
		}
		bare, err := metadata.NewForConfig(metadata.ConfigFor(same))
		if err != nil {
			return err
		}
		w.members = append(w.members, memberClient{name: m.Name, bare: bare, rest: m.RESTConfig()})
	}
	return nil
}

// credentialsOf returns a configuration with the token that the managers use too: an API server does more for a service account
// than for an administrator whom it need not ask about.
func (w *world) credentialsOf(ctx context.Context, m *lab.Cluster) (*rest.Config, error) {
	cluster, err := w.host.Resource(kubeFedClusters).Namespace(federation.Namespace).Get(ctx, m.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	name, _, err := unstructured.NestedString(cluster.Object, "spec", "secretRef", "name")
	if err != nil {
		return nil, err
	}
	secret, err := w.host.Resource(secrets).Namespace(federation.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	encoded, _, err := unstructured.NestedString(secret.Object, "data", "token")
	if err != nil {
		return nil, err
	}
	token, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	config := m.RESTConfig()
	config.BearerToken = string(token)
	return config, nil
}

// sayf prints a line of progress.
func (w *world) sayf(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "%5.0f s  "+format+"\n", append([]any{time.Since(w.began).Seconds()}, arguments...)...)
}

// viewHost watches the federated objects of a namespace.
func (w *world) viewHost(ctx context.Context, kind workload, namespace string) (*view, error) {
	v := newView(settledValue(len(w.members)))
	return v, v.run(ctx, dynamicLister(w.host.Resource(kind.federated).Namespace(namespace)), &unstructured.Unstructured{})
}

func dynamicLister(r dynamic.ResourceInterface) lister {
	return lister{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return r.List(ctx, o) },
		watch: r.Watch,
	}
}

// viewMember watches the copies in a namespace of a member, in protobuf.
func (w *world) viewMember(ctx context.Context, m memberClient, kind workload, namespace string) (*view, error) {
	config := rest.CopyConfig(m.rest)
	version := kind.target.GroupVersion()
	config.GroupVersion, config.NegotiatedSerializer, config.ContentType = &version, scheme.Codecs.WithoutConversion(), runtime.ContentTypeProtobuf
	config.APIPath = "/apis"
	if version.Group == "" {
		config.APIPath = "/api"
	}
	client, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, err
	}
	get := func(o metav1.ListOptions) *rest.Request {
		o.LabelSelector = "kubefed.io/managed=true" // a namespace has objects of its own
		return client.Get().Namespace(namespace).Resource(kind.target.Resource).VersionedParams(&o, scheme.ParameterCodec)
	}
	v := newView(kind.value)
	v.busy = kind.busy
	return v, v.run(ctx, lister{
		list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return get(o).Do(ctx).Get() },
		watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.Watch = true
			return get(o).Watch(ctx)
		},
	}, kind.example)
}
