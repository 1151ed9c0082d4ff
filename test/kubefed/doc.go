// Package kubefed pins KubeFed v0.10.0, whose own e2e suite judges fedsyncd. It names the suite; go.mod names KubeFed's
// controller manager as a tool, and both are built, unmodified, from the module cache.
//
// Given: nothing. It is never imported: Kubernetes 1.22 stays in this module.
//
// Promises: the suite and the controller manager are those of the release, with the libraries that it was released with.
package kubefed

import _ "sigs.k8s.io/kubefed/test/e2e" // go mod tidy keeps what the suite needs
