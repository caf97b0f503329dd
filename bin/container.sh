#!/bin/sh
# The start of the container: hands the three capabilities on to node.
set -u
wanted='+net_bind_service,+net_raw,+net_admin'
program=/app/bin/vps-gateway.js

# HEALTHCHECK knows 0, healthy, and 1, unhealthy. A full pool (3) is no fault that a restart would mend.
if [ "${1:-}" = healthcheck ]; then
  node "$program" health
  case $? in
    0 | 3) exit 0 ;;
    *) exit 1 ;;
  esac
fi

# Only the gateway itself needs them.
[ "${1:-}" = serve ] || exec node "$program" "$@"

as_gateway() { with-capabilities --inh-caps="$wanted" --ambient-caps="$wanted" "$@"; }

# The kernel runs no program that lacks a capability of its file: said here in clear.
if ! as_gateway true 2>/dev/null; then
  if grep -q '^NoNewPrivs:[[:space:]]*1' /proc/self/status; then
    echo 'vps-gateway: the container runs with no-new-privileges, which voids its capabilities:' \
      'leave that option out (it is an ordinary user with three capabilities already)' >&2
  else
    echo 'vps-gateway: a capability is missing: run the container with' \
      '--cap-add NET_BIND_SERVICE --cap-add NET_RAW --cap-add NET_ADMIN' >&2
  fi
  exit 69
fi
exec with-capabilities --inh-caps="$wanted" --ambient-caps="$wanted" node "$program" "$@"
