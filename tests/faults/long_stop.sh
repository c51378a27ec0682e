#!/usr/bin/env bash
# Every signal that asks a run to stop, sent to one rank of four and to all at once: all ranks leave after the same step with 85 and
# the state saved, and the next run goes on from there; sent twice, the run ends at once.
ranks=4
. "$(dirname "$0")/lib.sh"

RANDOM=${SEED:-1}
for signal in TERM USR1 USR2 INT HUP; do
  for whom in one all; do
    start "$scratch/w" "${endless[@]}"
    wait_step 1
    sleep "0.$((RANDOM % 10))"
    signal_to "$whom" "$signal"
    stops
  done
done
holds "$(grep -c resumed_at_step "$scratch/w/log.jsonl") == 10" "parts of the run"

# a rank that is stopped keeps the others from saving
for whom in 0 "0 2 3"; do
  start "$scratch/w" "${endless[@]}" --set watchdog.silence_s=600
  wait_step 1
  kill -STOP "$(pid_of 1)"
  mapfile -t pids < <(for rank in $whom; do pid_of "$rank"; done)
  kill -TERM "${pids[@]}"
  sleep 5
  kill -0 "$run" || fail "the first signal ended the run"
  kill -TERM "${pids[@]}"
  ends nonzero 10 "E[Xx][Ii][Tt] [Cc][Oo][Dd][Ee]: *1" # as mpirun says; each rank says for itself that it leaves
  grep -q "asked to stop a second time, leaving without saving" "$log" || fail "no rank says why"
done
finish
