#!/bin/sh
# The container's process 1: hands the three capabilities on to node, and a request to stop. The kernel drops a signal to
# process 1 that has no handler for it, as node has none while it starts; to another process it drops none.
asked='' child='' interrupted=''
stop() {
  asked=1 interrupted=1
  [ -z "$child" ] || pass_on
}
trap stop TERM INT
set -u
wanted='+net_bind_service,+net_raw,+net_admin'
program=${0%/*}/vps-gateway.js
command=${1:-}

# What is still a copy of this shell would lose a signal: it is waited until it is another program. What a shell starts
# beside itself ignores SIGINT until node has begun, so that is passed on as SIGTERM.
pass_on() {
  own='' other=''
  read -r own </proc/$$/comm
  while read -r other <"/proc/$child/comm" && [ "$other" = "$own" ]; do :; done 2>/dev/null
  kill -s TERM "$child" 2>/dev/null
}

# It ends a program without a handler, and asks none to end.
hang_up() {
  interrupted=1
  [ -n "$child" ] || return
  while read -r name mask; do
    case $name-$mask in SigCgt:-*[13579bdf]) kill -s HUP "$child" ;; esac
  done <"/proc/$child/status"
} 2>/dev/null
trap hang_up HUP

# Runs a program until it ends, and ends with its status: 0 if the gateway was asked to stop before it had opened anything.
run() {
  [ -z "$asked" ] || exit 0
  interrupted=''
  "$@" <&0 &
  child=$!
  [ -z "$asked" ] || pass_on
  wait "$child" 2>/dev/null # A shell says of what was ended by a signal that it was.
  status=$?
  while [ -n "$interrupted" ]; do
    interrupted=''
    wait "$child" 2>/dev/null
    again=$?
    [ "$again" -eq 127 ] || status=$again # 127: its status was had before the signal came.
  done
  [ "$command-$asked-$status" != serve-1-143 ] || status=0
  exit "$status"
}

# HEALTHCHECK knows 0, healthy, and 1, unhealthy. A full pool (3) is no fault that a restart would mend.
if [ "$command" = healthcheck ]; then
  node "$program" health
  case $? in
    0 | 3) exit 0 ;;
    *) exit 1 ;;
  esac
fi

# Only the gateway itself needs them.
[ "$command" = serve ] || run node "$program" "$@"

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
# With the heap for short-lived objects at 8 MiB instead of 16, a flood makes the process 20 MiB larger at most.
# What glibc has free above 128 KiB goes back to the kernel, by a limit that does not grow: 4 MiB of what a start needs.
export MALLOC_TRIM_THRESHOLD_=131072
run with-capabilities --inh-caps="$wanted" --ambient-caps="$wanted" node --max-semi-space-size=8 "$program" "$@"
