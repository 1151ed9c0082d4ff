#!/usr/bin/env bash
# Make a picture of a page, such as a graph of Prometheus, with Debian's chromium: scripts/picture.sh URL FILE.png
# PICTURE_SIZE is the window's (1200,960), PICTURE_TIME the milliseconds of the page's own clock that it has to become
# complete (15000), CHROMIUM another browser of the same kind. For the pictures in docs/, by hand; nothing else needs it.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 URL FILE.png" >&2 && exit 2; }
browser=${CHROMIUM:-chromium}
command -v "$browser" >/dev/null || { echo "no $browser: apt-get install --no-install-recommends chromium" >&2 && exit 1; }
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
flags=()
[ "$(id -u)" -ne 0 ] || flags+=(--no-sandbox) # root has none
# The rest keeps it from asking the internet for anything.
if ! "$browser" --headless --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run \
	--hide-scrollbars --user-data-dir="$profile" "${flags[@]}" --window-size="${PICTURE_SIZE:-1200,960}" \
	--virtual-time-budget="${PICTURE_TIME:-15000}" --screenshot="$(realpath "$2")" "$1" >"$profile/log" 2>&1 || [ ! -s "$2" ]; then
	tail -n 20 "$profile/log" >&2
	exit 1
fi
