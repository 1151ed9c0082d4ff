#!/usr/bin/env bash
# Build a release into DIRECTORY: fedsyncd and the plugin for each platform, the chart, the plugin's krew manifest, a bill of materials for
# each program, and the checksums of it all.
# usage: release.sh DIRECTORY HELM CYCLONEDX_GOMOD PLATFORM...      (a PLATFORM is OS/ARCHITECTURE)
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mkdir -p "$1" && cd "$1" && pwd) helm=$2 sbom=$3
shift 3
export VERSION=${VERSION:-$(scripts/version.sh)}
plain=${VERSION#v} # Helm wants it without the v
rm -rf "${out:?}"/*
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The time in the archives is the commit's, so that a release can be built again.
epoch=$(git log -1 --format=%ct)
archive() { tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -C "$2" -cf - . | gzip -n >"$1"; }

for platform in "$@"; do
	os=${platform%/*} architecture=${platform#*/}
	for program in fedsyncd kubectl-fed; do
		name=${program}_${os}_${architecture}
		mkdir -p "$scratch/$name"
		scripts/program.sh "./cmd/$program" "$scratch/$name/$program" "$os" "$architecture"
		cp LICENSE "$scratch/$name/"
		archive "$out/$name.tar.gz" "$scratch/$name"
		"$sbom" bin -json -output "$out/$name.cdx.json" "$scratch/$name/$program" 2>/dev/null
	done
done

"$helm" package charts/fedsync --version "$plain" --app-version "$plain" --destination "$out" >/dev/null
scripts/krew.sh "$out" "$@" >"$out/fed.yaml"
(cd "$out" && sha256sum -- * >checksums.txt)
echo "$VERSION: $(wc -l <"$out/checksums.txt") files in $out"
