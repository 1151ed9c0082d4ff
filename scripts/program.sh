#!/usr/bin/env bash
# Build one program so that the same tree gives the same bytes wherever it lies: static, without paths and without the linker's own ID.
# usage: program.sh PACKAGE OUTPUT [OS ARCHITECTURE]
set -euo pipefail
cd "$(dirname "$0")/.."
version=${VERSION:-$(scripts/version.sh)}
CGO_ENABLED=0 GOOS=${3:-$(go env GOHOSTOS)} GOARCH=${4:-$(go env GOHOSTARCH)} GOFLAGS=-buildvcs=false \
	go build -trimpath -tags grpcnotrace -ldflags "-s -w -buildid= -X github.com/fedsync/fedsync/internal/version.stamped=$version" -o "$2" "$1"
