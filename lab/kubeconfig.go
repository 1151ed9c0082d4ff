package lab

import (
	"fmt"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// WriteKubeconfig writes a kubeconfig file, readable by its owner only: one context for each cluster, named as the
// cluster, all certificates inside. The current context is the host. An existing file is replaced.
func (l *Lab) WriteKubeconfig(path string) error {
	if err := clientcmd.WriteToFile(*kubeconfig(l.clusters...), path); err != nil {
		return fmt.Errorf("write kubeconfig %q: %w", path, err)
	}
	return nil
}

// kubeconfig makes the configuration of the given clusters; the first one is its current context.
func kubeconfig(clusters ...*Cluster) *clientcmdapi.Config {
	cfg := clientcmdapi.NewConfig()
	cfg.CurrentContext = clusters[0].Name
	for _, c := range clusters {
		cfg.Clusters[c.Name] = &clientcmdapi.Cluster{Server: c.URL, CertificateAuthorityData: c.CA}
		cfg.AuthInfos[c.Name] = &clientcmdapi.AuthInfo{Token: c.Token}
		cfg.Contexts[c.Name] = &clientcmdapi.Context{Cluster: c.Name, AuthInfo: c.Name}
	}
	return cfg
}
