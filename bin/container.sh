#!/bin/sh
# The start of the container. The kernel runs no program that lacks a capability of its file: said here in clear.
if ! node --version >/dev/null 2>&1; then
  echo 'vps-gateway: a capability is missing: run the container with' \
    '--cap-add NET_BIND_SERVICE --cap-add NET_RAW --cap-add NET_ADMIN' >&2
  exit 78
fi
exec node /app/bin/vps-gateway.js "$@"
