package federation

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// parse reads the objects of a YAML stream. Documents without content are skipped, lists are taken apart.
func parse(stream []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(stream), 4096)
	for n := 1; ; n++ {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("parse document %d: %w", n, err)
		}
		if len(object.Object) == 0 {
			continue
		}
		if err := complete(object); err != nil {
			return nil, fmt.Errorf("parse document %d: %w", n, err)
		}
		objects = append(objects, flatten(object)...)
	}
}

func complete(object *unstructured.Unstructured) error {
	switch {
	case object.GetKind() == "" || object.GetAPIVersion() == "":
		return errors.New("apiVersion or kind is missing")
	case object.GetName() == "" && !object.IsList():
		return fmt.Errorf("%s has no metadata.name", object.GetKind())
	default:
		return nil
	}
}

func flatten(object *unstructured.Unstructured) []*unstructured.Unstructured {
	if !object.IsList() {
		return []*unstructured.Unstructured{object}
	}
	var items []*unstructured.Unstructured
	_ = object.EachListItem(func(item runtime.Object) error { // fails only if our function does
		if u, ok := item.(*unstructured.Unstructured); ok {
			items = append(items, u)
		}
		return nil
	})
	return items
}

// read parses files; of a directory, all *.yaml and *.yml in it in the order of their names.
func read(paths []string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, path := range paths {
		files, err := filesIn(path)
		if err != nil {
			return nil, fmt.Errorf("find manifests: %w", err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read manifest: %w", err)
			}
			found, err := parse(content)
			if err != nil {
				return nil, fmt.Errorf("read manifest %q: %w", file, err)
			}
			objects = append(objects, found...)
		}
	}
	return objects, nil
}

func filesIn(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path) // sorted by name
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext == ".yaml" || ext == ".yml" {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no *.yaml in %q", path)
	}
	return files, nil
}

// inOrder sorts what others need to the front: namespaces, then definitions of types, then the rest as it was.
func inOrder(objects []*unstructured.Unstructured) {
	rank := func(o *unstructured.Unstructured) int {
		switch {
		case o.GroupVersionKind().GroupKind() == namespaceKind:
			return 0
		case isCRD(o):
			return 1
		default:
			return 2
		}
	}
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int { return cmp.Compare(rank(a), rank(b)) })
}

// move puts the objects of one namespace into another.
func move(objects []*unstructured.Unstructured, from, to string) {
	for _, o := range objects {
		if o.GetNamespace() == from {
			o.SetNamespace(to)
		}
	}
}
