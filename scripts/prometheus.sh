#!/usr/bin/env bash
# Print a directory that holds prometheus and promtool: those on PATH, else the ones in Debian's package, which is
# unpacked into the lab's cache and not installed: installed, it starts a service that listens on every interface.
# Debian keeps what the pages in the browser need in packages of their own, so these come along: Prometheus finds it all
# with --web.local-assets DIRECTORY/../share/prometheus/web, which lab/prometheus passes.
set -euo pipefail
cache=${FEDSYNC_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fedsync-lab}

fail() {
	echo "no prometheus: $1" >&2
	echo "put prometheus and promtool on PATH: https://prometheus.io/download, or your system's package prometheus" >&2
	exit 1
}

# candidate prints the version that apt-get would take, or nothing where there are no lists.
candidate() {
	apt-cache show --no-all-versions prometheus 2>/dev/null | sed -n 's/^Version: //p' || true
}

# unpack fills a directory with the packages. The pages' libraries are named by what the package depends on.
unpack() {
	local assets
	assets=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances prometheus |
		grep -E '^(libjs|fonts)-' || true)
	mkdir "$1/packages"
	# As root, apt-get would give the work to a user who may not write here, and complain.
	# shellcheck disable=SC2086 # one word for each package
	(cd "$1/packages" && apt-get -qq -o "APT::Sandbox::User=$(id -un)" download prometheus $assets) >&2 || return 1
	for package in "$1"/packages/*.deb; do
		dpkg -x "$package" "$1" || return 1
	done
	rm -r "$1/packages"
}

if command -v prometheus >/dev/null && command -v promtool >/dev/null; then
	mkdir -p "$cache/prometheus-on-path"
	ln -sfn "$(command -v prometheus)" "$(command -v promtool)" "$cache/prometheus-on-path/"
	echo "$cache/prometheus-on-path"
	exit 0
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
	fail "not on PATH, and this is no Debian"
fi
version=$(candidate)
if [ -z "$version" ]; then # lists may be gone since it was unpacked
	unpacked=("$cache"/prometheus-[0-9]*/usr/bin)
	[ -d "${unpacked[-1]}" ] && echo "${unpacked[-1]}" && exit 0
	[ "$(id -u)" -eq 0 ] || fail "not on PATH, and apt-get knows no package prometheus; apt-get update may help"
	apt-get update -qq >&2 || fail "apt-get update did not work"
	version=$(candidate)
	[ -n "$version" ] || fail "not on PATH, and apt-get knows no package prometheus"
fi

home=$cache/prometheus-$version
if [ ! -d "$home" ]; then
	mkdir -p "$cache"
	fresh=$(mktemp -d "$cache/.prometheus.XXXXXX")
	trap 'rm -rf "$fresh"' EXIT
	chmod 755 "$fresh"
	echo "unpacking Debian's prometheus $version into $home" >&2
	unpack "$fresh" || fail "could not get Debian's packages prometheus, libjs-* and fonts-glyphicons-halflings; apt-get update may help"
	# Complete or not there at all. Who comes second finds it there, and takes that.
	mv -T "$fresh" "$home" 2>/dev/null || [ -d "$home" ]
fi
echo "$home/usr/bin"
