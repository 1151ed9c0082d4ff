package lab

import (
	"fmt"
	"path/filepath"

	"k8s.io/client-go/rest"

	"github.com/fedsync/fedsync/lab/internal/registry"
)

// Cluster is one cluster of a lab. Its exported fields are fixed once Up or Open has returned it, and stay the same
// over Kill and Start.
type Cluster struct {
	// Name is HostName, or memberN with N from 1.
	Name string
	// URL is where the API server listens, such as https://127.0.0.1:21345.
	URL string
	// CA is the PEM certificate of the authority that signed the API server's certificate. Each cluster has its own.
	CA []byte
	// Token is the bearer token of a cluster administrator (group system:masters).
	Token string

	lab         *Lab
	bin         string // directory of the programs
	dir         string
	apiPort     int
	etcdPort    int
	controllers bool
	apiFlags    []string
}

// RESTConfig returns a new configuration for clients of the API server, with the rights of a cluster administrator and
// without a client-side rate limit.
func (c *Cluster) RESTConfig() *rest.Config {
	return &rest.Config{
		Host:            c.URL,
		BearerToken:     c.Token,
		TLSClientConfig: rest.TLSClientConfig{CAData: c.CA},
		QPS:             -1,
	}
}

// LogPath is the path of the log of one component: etcd, kube-apiserver or kube-controller-manager.
func (c *Cluster) LogPath(component string) string {
	return filepath.Join(c.dir, component+".log")
}

func (c *Cluster) file(name string) string { return filepath.Join(c.dir, name) }

func (c *Cluster) setAPIPort(port int) {
	c.apiPort = port
	c.URL = fmt.Sprintf("https://127.0.0.1:%d", port)
}

func clusterFromState(l *Lab, bin string, s registry.Cluster) *Cluster {
	c := &Cluster{
		Name: s.Name, CA: s.CA, Token: s.Token, lab: l, bin: bin, dir: filepath.Join(l.dir, s.Name),
		etcdPort: s.EtcdPort, controllers: s.Controllers, apiFlags: s.APIServerFlags,
	}
	c.setAPIPort(s.APIPort)
	return c
}
