package registry

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/fedsync/fedsync/lab/internal/process"
)

func TestAddGivesEachClusterItsPorts(t *testing.T) {
	reg := open(t)
	var ports []int
	for _, name := range []string{"a", "b", "c"} {
		s := add(t, reg, State{Name: name, Clusters: []Cluster{{Name: "host"}, {Name: "member1"}}})
		ports = append(ports, s.ports()...)
		loaded, err := reg.Load(name)
		if err != nil || !slices.Equal(loaded.ports(), s.ports()) {
			t.Errorf("Load(%q) = %+v, %v; Add returned %+v", name, loaded, err, s)
		}
	}
	slices.Sort(ports)
	if n := len(slices.Compact(slices.Clone(ports))); n != 12 {
		t.Errorf("12 servers have the ports %v", ports)
	}
	if ports[0] < firstPort || ports[11] > lastPort {
		t.Errorf("ports %v leave the range", ports)
	}
	if _, err := reg.Add(t.Context(), State{Name: "b"}); !errors.Is(err, ErrExists) {
		t.Errorf("Add() of a second lab of the same name: %v, want %v", err, ErrExists)
	}
}

func TestUpdateAndMovePortAreKept(t *testing.T) {
	reg := open(t)
	before := add(t, reg, State{Name: "a", Clusters: []Cluster{{Name: "host"}}})
	ref := process.Ref{PID: 7, Start: 8, Program: "etcd"}
	err := reg.Update(t.Context(), "a", func(s *State) {
		s.Cluster("host").Processes = map[string]process.Ref{"etcd": ref}
	})
	if err != nil {
		t.Fatal(err)
	}
	port, err := reg.MovePort(t.Context(), "a", "host", func(c *Cluster) *int { return &c.APIPort })
	if err != nil {
		t.Fatal(err)
	}
	after, err := reg.Load("a")
	if err != nil {
		t.Fatal(err)
	}
	host := after.Cluster("host")
	if host.APIPort != port || port == before.Clusters[0].APIPort || host.EtcdPort != before.Clusters[0].EtcdPort {
		t.Errorf("MovePort() made %+v of %+v", host, before.Clusters[0])
	}
	if got := after.Refs(); !slices.Equal(got, []process.Ref{ref}) {
		t.Errorf("Refs() = %+v", got)
	}
}

func TestPortFree(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := net.SplitHostPort(l.Addr().String())
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	if PortFree(port) {
		t.Error("a port that is listened on is called free")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if !PortFree(port) {
		t.Error("a port is not free after its listener has gone")
	}
}

func TestReapTakesOnlyAbandonedLabs(t *testing.T) {
	reg := open(t)
	self, err := process.Self()
	if err != nil {
		t.Fatal(err)
	}
	dead := self
	dead.Start++ // the PID lives, the process does not
	owners := map[string]*process.Ref{"owned": &self, "abandoned": &dead, "detached": nil}
	children := map[string]process.Ref{}
	for name, owner := range owners {
		children[name] = startSleep(t)
		s := State{Name: name, Dir: reg.DefaultDir(name), Owner: owner, Clusters: []Cluster{
			{Name: "host", Processes: map[string]process.Ref{"etcd": children[name]}},
		}}
		add(t, reg, s)
		if err := MakeDir(s.Dir, name); err != nil {
			t.Fatal(err)
		}
	}
	reaped, err := reg.Reap(t.Context())
	if err != nil || !slices.Equal(reaped, []string{"abandoned"}) {
		t.Fatalf("Reap() = %q, %v", reaped, err)
	}
	for name := range owners {
		keep := name != "abandoned"
		if got := children[name].Alive(); got != keep {
			t.Errorf("process of lab %q lives: %v, want %v", name, got, keep)
		}
		if got := exists(reg.DefaultDir(name)); got != keep {
			t.Errorf("directory of lab %q exists: %v, want %v", name, got, keep)
		}
		if _, err := reg.Load(name); errors.Is(err, ErrNotFound) == keep {
			t.Errorf("Load(%q): %v", name, err)
		}
	}
}

func TestDestroyRemovesOnlyWhatIsMarked(t *testing.T) {
	reg := open(t)
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := MakeDir(foreign, "a"); err == nil {
		t.Error("MakeDir() took a directory that is not empty")
	}
	add(t, reg, State{Name: "a", Dir: foreign})
	if err := reg.Destroy(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if !exists(filepath.Join(foreign, "precious")) {
		t.Error("Destroy() removed a directory without the lab's mark")
	}

	theirs := filepath.Join(t.TempDir(), "theirs")
	if err := MakeDir(theirs, "b"); err != nil {
		t.Fatal(err)
	}
	add(t, reg, State{Name: "a", Dir: theirs})
	if err := reg.Destroy(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if !exists(theirs) {
		t.Error("Destroy() removed the directory of another lab")
	}
	if err := reg.Destroy(t.Context(), "a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Destroy() again: %v, want %v", err, ErrNotFound)
	}
}

func open(t *testing.T) *Registry {
	t.Helper()
	reg, err := Open(filepath.Join(t.TempDir(), "labs"))
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

func add(t *testing.T, reg *Registry, s State) State {
	t.Helper()
	s, err := reg.Add(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func startSleep(t *testing.T) process.Ref {
	t.Helper()
	path, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("no sleep command")
	}
	spawner := process.NewSpawner(true)
	t.Cleanup(spawner.Close)
	child, err := spawner.Start(process.Command{Path: path, Args: []string{"60"}, Log: os.DevNull})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Kill(child.Ref); err != nil {
			t.Error(err)
		}
	})
	return child.Ref
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
