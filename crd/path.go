package crd

import (
	"fmt"
	"strings"
)

// A path names a field of a schema: "spec.clusters[].name". "[]" steps into the items of a list, "{}" into the values
// of a map, and the empty path is the schema itself.

// describe sets the description of the field at path.
func describe(root *schema, path, description string) error {
	return edit(root, path, func(field *schema) { field.Description = description })
}

// edit calls change with the field at path and stores what it made of it. Properties are values in a map, so the way
// back up has to store each of them again.
func edit(field *schema, path string, change func(*schema)) error {
	if path == "" {
		change(field)

		return nil
	}

	step, rest, _ := strings.Cut(path, ".")
	name := strings.TrimSuffix(strings.TrimSuffix(step, "[]"), "{}")

	property, found := field.Properties[name]
	if !found {
		return fmt.Errorf("find field %q: there is none", name)
	}

	next := within(&property, step[len(name):])
	if next == nil {
		return fmt.Errorf("step into field %q: it is neither list nor map", step)
	}

	if err := edit(next, rest, change); err != nil {
		return err
	}

	field.Properties[name] = property

	return nil
}

// within returns the schema of the items or values of a field, as the brackets ask, or nil.
func within(field *schema, brackets string) *schema {
	switch {
	case brackets == "":
		return field
	case brackets == "[]" && field.Items != nil:
		return field.Items.Schema
	case brackets == "{}" && field.AdditionalProperties != nil:
		return field.AdditionalProperties.Schema
	default:
		return nil
	}
}
