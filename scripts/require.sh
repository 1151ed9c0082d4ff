#!/usr/bin/env bash
# Make sure that Debian packages are there: installs them as root, else says which are missing.
set -euo pipefail
missing=()
for package in "$@"; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
# Where there is no dpkg, a working compiler is all that we need.
command -v dpkg-query >/dev/null || { command -v gcc >/dev/null && exit 0; }
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
	echo "installing ${missing[*]}" >&2
	apt-get update -qq >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
	exit 0
fi
echo "missing: ${missing[*]} (the race detector needs a C compiler); install them and try again" >&2
exit 1
