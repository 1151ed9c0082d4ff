package main

import (
	_ "charm.land/bubbletea/v2"
	_ "github.com/aymanbagabas/go-udiff"
	_ "github.com/spf13/cobra/doc"
	_ "k8s.io/cli-runtime/pkg/printers"
	_ "k8s.io/client-go/discovery/cached/memory"
	_ "k8s.io/client-go/dynamic"
	_ "sigs.k8s.io/kustomize/api/krusty"
	_ "sigs.k8s.io/kustomize/kyaml/filesys"
)
