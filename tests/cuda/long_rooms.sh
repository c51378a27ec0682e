#!/usr/bin/env bash
# Tests of the rooms above the backend, on the backend `cuda` over fakes: the network against itself and its lanes, and the way of an image;
# and each of the backend's calls failing once, those of losses and detections too.
#
# usage: tests/cuda/long_rooms.sh [PRESET]        (default: release; some minutes)
. "$(dirname "$0")/../e2e/lib.sh"
preset=${1:-release}
cd "$root" || exit
must cmake --build --preset "$preset" --target cuda_rooms test_cuda_failures
export FA_TEST_BACKEND=cuda FA_SOURCE_DIR=$root FA_BINARY_DIR=$root/build/$preset
if "build/$preset/src/cuda/tests/test_cuda_failures" head >"$scratch/out" 2>&1; then
  echo "ok: $(grep -E '^[0-9]+ calls' "$scratch/out")"
else
  fail "$(grep -E 'call [0-9]+' "$scratch/out")"
fi
for test in "build/$preset/tests/rooms"/test_*; do
  if "$test" >"$scratch/out" 2>&1; then
    echo "ok: $(basename "$test"): $(grep -oE '[0-9]+ test\(s\) run' "$scratch/out" | tail -n 1)"
  else
    fail "$(basename "$test")"
    grep -E 'FAILED|LINE|ERROR' "$scratch/out" | head -n 10
  fi
done
finish
