#!/usr/bin/env bash
# Write deploy/kustomize/base and crds anew from the chart, as `helm template` renders it with its defaults.
# usage: kustomize.sh HELM
set -euo pipefail
cd "$(dirname "$0")/.."
helm=$1
out=deploy/kustomize
note="# Rendered from charts/fedsync by scripts/kustomize.sh. DO NOT EDIT."
{
	echo "$note"
	"$helm" template fedsync charts/fedsync --namespace kube-federation-system --no-hooks |
		# What is said to Helm and about it has no meaning here.
		sed -e '/helm.sh\//d' -e 's/managed-by: Helm/managed-by: kustomize/' -e '/^# Source:/d' |
		sed -e ':a;N;$!ba;s/\n  annotations:\n\( *#[^\n]*\n\)*spec:/\nspec:/g'
} >$out/base/fedsync.yaml
{
	echo "$note"
	for file in charts/fedsync/crds/*.yaml; do
		echo ---
		cat "$file"
	done
} >$out/crds/crds.yaml
