#!/usr/bin/env bash
# A rank that hangs by itself while its process lives ends the job after the limit of the phase that it is in, and of no other.
. "$(dirname "$0")/lib.sh"

can_hold || skip "one thread of a process cannot be stopped here"

# hangs RANK PHASE KEY SECONDS OPTION...: in work of its own; only the limit KEY is short.
hangs() {
  local rank=$1 phase=$2 key=$3 seconds=$4 limits=() k where
  shift 4
  for k in start_s step_s evaluate_s save_s; do
    limits+=(--set "watchdog.$k=$([ "$k" = "$key" ] && echo "$seconds" || echo 600)")
  done
  start "$scratch/${phase// /_}" "${endless[@]}" "${limits[@]}" "$@"
  catch "$rank" "$phase" running
  case $phase in
  step) where="step [0-9]*, [a-z -]*" ;;
  saving) where="[a-z' -]*\(shard\|checkpoint\|checkpoints\)" ;; # beside whatever step
  *) where="step [0-9]*, $phase, [a-z -]*" ;;
  esac
  ends nonzero $((seconds + 12)) "rank $rank ($(hostname)) has been in $where for [0-9]* s .*, [0-9]* s are allowed (watchdog.$key)"
}

hangs 1 "first step" start_s 10 --set "data.scale=[320,320]"
hangs 1 step step_s 3
hangs 0 saving save_s 3 --set train.checkpoint_steps=1
hangs 1 evaluation evaluate_s 3 --val-data "$scratch/shards" --set train.eval_interval=1

# the same inside MPI, where the others cannot tell it from waiting
start "$scratch/mpi" "${endless[@]}" --set watchdog.step_s=3
catch 1 "sum of gradients"
ends nonzero 15 "rank 1 ($(hostname)) stands still in step [0-9]*, sum of gradients, and all others have waited for"
finish
