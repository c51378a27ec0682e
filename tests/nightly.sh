#!/usr/bin/env bash
# All that takes too long for every change: each long_*.sh below tests/, one after another, races and builds among them, the parity
# table with networks of all sizes, and then every fuzzer. Some hours on two cores; some need root, and skip without.
#
# usage: tests/nightly.sh [SECONDS [PATTERN]]        (default: 600 seconds a fuzzer; PATTERN: only scripts whose path has it)
#
# Logs are in build/nightly. One line a script; the exit code is 0 if nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
seconds=${1:-600} pattern=${2:-}
logs=build/nightly
failed=0

# night NAME COMMAND...: runs it and says how it ended and how long it took.
night() {
  local name=$1 start=$SECONDS code verdict=ok
  shift
  "$@" >"$logs/$name.log" 2>&1
  code=$?
  case $code in 0) ;; 77) verdict=skipped ;; *) verdict=FAILED failed=$((failed + 1)) ;; esac
  printf '%-40s %-8s %6d s   %s\n' "$name" "$verdict" $((SECONDS - start)) "$(tail -n 1 "$logs/$name.log" | cut -c -100)"
}

# Those that compare with another program, or time a machine that does nothing else, are run by hand.
scripts() {
  find tests -name 'long_*.sh' ! -name long_same.sh ! -name long_links.sh | sort | grep -F -- "$pattern"
}

. launch/build.sh
mkdir -p "$logs"
build release -DFA_TESTS=ON || exit
while read -r script; do night "$(basename "$(dirname "$script")").$(basename "$script" .sh)" "$script"; done < <(scripts)
[[ parity != *"$pattern"* ]] || night parity env PARITY_ALL=1 /usr/bin/python3 tests/parity/run.py
[[ fuzz != *"$pattern"* ]] || night fuzz tests/fuzz/run.sh "$seconds"
[ "$failed" -eq 0 ]
