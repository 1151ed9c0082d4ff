package lab

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
)

// ownerEnv makes the test program a process that brings up a lab, says so and waits to be killed.
const ownerEnv = "FEDSYNC_LAB_TEST_OWNER"

func TestMain(m *testing.M) {
	if os.Getenv(ownerEnv) != "" {
		runOwner()
	}
	flag.Parse()
	if !testing.Short() { // outside of the tests' own time limit
		if _, err := Build(context.Background(), os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// ownerReport is what the owner process prints when its lab is up.
type ownerReport struct {
	Name  string       `json:"name"`
	Dir   string       `json:"dir"`
	State ClusterState `json:"state"`
}

func runOwner() {
	l, err := Up(context.Background(), Options{Controllers: ControllersNowhere})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status, err := l.Host().Status()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(ownerReport{l.Name(), l.Dir(), status.State}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	select {}
}
