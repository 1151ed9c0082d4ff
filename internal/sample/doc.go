// Package sample holds objects of the size and shape that real clusters have, for benchmarks and for tests of budgets.
//
// Does: nothing but hold texts.
//
// Given: nothing.
//
// Promises: what is measured in one package is measured with the same objects in another.
package sample

import (
	_ "embed"
)

// Deployment is the template of a FederatedDeployment, as indented JSON: two containers with probes, volumes and limits.
//
//go:embed deployment.json
var Deployment string

// ConfigMap is the template of a FederatedConfigMap, as indented JSON: a few short keys and a file.
//
//go:embed configmap.json
var ConfigMap string

// DeploymentFields is what an apply of Deployment owns, as FieldsV1.
//
//go:embed deployment-fields.json
var DeploymentFields string

// ConfigMapFields is what an apply of ConfigMap owns, as FieldsV1.
//
//go:embed configmap-fields.json
var ConfigMapFields string
