package registry

import (
	"maps"
	"slices"

	"github.com/fedsync/fedsync/lab/internal/process"
)

// State is all that must be known to use or remove a lab.
type State struct {
	Name string `json:"name"`
	// Dir holds the data of the lab and is removed with it.
	Dir string `json:"dir"`
	// Bin is the directory of the programs.
	Bin string `json:"bin"`
	// Owner is the process that the lab must not outlive; nil means it lives until it is destroyed.
	Owner    *process.Ref `json:"owner,omitempty"`
	Clusters []Cluster    `json:"clusters"`
}

// Cluster is one cluster of a lab.
type Cluster struct {
	Name           string   `json:"name"`
	Token          string   `json:"token"`
	CA             []byte   `json:"ca"`
	APIPort        int      `json:"apiPort"`
	EtcdPort       int      `json:"etcdPort"`
	Controllers    bool     `json:"controllers"`
	APIServerFlags []string `json:"apiServerFlags,omitempty"`
	// Processes are the processes of the cluster by component; those of a killed cluster stay listed.
	Processes map[string]process.Ref `json:"processes,omitempty"`
}

// Abandoned tells whether the lab's owner has died.
func (s State) Abandoned() bool { return s.Owner != nil && !s.Owner.Alive() }

// Cluster finds a cluster by its name; nil when there is none. Changes to it are changes to the state.
func (s State) Cluster(name string) *Cluster {
	for i := range s.Clusters {
		if s.Clusters[i].Name == name {
			return &s.Clusters[i]
		}
	}
	return nil
}

// Refs are all processes of the lab.
func (s State) Refs() []process.Ref {
	var refs []process.Ref
	for _, c := range s.Clusters {
		refs = append(refs, c.refs()...)
	}
	return refs
}

// Living are the processes of the cluster that are alive, in alphabetical order of their components.
func (c Cluster) Living() []process.Ref {
	return slices.DeleteFunc(c.refs(), func(r process.Ref) bool { return !r.Alive() })
}

func (c Cluster) refs() []process.Ref {
	var refs []process.Ref
	for _, component := range slices.Sorted(maps.Keys(c.Processes)) {
		refs = append(refs, c.Processes[component])
	}
	return refs
}

func (s State) ports() []int {
	var ports []int
	for _, c := range s.Clusters {
		ports = append(ports, c.APIPort, c.EtcdPort)
	}
	return ports
}
