package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/lab/internal/process"
)

// pollInterval is how often a starting component is asked whether it is ready.
const pollInterval = 50 * time.Millisecond

// errExited says that a component ended while others waited for it.
var errExited = errors.New("it has ended")

// waitServing waits until a component that was just started answers, or has ended.
func (c *Cluster) waitServing(ctx context.Context, component string, child *process.Child) error {
	var probe func(context.Context) error
	switch component {
	case Etcd:
		probe = func(ctx context.Context) error { return fetchOK(ctx, http.DefaultClient, c.etcdURL()+"/health") }
	case APIServer:
		probe = c.probe("/readyz")
	default: // it does not listen; waitUsable sees its work
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-child.Exited():
			cancel(errExited)
		case <-ctx.Done():
		}
	}()
	if err := poll(ctx, probe); err != nil {
		return err
	}
	select { // somebody else may have answered on a port that our component could not get
	case <-child.Exited():
		return errExited
	default:
		return nil
	}
}

// waitUsable waits for what users of a cluster take for granted and what appears a moment after the API server is
// ready.
func (c *Cluster) waitUsable(ctx context.Context) error {
	paths := []string{"/api/v1/namespaces/default", "/api/v1/namespaces/kube-system"}
	if c.controllers {
		paths = append(paths, "/api/v1/namespaces/default/serviceaccounts/default")
	}
	for _, path := range paths {
		if err := poll(ctx, c.probe(path)); err != nil {
			return fmt.Errorf("get %s: %w", path, err)
		}
	}
	return nil
}

// probe makes a function that asks the API server for a path.
func (c *Cluster) probe(path string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.get(ctx, path)
		return err
	}
}

// get fetches a path from the API server as the administrator.
func (c *Cluster) get(ctx context.Context, path string) ([]byte, error) {
	client, err := rest.HTTPClientFor(c.RESTConfig()) // client-go keeps the transport for the next call
	if err != nil {
		return nil, err
	}
	return fetch(ctx, client, c.URL+path)
}

// poll calls probe until it returns nil. When the context ends first, it tells why it did and the last error.
func poll(ctx context.Context, probe func(context.Context) error) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := probe(attempt)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w; last answer: %w", context.Cause(ctx), err)
		}
	}
}

func fetchOK(ctx context.Context, client *http.Client, url string) error {
	_, err := fetch(ctx, client, url)
	return err
}

func fetch(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s", url, resp.Status)
	}
	return body, nil
}
