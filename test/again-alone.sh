#!/usr/bin/env bash
# usage: again-alone.sh FAILURES - what FailedReporter wrote in a whole run that failed.
# Tests of the system, cluster and page projects wait for real programs, each wait for so many seconds at most. With other files
# beside them on few processors a program may be slower than that through no fault of its own. So each of their files that
# failed runs once more, alone, and what passes then is named. All other failures stand, and so do those of many files.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
failures=$1
MOST_FILES=12

stands() { printf '\nThe failures stand: %s\n' "$1"; exit 1; }
[ -s "$failures" ] || stands 'what failed was not a test'
mapfile -t files < <(cut -f 1 "$failures" | sort -u)
for file in "${files[@]}"; do
  case $file in
    test/system/*.test.ts | test/cluster/*.test.ts | test/page/*.test.ts) ;;
    *) stands "not only files of the system, cluster and page projects failed${file:+ ($file)}" ;;
  esac
done
[ ${#files[@]} -le $MOST_FILES ] || stands "${#files[@]} files failed, too many for a slow moment"

status=0
for file in "${files[@]}"; do
  printf '\n== once more, alone: %s\n' "$file"
  project=${file#test/}
  outcome='failed beside others, passed alone'
  env -u FAILURES npx vitest run --config test/vitest.config.ts --project "${project%%/*}" "$file" || { status=1; outcome='failed beside others and alone'; }
  while IFS=$'\t' read -r name test; do
    [ "$name" != "$file" ] || said+=("$outcome: $file > $test")
  done <"$failures"
done
printf '\n'
printf '%s\n' "${said[@]}"
exit $status
