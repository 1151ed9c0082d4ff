package lab

import (
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Controllers says which clusters run a kube-controller-manager. Without one a cluster starts sooner and needs a
// quarter less memory, but deletes no namespace, collects no garbage and makes no ServiceAccounts: its API server then
// admits Pods without a ServiceAccount.
type Controllers int

// The choices of Controllers.
const (
	ControllersEverywhere Controllers = iota // The host and all members; the zero value.
	ControllersOnHost                        // Only the host.
	ControllersNowhere                       // No cluster.
)

func (c Controllers) on(cluster string) bool {
	return c == ControllersEverywhere || c == ControllersOnHost && cluster == HostName
}

// Options say what Up makes. The zero value is a host without members that dies with its process.
type Options struct {
	// Members is the number of clusters besides the host.
	Members int
	// Name tells labs of one user apart, and is what Open finds. It is a DNS label; empty means a generated one.
	Name string
	// Dir is where the lab writes its data and logs: a directory that does not exist yet or is empty. Empty means one
	// in the user's cache directory.
	Dir string
	// Controllers chooses the clusters that run a controller manager.
	Controllers Controllers
	// Detached lets the clusters live on after the end of the process that calls Up, until Down.
	Detached bool
	// APIServerFlags are further flags of every kube-apiserver ("--v=2"); a flag given here wins over the lab's own.
	APIServerFlags []string
	// StartTimeout limits the time in which each cluster must get ready; zero means two minutes. The time that
	// building the components takes does not count.
	StartTimeout time.Duration
	// Progress receives a line for each step; nil means none.
	Progress io.Writer
}

func (o Options) complete() (Options, error) {
	if o.Members < 0 || o.Members > 64 {
		return o, fmt.Errorf("make a lab with %d members: there can be 0 to 64", o.Members)
	}
	if o.Name == "" {
		o.Name = "lab-" + rand.String(8)
	}
	if problems := validation.IsDNS1123Label(o.Name); len(problems) > 0 {
		return o, fmt.Errorf("name a lab %q: %s", o.Name, problems[0])
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = 2 * time.Minute
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	return o, nil
}

// names are the names of the clusters to make, the host first.
func (o Options) names() []string {
	names := []string{HostName}
	for i := range o.Members {
		names = append(names, fmt.Sprintf("member%d", i+1))
	}
	return names
}
