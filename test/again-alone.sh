#!/usr/bin/env bash
# usage: again-alone.sh FAILURES - what FailedReporter wrote in a whole run that failed.
# Many tests wait for real programs, sockets or clocks, each for so many seconds at most. With other files beside them on few
# processors that may take longer through no fault of the program. So each file that failed runs once more, alone, and what passes
# then is named. The failures of many files stand.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
failures=$1
MOST_FILES=12

stands() { printf '\nThe failures stand: %s\n' "$1"; exit 1; }
[ -s "$failures" ] || stands 'what failed was not a test'
mapfile -t files < <(cut -f 1 "$failures" | sort -u)
for file in "${files[@]}"; do [ -n "$file" ] || stands 'an error outside of all tests'; done
[ ${#files[@]} -le $MOST_FILES ] || stands "${#files[@]} files failed, too many for a slow moment"

status=0
for file in "${files[@]}"; do
  printf '\n== once more, alone: %s\n' "$file"
  case $file in
    test/system/* | test/cluster/* | test/page/*) project=${file#test/}; projects=(--project "${project%%/*}") ;;
    *) projects=(--project unit --project pure) ;;
  esac
  outcome='failed beside others, passed alone'
  env -u FAILURES node node_modules/vitest/vitest.mjs run --config test/vitest.config.ts "${projects[@]}" "$file" || { status=1; outcome='failed beside others and alone'; }
  while IFS=$'\t' read -r name test; do
    [ "$name" != "$file" ] || said+=("$outcome: $file > $test")
  done <"$failures"
done
printf '\n'
printf '%s\n' "${said[@]}"
exit $status
