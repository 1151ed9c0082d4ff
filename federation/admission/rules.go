package admission

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// oneOf tells that a value is none of the allowed ones. An empty one is missing.
func oneOf[T ~string](path *field.Path, value T, allowed ...T) field.ErrorList {
	switch {
	case value == "":
		return field.ErrorList{field.Required(path, "must be one of "+list(allowed))}
	case !slices.Contains(allowed, value):
		return field.ErrorList{field.NotSupported(path, value, allowed)}
	}
	return nil
}

func list[T ~string](words []T) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return strings.Join(all, ", ")
}

// named applies one of Kubernetes' rules about names. An empty one is missing.
func named(path *field.Path, value string, rule func(string) []string) (faults field.ErrorList) {
	if value == "" {
		return field.ErrorList{field.Required(path, "")}
	}
	for _, message := range rule(value) {
		faults = append(faults, field.Invalid(path, value, message))
	}
	return faults
}
