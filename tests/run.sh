#!/usr/bin/env bash
# Runs all tests: installs packages where it may, builds the presets, runs ctest on each, counts; then the parity table
# (tests/parity/README.md), in which every row counts as a test.
#
# usage: tests/run.sh [PRESET|parity...]        (default: release debug float64 parity)
set -uo pipefail
cd "$(dirname "$0")/.." || exit
. launch/build.sh

launch/packages.sh tests || exit $?

# What tests need not pay for: of a process alone, a daemon of Open MPI and a search for fabrics that clusters have; and memory that the
# system gives anew each time, since it need not stay in the process. (Sanitizers have an allocator of their own.)
export OMPI_MCA_ess_singleton_isolated=1 OMPI_MCA_pml=ob1
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8589934592 MALLOC_TOP_PAD_=67108864

suites=("$@")
[ ${#suites[@]} -gt 0 ] || suites=(release debug float64 parity)
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

build_for_tests() {
  build "$1" -DFA_TESTS=ON -DFA_WERROR=ON && return
  failed=$((failed + 1))
  return 1
}

run_preset() {
  rm -f "build/$1/results.xml"
  build_for_tests "$1" || return
  ctest --preset "$1" -j $(($(nproc) + 4)) --output-junit results.xml # more than cores, as many tests wait
  count "$1"
}

# The python3 that has the reference libraries need not be the first on PATH.
find_python() {
  local python
  for python in python3 /usr/bin/python3; do
    "$python" -c 'import cv2, h5py, PIL, torch, torchvision' 2>/dev/null && echo "$python" && return
  done
  return 1
}

run_parity() {
  local python code bad table=build/parity.txt
  if ! python=$(find_python); then
    echo "skipped: no python3 with torch, torchvision, h5py, cv2 and PIL"
    skipped=$((skipped + 1))
    return
  fi
  build_for_tests release || return
  "$python" tests/parity/run.py | tee "$table"
  code=${PIPESTATUS[0]}
  bad=$(grep -cE ' (FAILED|broke)$' "$table")
  # Ended in the middle, it has no line to say so.
  if [ "$code" -ne 0 ] && [ "$code" -ne 77 ] && [ "$bad" -eq 0 ]; then
    echo "the comparison ended with exit code $code"
    bad=1
  fi
  passed=$((passed + $(grep -c ' ok$' "$table")))
  failed=$((failed + bad))
  skipped=$((skipped + $(grep -c ': skipped:' "$table")))
}

for suite in "${suites[@]}"; do
  echo "== $suite"
  if [ "$suite" = parity ]; then run_parity; else run_preset "$suite"; fi
done

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
