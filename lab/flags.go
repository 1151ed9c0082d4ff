package lab

import (
	"fmt"
	"strconv"
)

// components are the programs that the cluster runs, in the order in which they need each other.
func (c *Cluster) components() []string {
	if c.controllers {
		return []string{Etcd, APIServer, ControllerManager}
	}
	return []string{Etcd, APIServer}
}

func (c *Cluster) flags(component string) []string {
	switch component {
	case Etcd:
		return c.etcdFlags()
	case APIServer:
		return c.apiServerFlags()
	default:
		return c.controllerManagerFlags()
	}
}

func (c *Cluster) etcdURL() string { return fmt.Sprintf("http://127.0.0.1:%d", c.etcdPort) }

func (c *Cluster) etcdFlags() []string {
	return []string{
		"--name=lab",
		"--data-dir=" + c.file(etcdDir),
		"--listen-client-urls=" + c.etcdURL(),
		"--advertise-client-urls=" + c.etcdURL(),
		"--listen-peer-urls=http://127.0.0.1:0", // it has no peers
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

func (c *Cluster) apiServerFlags() []string {
	flags := []string{
		"--etcd-servers=" + c.etcdURL(),
		"--etcd-prefix=/registry",
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1", // otherwise it looks for a route to the world, which may not exist
		"--secure-port=" + strconv.Itoa(c.apiPort),
		"--cert-dir=" + c.dir,
		"--tls-cert-file=" + c.file(servingCertFile),
		"--tls-private-key-file=" + c.file(servingKeyFile),
		"--token-auth-file=" + c.file(tokensFile),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + c.file(accountKeyFile),
		"--service-account-signing-key-file=" + c.file(accountKeyFile),
		"--service-cluster-ip-range=10.0.0.0/16",
		"--endpoint-reconciler-type=none", // nobody reaches it through the Service "kubernetes"
		"--allow-privileged=true",
		"--profiling=false",
	}
	if !c.controllers { // nobody makes the ServiceAccounts that this plugin demands of Pods
		flags = append(flags, "--disable-admission-plugins=ServiceAccount")
	}
	return append(flags, c.apiFlags...)
}

func (c *Cluster) controllerManagerFlags() []string {
	return []string{
		"--kubeconfig=" + c.file(kubeconfigFile),
		"--secure-port=0", // its metrics and health are not needed: one port less
		"--leader-elect=false",
		"--service-account-private-key-file=" + c.file(accountKeyFile),
		"--root-ca-file=" + c.file(caFile),
		"--flex-volume-plugin-dir=" + c.file("flexvolume"), // it makes the directory, which would be in /usr
		"--profiling=false",
		// The default of 20 makes the deletion of a namespace take many seconds.
		"--kube-api-qps=200",
		"--kube-api-burst=400",
	}
}
