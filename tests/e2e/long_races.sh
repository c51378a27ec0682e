#!/usr/bin/env bash
# Data races: what has threads, run under ThreadSanitizer. OpenMP has one thread, since gcc's library for it is not built for the
# sanitizer; its loops are tested for equal bits on any number of threads instead. What is not ours to mend is in races.supp.
#
# usage: tests/e2e/long_races.sh        (some minutes of building, then some minutes)
. "$(dirname "$0")/lib.sh"
build=$root/build/threads
targets="test_data_loader test_train_mpi_checkpoint test_net_workspace test_lane_lane test_lane_recorded test_comm_mpi_reducer
test_train_mpi_training"
(cd "$root" && must cmake --preset threads) || exit 1
# shellcheck disable=SC2086
(cd "$root" && must cmake --build --preset threads --target $targets) || exit 1
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive OMPI_MCA_mpi_yield_when_idle=1 FA_SOURCE_DIR=$root FA_BINARY_DIR=$build
export TSAN_OPTIONS="suppressions=$root/tests/e2e/races.supp halt_on_error=0 exitcode=66 history_size=4"

# watched WHAT BACKEND RANKS TARGET: the test passes, and no race is reported.
watched() {
  local what=$1 backend=$2 ranks=$3 program log=$scratch/$4.$2
  program=$(find "$build/src" -type f -name "$4")
  FA_TEST_BACKEND=$backend timeout 2400 mpirun --oversubscribe --bind-to none -n "$ranks" "$program" >"$log" 2>&1
  local code=$?
  if [ "$code" -eq 0 ] && ! grep -q "WARNING: ThreadSanitizer" "$log"; then
    echo "ok: $what: $(grep -c '\[       OK' "$log") tests, no race"
  else
    fail "$what: exit code $code, $(grep -c 'WARNING: ThreadSanitizer' "$log") reports"
    grep -A 12 -m 1 "WARNING: ThreadSanitizer" "$log"
    grep "SUMMARY: ThreadSanitizer" "$log" | sort | uniq -c | sort -rn | head -n 5
    cp "$log" "$build/races.$4.$backend.txt"
  fi
}

watched "loader" "" 1 test_data_loader
watched "checkpoint writer, 2 ranks" "" 2 test_train_mpi_checkpoint
watched "workspaces on far" far 1 test_net_workspace
watched "lanes on far" far 1 test_lane_lane
watched "recordings on far" far 1 test_lane_recorded
watched "reducer on far, 2 ranks" far 2 test_comm_mpi_reducer
watched "training, 2 ranks" "" 2 test_train_mpi_training
watched "training on far, 2 ranks" far 2 test_train_mpi_training
finish
