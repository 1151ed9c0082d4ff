package member

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/federation/raw"
	"github.com/fedsync/fedsync/fleet"
)

// requestTimeout is the deadline of one request that is no probe.
const requestTimeout = 15 * time.Second

// client speaks to one member over one transport.
type client struct {
	metadata  metadata.Interface
	rest      *rest.RESTClient
	whole     *rest.RESTClient // decodes whole objects, their content as JSON
	transport *transport
}

func newClient(credentials *Credentials) (*client, error) {
	own := *credentials
	own.Config = metadata.ConfigFor(credentials.Config)
	c := &client{}
	var err error
	if c.transport, err = newTransport(&own); err != nil {
		return nil, fmt.Errorf("make transport: %w", err)
	}
	if c.metadata, err = metadata.NewForConfigAndClient(own.Config, c.transport.client); err != nil {
		return nil, fmt.Errorf("make metadata client: %w", err)
	}
	config := rest.CopyConfig(own.Config)
	config.GroupVersion = &schema.GroupVersion{}
	if c.rest, err = rest.RESTClientForConfigAndClient(config, c.transport.client); err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	if c.whole, err = raw.NewClientFor(config, c.transport.client); err != nil {
		return nil, fmt.Errorf("make client for whole objects: %w", err)
	}
	return c, nil
}

// metadataOnly asks for an answer without the object's content.
const metadataOnly = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

// path returns the path of an object of the resource, in the version that the object is written in.
func path(r fleet.Resource, apiVersion, namespace, name string) []string {
	segments := []string{"api", apiVersion}
	if strings.Contains(apiVersion, "/") {
		segments = append([]string{"apis"}, strings.Split(apiVersion, "/")...)
	}
	if r.Namespaced {
		segments = append(segments, "namespaces", namespace)
	}
	segments = append(segments, r.Plural)
	if name != "" {
		segments = append(segments, name)
	}
	return segments
}

// identity returns the UID of the kube-system namespace, which tells clusters apart.
func (c *client) identity(ctx context.Context, timeout time.Duration) (types.UID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ns, err := c.metadata.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("get namespace %q: %w", metav1.NamespaceSystem, err)
	}
	return ns.UID, nil
}

// healthz returns what /healthz says: "ok" from a healthy server.
func (c *client) healthz(ctx context.Context, timeout time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := answer(c.rest.Get().AbsPath("/healthz").SetHeader("Accept", "*/*").Do(ctx))
	if err != nil {
		return "", fmt.Errorf("get /healthz: %w", err)
	}
	return strings.TrimSpace(string(body)), nil
}

// gitVersion returns the server's version, such as v1.37.2.
func (c *client) gitVersion(ctx context.Context, timeout time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := answer(c.rest.Get().AbsPath("/version").SetHeader("Accept", runtime.ContentTypeJSON).Do(ctx))
	if err != nil {
		return "", fmt.Errorf("get /version: %w", err)
	}
	var v version.Info
	if err := json.Unmarshal(body, &v); err != nil {
		return "", fmt.Errorf("read /version: %w", err)
	}
	return v.GitVersion, nil
}

// answer returns the body, or the error that the server wrote into it. Result.Raw alone knows only the status code.
func answer(r rest.Result) ([]byte, error) {
	if err := r.Error(); err != nil {
		return nil, err
	}
	return r.Raw()
}
