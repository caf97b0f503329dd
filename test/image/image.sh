#!/usr/bin/env bash
# Builds the container image and serves a guest from it, in network namespaces: read-only, as an ordinary user, with the
# three capabilities of docker-compose.vps-gateway.yml. Needs root, and Debian's buildah, debootstrap and udhcpc.
# Status 0: it was built and it served; 1: it did not; 2: it could not be tried here, and why is said.
set -euo pipefail
cd "$(dirname "$0")/../.."
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
image=localhost/vps-gateway:test
base=localhost/vps-gateway-base:24
# Bytes that the image may have beyond its base.
most=60000000

cannot() { echo "could not run: the container image: $*"; exit 2; }
fail() { echo "FAILED: the container image: $*"; [ -f "$work/log" ] && tail -n 40 "$work/log"; exit 1; }
[ "$(id -u)" -eq 0 ] || cannot 'not root'
for program in buildah debootstrap udhcpc ip unshare nsenter setpriv; do
  command -v "$program" >/dev/null || missing+=("$program")
done
[ -z "${missing[*]:-}" ] || cannot "missing here: ${missing[*]} (apt-get install buildah debootstrap udhcpc iproute2 util-linux)"

work=$(mktemp -d)
node=vpsgw-image-node guest=vpsgw-image-guest
clean() {
  [ ! -s "$work/pid" ] || kill -KILL "$(cat "$work/pid")" 2>/dev/null || true
  [ -z "${container:-}" ] || buildah rm "$container" >/dev/null 2>&1 || true
  for namespace in "$node" "$guest"; do ip netns delete "$namespace" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean EXIT

# An image registry, where there is one; else an image of the same kind, made here.
if buildah images "$base" >/dev/null 2>&1; then
  echo "base: $base, made before"
elif timeout 20 buildah pull --quiet docker.io/library/node:24-bookworm-slim >"$work/log" 2>&1; then
  base=docker.io/library/node:24-bookworm-slim
else
  bash test/image/base.sh "$base" >"$work/log" 2>&1 || { tail -n 5 "$work/log"; cannot 'no base image could be made'; }
fi
echo "base: $base"
buildah bud --layers --network host --build-arg "NODE_IMAGE=$base" --tag "$image" . >"$work/log" 2>&1 || fail 'it does not build'

bytes() { buildah inspect --type image --format '{{.OCIv1.RootFS.DiffIDs}}' "$1" >/dev/null; local c m; c=$(buildah from "$1"); m=$(buildah mount "$c"); du -sb --apparent-size "$m" | cut -f1; buildah rm "$c" >/dev/null; }
added=$(($(bytes "$image") - $(bytes "$base")))
echo "size: $added bytes beyond its base"
[ "$added" -le "$most" ] || fail "$added bytes beyond its base, more than $most"

# A bridge's worth of network: the node with the gateway, and a guest.
ip netns add "$node"
ip netns add "$guest"
ip -n "$node" link add eth0 type veth peer name eth0 netns "$guest"
ip -n "$node" address add 10.15.3.10/24 dev eth0
ip -n "$node" link set lo up
ip -n "$node" link set eth0 up
ip -n "$guest" link set eth0 up

container=$(buildah from "$image")
root=$(buildah mount "$container")
unneeded=$(find "$root/app/node_modules" "$root/app/dist" -type f \
  \( -name '*.d.ts' -o -path '*/better-sqlite3*/*.[cho]' -o -path '*/better-sqlite3*/*.cpp' \) -print -quit)
[ -z "$unneeded" ] || fail "it has types, or the sources of SQLite: ${unneeded#"$root"}"
copies=$(find "$root" -xdev -type f -name node -size +10M | wc -l)
[ "$copies" -eq 1 ] || fail "$copies copies of node"
mkdir "$work/leases"
chown 1000:1000 "$work/leases"
export root work node
# What Docker gives: process 1, a root file system that is read-only, no ambient capability, three in the bounding set.
cat > "$work/contain" <<'CONTAIN'
set -e
mount --make-rprivate /
mount --bind "$root" "$root"
mount --bind "$work/leases" "$root/var/lib/obiente/vps-gateway"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --bind /dev "$root/dev"
mount -o remount,bind,ro "$root"
cd "$root"
exec chroot . /usr/bin/env -i $environment setpriv $user --bounding-set="$bounds" --inh-caps=-all /app/bin/container.sh serve
CONTAIN
export root work
export environment='PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_ENV=production LOG_FORMAT=json'
export user='--reuid=1000 --regid=1000 --clear-groups'
export bounds='-all,+net_bind_service,+net_raw,+net_admin'
ip netns exec "$node" unshare --mount --pid --fork --kill-child bash "$work/contain" >"$work/log" 2>&1 &
unshared=$!

# Of process 1 in the container.
first() { pgrep --parent "$unshared" | head -n 1; }
inside() {
  nsenter --target "$(cat "$work/pid")" --mount --pid --net --root --wd \
    env -i $environment setpriv $user --bounding-set="$bounds" --inh-caps=-all "$@"
}
healthcheck() { inside /app/bin/container.sh healthcheck; }
within() { # within SECONDS COMMAND: until it succeeds
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.3
  done
}
unhealthy() { ! healthcheck; }

started() { first > "$work/pid" && [ -s "$work/pid" ]; }
within 10 started || fail 'it does not start'
within 30 healthcheck || fail 'it does not become healthy'
ip netns exec "$guest" timeout 20 udhcpc -i eth0 -n -q -f -t 5 -T 1 -s /bin/true >"$work/udhcpc" 2>&1 || fail "a guest gets no lease: $(cat "$work/udhcpc")"
echo "guest: $(grep -m 1 -i 'lease of' "$work/udhcpc")"
ip -n "$node" address delete 10.15.3.10/24 dev eth0
within 30 unhealthy || fail 'it stays healthy without its address'
ip -n "$node" address add 10.15.3.10/24 dev eth0
within 30 healthcheck || fail 'it does not become healthy again'
echo 'HEALTHCHECK: failed without the address, and recovered with it'
kill -TERM "$(cat "$work/pid")"
stopped() { ! kill -0 "$(cat "$work/pid")"; }
within 10 stopped || fail 'it does not stop'
grep -q '"msg":"stopped"' "$work/log" || fail 'it did not stop cleanly'
echo 'ok: the container image was built, served a guest read-only with three capabilities, and stopped cleanly'
