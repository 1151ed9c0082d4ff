package host

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/fedsync/fedsync/federation/fault"
	"github.com/fedsync/fedsync/federation/report"
	"github.com/fedsync/fedsync/fleet"
)

// Versions writes the PropagatedVersions, and ClusterPropagatedVersions, of federated objects. It is safe for concurrent
// use, if no two goroutines write those of the same object.
type Versions struct {
	client *Client

	wrote func(error) error

	mu     sync.Mutex
	stored map[fleet.ObjectKey]storedVersions
}

// storedVersions is what the host was found to store, or was last written.
type storedVersions struct {
	object types.UID
	status report.Versions
}

// NewVersions returns a writer that knows nothing yet of what the host stores. wrote is told how each write ended.
func NewVersions(c *Client, wrote func(error) error) *Versions {
	return &Versions{client: c, wrote: wrote, stored: map[fleet.ObjectKey]storedVersions{}}
}

// Write makes the host store the versions. It writes nothing if it knows that the host does.
func (v *Versions) Write(ctx context.Context, t fleet.Type, o *fleet.FederatedObject, want report.Versions) error {
	v.mu.Lock()
	stored, known := v.stored[o.Key]
	v.mu.Unlock()
	if known && stored.object == o.UID && reflect.DeepEqual(stored.status, want) {
		return nil
	}
	if !known || stored.object != o.UID { // the first time since the start, or a new object of the same name
		same, err := v.find(ctx, t, o, want)
		if err != nil {
			return fmt.Errorf("read versions of %s: %w", o.Key, err)
		}
		if same {
			v.remember(o, want)
			return nil
		}
	}
	err := v.wrote(v.patch(ctx, t, o, want))
	if class := fault.Of(err).Class; class == fault.Absent {
		if err = v.wrote(v.create(ctx, t, o)); err == nil || fault.Of(err).Class == fault.Exists {
			err = v.wrote(v.patch(ctx, t, o, want))
		}
	}
	if err != nil {
		return fmt.Errorf("write versions of %s: %w", o.Key, err)
	}
	v.remember(o, want)
	return nil
}

// Forget drops what is known about an object that is gone. The host's garbage collector removes what was written.
func (v *Versions) Forget(key fleet.ObjectKey) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.stored, key)
}

func (v *Versions) remember(o *fleet.FederatedObject, status report.Versions) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stored[o.Key] = storedVersions{object: o.UID, status: status}
}

// foundVersions is the part of a PropagatedVersion that counts.
type foundVersions struct {
	Metadata struct {
		OwnerReferences []metav1.OwnerReference `json:"ownerReferences"`
	} `json:"metadata"`
	Status report.Versions `json:"status"`
}

func (f *foundVersions) ownedBy(uid types.UID) bool {
	return slices.ContainsFunc(f.Metadata.OwnerReferences, func(r metav1.OwnerReference) bool { return r.UID == uid })
}

func (v *Versions) read(ctx context.Context, t fleet.Type, o *fleet.FederatedObject) (*foundVersions, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	result := v.client.rest.Get().AbsPath(versionsPath(t, o.Key)...).Do(ctx)
	if err := result.Error(); err != nil { // Result.Raw alone knows only the status code
		return nil, err
	}
	raw, err := result.Raw()
	if err != nil {
		return nil, err
	}
	found := &foundVersions{Status: report.Versions{ClusterVersions: []report.ClusterVersion{}}}
	err = json.Unmarshal(raw, found)
	return found, err
}

// find tells whether the host stores the versions already. What it stores for an object before is made the object's own: it
// would go with that one.
func (v *Versions) find(ctx context.Context, t fleet.Type, o *fleet.FederatedObject, want report.Versions) (same bool, err error) {
	found, err := v.read(ctx, t, o)
	switch {
	case fault.Of(err).Class == fault.Absent:
		return false, nil
	case err != nil:
		return false, err
	case !found.ownedBy(o.UID):
		err = v.wrote(v.own(ctx, t, o))
	}
	return reflect.DeepEqual(found.Status, want), err
}

// own makes the federated object the owner.
func (v *Versions) own(ctx context.Context, t fleet.Type, o *fleet.FederatedObject) error {
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"ownerReferences": ownersOf(t, o)}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return v.client.rest.Patch(types.MergePatchType).AbsPath(versionsPath(t, o.Key)...).
		SetHeader("Accept", metadataOnly).Param("fieldManager", "fedsync").Body(body).Do(ctx).Error()
}

func ownersOf(t fleet.Type, o *fleet.FederatedObject) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: t.Federated.APIVersion(), Kind: t.Federated.Kind, Name: o.Key.Name, UID: o.UID}}
}

func (v *Versions) patch(ctx context.Context, t fleet.Type, o *fleet.FederatedObject, want report.Versions) error {
	body, err := json.Marshal(map[string]any{"status": want})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return v.client.rest.Patch(types.MergePatchType).AbsPath(append(versionsPath(t, o.Key), "status")...).
		SetHeader("Accept", metadataOnly).Param("fieldManager", "fedsync").Body(body).Do(ctx).Error()
}

// create makes the object without its status, which the server would drop. Its owner is the federated object: the host's
// garbage collector removes it with that.
func (v *Versions) create(ctx context.Context, t fleet.Type, o *fleet.FederatedObject) error {
	path := versionsPath(t, o.Key)
	kind := "PropagatedVersion"
	if !t.Federated.Namespaced {
		kind = "ClusterPropagatedVersion"
	}
	body, err := json.Marshal(map[string]any{
		"apiVersion": "core.kubefed.io/v1alpha1", "kind": kind,
		"metadata": metav1.ObjectMeta{
			Name: path[len(path)-1], Namespace: o.Key.Namespace,
			OwnerReferences: ownersOf(t, o),
		},
		"status": report.Versions{ClusterVersions: []report.ClusterVersion{}},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return v.client.rest.Post().AbsPath(path[:len(path)-1]...).SetHeader("Content-Type", "application/json").
		SetHeader("Accept", metadataOnly).Param("fieldManager", "fedsync").Body(body).Do(ctx).Error()
}

// versionsPath is keyed by the target's kind, not its type: KubeFed lets two types of the same kind share an object, and so
// the last writer wins (kubefed#550).
func versionsPath(t fleet.Type, key fleet.ObjectKey) []string {
	name := strings.ToLower(t.Target.Kind) + "-" + key.Name
	if !t.Federated.Namespaced {
		return []string{"apis", "core.kubefed.io", "v1alpha1", "clusterpropagatedversions", name}
	}
	return []string{"apis", "core.kubefed.io", "v1alpha1", "namespaces", key.Namespace, "propagatedversions", name}
}
