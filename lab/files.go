package lab

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/fedsync/fedsync/lab/internal/pki"
)

// Files in the directory of a cluster.
const (
	caFile          = "ca.crt"
	servingCertFile = "apiserver.crt"
	servingKeyFile  = "apiserver.key"
	accountKeyFile  = "service-accounts.key"
	tokensFile      = "tokens.csv"
	kubeconfigFile  = "kubeconfig" // of the controller manager
	etcdDir         = "etcd"
)

// writeFiles makes the directory of a cluster and writes its keys, certificates and its administrator's token.
func writeFiles(dir string, keys *pki.Keys, token string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	files := map[string][]byte{
		caFile:          keys.CA,
		servingCertFile: keys.ServingCert,
		servingKeyFile:  keys.ServingKey,
		accountKeyFile:  keys.ServiceAccountKey,
		tokensFile:      fmt.Appendf(nil, "%s,lab-admin,lab-admin,system:masters\n", token),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// writeOwnKubeconfig writes what the controller manager connects with.
func (c *Cluster) writeOwnKubeconfig() error {
	path := c.file(kubeconfigFile)
	if err := clientcmd.WriteToFile(*kubeconfig(c), path); err != nil {
		return fmt.Errorf("write kubeconfig %q: %w", path, err)
	}
	return nil
}
