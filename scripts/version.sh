#!/usr/bin/env bash
# Print the version of this tree: the tag it is at, or the last one with the number of commits since and the commit.
set -euo pipefail
cd "$(dirname "$0")/.."
git describe --tags --match 'v*' --dirty 2>/dev/null || echo "v0.0.0-$(git rev-list --count HEAD)-g$(git rev-parse --short HEAD)$(git diff --quiet HEAD || echo -dirty)"
