// Command fedsyncd keeps copies of federated objects in member clusters.
package main

import (
	"fmt"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	if err := command().ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "fedsyncd:", err)
		os.Exit(1)
	}
}
