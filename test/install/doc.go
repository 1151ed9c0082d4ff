// Package install holds the test that the chart installs something that works, with the rights that it grants and none that it does not
// need.
//
// Does: nothing outside its test.
//
// Given: FEDSYNCD and KUBECTL_FED, the paths of the two programs; HELM and HELM3, those of Helm 4 and 3; KUBECONFORM, KUSTOMIZE and KUBECTL.
//
// Promises: one lab of a host that keeps an audit log and two members, for all steps, which build on each other; nothing is left of it. fedsyncd
// runs with the token of the chart's ServiceAccount. No cluster of the lab has nodes: the test does a kubelet's work, with the arguments that
// the chart gives to the pods.
package install
