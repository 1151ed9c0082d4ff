package membership

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
)

// copyVerbs are what fedsync does with copies.
func copyVerbs() []string { return []string{"get", "list", "watch", "create", "patch", "delete"} }

const rbacGroup = rbacv1.GroupName

// extraVerbs are needed to write what grants rights: else fedsync would have to hold all the rights that it grants.
func extraVerbs(group, plural string) []string {
	switch {
	case group == rbacGroup && (plural == "clusterroles" || plural == "roles"):
		return []string{"escalate"}
	case group == rbacGroup && (plural == "clusterrolebindings" || plural == "rolebindings"):
		return []string{"bind"}
	}
	return nil
}

// leastRules are the rights that the enabled types need in a member, sorted by group and resource: their copies, the identity
// of the cluster and its namespaces, and its health.
func leastRules(list []control.Type) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	namespaces := false
	for i := range list {
		t := &list[i]
		if !t.Enabled() {
			continue
		}
		namespaces = namespaces || t.IsNamespace()
		rules = append(rules, rbacv1.PolicyRule{
			APIGroups: []string{t.Target.Group}, Resources: []string{t.Target.Plural}, Verbs: append(copyVerbs(), extraVerbs(t.Target.Group, t.Target.Plural)...),
		})
	}
	if !namespaces {
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"get"}})
	}
	slices.SortStableFunc(rules, func(a, b rbacv1.PolicyRule) int {
		return slices.Compare([]string{a.APIGroups[0], a.Resources[0]}, []string{b.APIGroups[0], b.Resources[0]})
	})
	return append(rules, rbacv1.PolicyRule{NonResourceURLs: []string{"/healthz", "/version"}, Verbs: []string{"get"}})
}

// allRules are what KubeFed's join grants.
func allRules() []rbacv1.PolicyRule {
	all := []string{"*"}
	return []rbacv1.PolicyRule{{APIGroups: all, Resources: all, Verbs: all}, {NonResourceURLs: all, Verbs: []string{"get"}}}
}
