#!/usr/bin/env bash
# Print the krew manifest of the plugin for the archives in DIRECTORY.
# usage: krew.sh DIRECTORY PLATFORM...
set -euo pipefail
directory=$1
shift
cat <<HEAD
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: fed
spec:
  version: $VERSION
  homepage: https://github.com/fedsync/fedsync
  shortDescription: See and steer a federation of clusters
  description: |
    Joins clusters to a federation, enables types, federates objects, and tells where each copy stands and why.
    Works with fedsync and understands the objects of KubeFed v0.10.
  platforms:
HEAD
for platform in "$@"; do
	name=kubectl-fed_${platform%/*}_${platform#*/}.tar.gz
	cat <<PLATFORM
  - selector:
      matchLabels: {os: ${platform%/*}, arch: ${platform#*/}}
    uri: https://github.com/fedsync/fedsync/releases/download/$VERSION/$name
    sha256: $(sha256sum "$directory/$name" | cut -d' ' -f1)
    bin: kubectl-fed
    files:
    - {from: kubectl-fed, to: .}
    - {from: LICENSE, to: .}
PLATFORM
done
