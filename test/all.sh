#!/usr/bin/env bash
# All checks from a fresh clone: packages, types, lint and format, build, tests. Arguments go to the test runner.
# What cannot run is named with its reason; the runner's count comes last.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

failed=()
say() { printf '\n== %s\n' "$*"; }
check() {
  local name=$1
  shift
  say "$name"
  "$@" || failed+=("$name")
}

# The real clients and tools that the system tests use.
debian_packages() {
  local wanted=(iproute2 isc-dhcp-client udhcpc dhcpcd-base dnsmasq-base kea-dhcp4-server isc-dhcp-server tcpdump strace sqlite3 etcd-server etcd-client openssl faketime gcc libc6-dev e2fsprogs nftables curl jq iptables docker-compose groff-base zsh fish chromium) missing=() package
  if [ -d /run/systemd/system ]; then
    # There their packages enable them: NetworkManager would take over this machine's own interfaces, the others a port.
    echo 'not installed where systemd runs: network-manager prometheus nginx-light'
  else
    wanted+=(network-manager systemd prometheus nginx-light)
  fi
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "not Debian: tests that need one of ${wanted[*]} run where it is installed"
    return
  fi
  for package in "${wanted[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return
  if [ "$(id -u)" -ne 0 ]; then
    echo "could not install without root: ${missing[*]}"
    return
  fi
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 # No daemon is started by its package.
  local install=(timeout 180 apt-get install -y -q --no-install-recommends --no-remove "${missing[@]}")
  "${install[@]}" >/dev/null 2>&1 || { timeout 120 apt-get update -q >/dev/null 2>&1 && "${install[@]}" >/dev/null; } ||
    echo "could not install: ${missing[*]}; the tests that need them are named below"
}

say 'npm packages'
npm run --silent ready || exit 1
say 'Debian packages'
debian_packages
check 'types' npx tsc -p test
check 'types of the page' npx tsc -p src/page
check 'lint and format' npx biome ci --colors=off
check 'build' npm run --silent build

say 'tests'
run=(npx vitest run --config test/vitest.config.ts)
if [ "$(id -u)" -ne 0 ] && [ $# -eq 0 ]; then
  # As the root of a user namespace, where the kernel allows one.
  node test/system/run.js || failed+=('system tests')
  run+=(--project unit --project pure)
fi
if [ ${#failed[@]} -gt 0 ]; then
  printf 'FAILED before the tests: %s\n' "${failed[*]}"
  printf '\t%s\n' "${failed[@]}" >>"${FAILURES:-/dev/null}"
fi
"${run[@]}" "$@"
status=$?
[ ${#failed[@]} -eq 0 ] || exit 1
exit $status
