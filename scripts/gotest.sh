#!/usr/bin/env bash
# Run the tests of one module with the race detector, in random order, and remember the counts for the totals.
# usage: gotest.sh MODULE-DIRECTORY [go test arguments]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
module=$1
shift
counts=${TEST_COUNTS:-$root/bin/test-counts}
mkdir -p "$(dirname "$counts")"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
(cd "$root/$module" && CGO_ENABLED=1 go test -race -shuffle=on -v "$@") >"$log" 2>&1 || status=$?
grep -cE '^ *--- PASS' "$log" | sed 's/^/passed /' >>"$counts" || true
grep -cE '^ *--- FAIL' "$log" | sed 's/^/failed /' >>"$counts" || true
grep -cE '^ *--- SKIP' "$log" | sed 's/^/skipped /' >>"$counts" || true
if [ $status -ne 0 ]; then
	# What failed first, for scripts say far more than the end of the output shows.
	grep -E -B15 -A3 '^ +FAIL: ' "$log" | head -n 100 || true
	grep -vE '^ *(=== (RUN|PAUSE|CONT|NAME)|--- PASS)' "$log" | tail -n 300
else
	grep -E '^(ok|FAIL|panic|measured|\?)|^ +[a-z_]+_test.go:[0-9]+: measured' "$log" | grep -v 'no test files' || true
fi
exit $status
