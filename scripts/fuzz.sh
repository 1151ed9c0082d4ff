#!/usr/bin/env bash
# Fuzz each fuzz test of a module in turn: scripts/fuzz.sh MODULE-DIRECTORY DURATION [go test arguments]
# An input that fails is left in testdata/fuzz of its package: mend the fault and commit the input with it.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root/$1"
duration=$2
shift 2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
packages=$(go list -f $'{{.ImportPath}}\t{{.Dir}}' ./...)
status=0
# The tests are found by their text: go test -list would run each package's TestMain, which may want clusters.
while IFS=$'\t' read -r package dir; do
	for name in $(cat "$dir"/*_test.go 2>/dev/null | sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(f \*testing\.F\).*/\1/p'); do
		# By default go may spend a minute on making one interesting input shorter, and tries no other meanwhile.
		if go test -run '^$' -fuzz "^$name\$" -fuzztime "$duration" -fuzzminimizetime 20x "$@" "$package" >"$log" 2>&1 </dev/null; then
			echo "ok $package $name: $(sed -nE 's/.*(execs: [0-9]+).*/\1/p' "$log" | tail -n 1)"
		else
			status=1
			echo "FAILED $package $name"
			grep -v '^fuzz: elapsed' "$log" | tail -n 100
		fi
	done
done <<<"$packages"
exit $status
