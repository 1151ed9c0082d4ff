package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Document is an object and where it comes from.
type Document struct {
	// Source is the file and, where it has several, the number of the document in it, from 1.
	Source string
	Object *unstructured.Unstructured
}

// Sources are the flags that name where objects come from.
type Sources struct {
	Files     []string
	Recursive bool
	Kustomize string
}

// AddFlags adds -f, -R and -k.
func (s *Sources) AddFlags(f *pflag.FlagSet) {
	f.StringSliceVarP(&s.Files, "filename", "f", nil, "files or directories with YAML or JSON; - is the standard input")
	f.BoolVarP(&s.Recursive, "recursive", "R", false, "read the directories below -f too")
	f.StringVarP(&s.Kustomize, "kustomize", "k", "", "directory of a kustomization")
}

// Given tells that any source was named.
func (s *Sources) Given() bool { return len(s.Files) > 0 || s.Kustomize != "" }

// Read returns all objects. A list counts as its items.
func (s *Sources) Read(in io.Reader) ([]Document, error) {
	var all []Document
	for _, name := range s.Files {
		found, err := s.readOne(name, in)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if s.Kustomize != "" {
		found, err := kustomize(s.Kustomize)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, errors.New("there is no object in what was given")
	}
	return all, nil
}

func (s *Sources) readOne(name string, in io.Reader) ([]Document, error) {
	if name == "-" {
		return decode("standard input", in)
	}
	files, err := s.files(name)
	if err != nil {
		return nil, err
	}
	var all []Document
	for _, file := range files {
		body, err := os.ReadFile(file) //nolint:gosec // the person who runs this names it
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", file, errors.Unwrap(err))
		}
		found, err := decode(file, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// files returns the file, or those of the directory that have the ending of a manifest.
func (s *Sources) files(name string) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", name, errors.Unwrap(err))
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	var files []string
	err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != name && !s.Recursive:
			return filepath.SkipDir
		case !entry.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)):
			files = append(files, path)
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = errors.New("it has no .yaml, .yml or .json file")
	}
	if err != nil {
		return nil, fmt.Errorf("read directory %q: %w", name, err)
	}
	return files, nil
}

func kustomize(dir string) ([]Document, error) {
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, fmt.Errorf("build kustomization %q: %w", dir, err)
	}
	body, err := made.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("build kustomization %q: %w", dir, err)
	}
	return decode(dir, bytes.NewReader(body))
}

func decode(source string, in io.Reader) ([]Document, error) {
	reader := yaml.NewYAMLReader(bufio.NewReader(in))
	var all []Document
	for n := 1; ; n++ {
		raw, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return numbered(all), nil
		}
		where := fmt.Sprintf("%s, document %d", source, n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		if len(bytes.TrimSpace(withoutComments(raw))) == 0 {
			continue
		}
		o, err := object(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		if !o.IsList() {
			all = append(all, Document{Source: where, Object: o})
			continue
		}
		list, err := o.ToList()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		for i := range list.Items {
			all = append(all, Document{Source: fmt.Sprintf("%s, item %d", where, i+1), Object: &list.Items[i]})
		}
	}
}

// numbered leaves out the number where there is one document only.
func numbered(all []Document) []Document {
	if len(all) == 1 {
		all[0].Source, _, _ = strings.Cut(all[0].Source, ", document ")
	}
	return all
}

func withoutComments(raw []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(raw) {
		if trimmed := bytes.TrimSpace(line); !bytes.HasPrefix(trimmed, []byte("#")) && !bytes.Equal(trimmed, []byte("---")) {
			kept = append(kept, line...)
		}
	}
	return kept
}

// object decodes one document. That it is no YAML, and that it is no object of Kubernetes, are different faults.
func object(raw []byte) (*unstructured.Unstructured, error) {
	var content any
	if err := yaml.Unmarshal(raw, &content); err != nil {
		return nil, fmt.Errorf("this is neither YAML nor JSON: %w", err)
	}
	fields, isObject := content.(map[string]any)
	if !isObject {
		return nil, errors.New("this is no object: it has no fields")
	}
	o := &unstructured.Unstructured{Object: fields}
	switch {
	case o.GetKind() == "" || o.GetAPIVersion() == "":
		return nil, errors.New("apiVersion and kind must be set")
	case o.IsList():
		return o, nil
	case o.GetName() == "":
		return nil, fmt.Errorf("%s: metadata.name must be set", o.GetKind())
	}
	return o, nil
}
