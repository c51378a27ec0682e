#!/usr/bin/env bash
# Runs all tests: installs packages where it may, builds the presets, runs ctest on each, counts.
#
# usage: tests/run.sh [PRESET...]        (default: release debug float64)
set -uo pipefail
cd "$(dirname "$0")/.." || exit

launch/packages.sh tests || exit $?

presets=("$@")
[ ${#presets[@]} -gt 0 ] || presets=(release debug float64)
passed=0 failed=0 skipped=0

# count PRESET: adds up the results that ctest left; none at all is a failure.
count() {
  local results=build/$1/results.xml total bad left_out
  total=$(grep -s -o '<testcase ' "$results" | wc -l)
  if [ "$total" -eq 0 ]; then
    failed=$((failed + 1))
    return
  fi
  bad=$(grep -c 'status="fail"' "$results")
  left_out=$(grep -cE 'status="(notrun|disabled)"' "$results")
  failed=$((failed + bad))
  skipped=$((skipped + left_out))
  passed=$((passed + total - bad - left_out))
}

for preset in "${presets[@]}"; do
  echo "== $preset"
  rm -f "build/$preset/results.xml"
  if ! cmake --preset "$preset" -DFA_TESTS=ON >"build-$preset.log" 2>&1 || ! cmake --build --preset "$preset" >>"build-$preset.log" 2>&1; then
    tail -n 40 "build-$preset.log"
    echo "the $preset build failed: build-$preset.log"
    failed=$((failed + 1))
    continue
  fi
  rm -f "build-$preset.log"
  ctest --preset "$preset" -j "$(nproc)" --output-junit results.xml
  count "$preset"
done

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
