#!/usr/bin/env bash
# Build what image/Dockerfile puts together, without a container engine, and start the program from it as the image's user, with nothing else of
# this machine in sight. Then build it once more from another directory: both must be the same.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$(mktemp -d) twin=$(mktemp -d)
trap 'rm -rf "$root" "$twin"' EXIT
export VERSION=${VERSION:-$(scripts/version.sh)}

scripts/program.sh ./cmd/fedsyncd "$root/fedsyncd" linux
install -D -m 644 image/passwd "$root/etc/passwd"
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"; fi
chmod 755 "$root"

user=$(sed -n 's/^USER //p' image/Dockerfile)
name=$(sed -n "s/^\([^:]*\):x:${user%:*}:${user#*:}:.*/\1/p" image/passwd)
[ -n "$name" ] || { echo "image/passwd has no user $user"; exit 1; }
if file "$root/fedsyncd" 2>/dev/null | grep -q 'dynamically linked'; then echo "fedsyncd is not static"; exit 1; fi
if [ "$(id -u)" -eq 0 ]; then
	said=$(chroot --userspec="$user" "$root" /fedsyncd --version)
else
	echo "not root: the program is started without the image's user and root" >&2
	said=$("$root/fedsyncd" --version)
fi
[ "$said" = "fedsyncd version $VERSION" ] || { echo "it says: $said, not version $VERSION"; exit 1; }

# What go.sum does not pin is not in the tree: a copy of what git knows is enough to build.
git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - 2>/dev/null | tar -C "$twin" -xf -
(cd "$twin" && scripts/program.sh ./cmd/fedsyncd "$twin/fedsyncd.again" linux)
cmp "$root/fedsyncd" "$twin/fedsyncd.again" || { echo "two builds of one tree differ"; exit 1; }
echo "$said, $(du -k "$root/fedsyncd" | cut -f1) kB, as user $name; a second build is the same: $(sha256sum "$root/fedsyncd" | cut -c1-16)"
