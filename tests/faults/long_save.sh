#!/usr/bin/env bash
# Training goes on while a checkpoint is written: what happens to the run meanwhile costs no more than that checkpoint.
. "$(dirname "$0")/lib.sh"

steps=24 every=8 # of 4 an epoch
saving=(--set train.max_steps=$steps --set train.epochs=100 --set train.checkpoint_interval=1000 --set train.keep_checkpoints=2)

can_hold || skip "one thread of a process cannot be stopped here"

# wait_saved NAME: until the run has that checkpoint, and has removed what lay about before.
wait_saved() {
  local i
  for i in $(seq 400); do
    grep -q "saved checkpoint $1 " "$log" && return
    sleep 0.05
  done
  fail "$1 is not saved: $(tail -n 2 "$log")"
}

echo "-- saves in quick succession, each waiting for the one before"
start "$scratch/whole" "${saving[@]}" --set train.checkpoint_steps=2
ends 0 90 "saved checkpoint epoch_6 "
saves=$(grep -c '"mode":"save"' "$work/log.jsonl")
holds "$saves == $steps / 2" "saves in log.jsonl"
grep -q '"checkpoint":"step_10","pause_time":[0-9.e-]*,"durable_time":[0-9.e-]*,"bytes":[0-9]*,"step":10}' "$work/log.jsonl" ||
  fail "log.jsonl does not tell what a save costs"
holds "$(ls -d "$work"/checkpoints/*/ | wc -l) == 2" "checkpoints kept"

echo "-- killed while a save is under way, and resumed on another number of ranks"
start "$scratch/killed" "${saving[@]}" --set train.checkpoint_steps=$every
wait_saved epoch_2
catch_save 0 # rank 0 writes its part of the next one no further
wait_step $((2 * every)) # training has gone on
kill -9 "$(pid_of 1)"
ends nonzero 20 "process rank 1 with PID [0-9]* on node [^ ]* exited on signal 9"
release
must "$freeanchor" train "${small[@]}" "${saving[@]}" --work-dir "$work"
grep -q "resuming from .*/epoch_2:" "$work/train.log" || fail "the checkpoint before was not found"
[ -z "$(find "$work" -name '*.freeanchor.tmp')" ] || fail "something temporary is left"
expect 0 "every bit" "$freeanchor" weights diff "$scratch/whole/weights.h5" "$work/weights.h5"

echo "-- stopped, and started a second time, while a save is under way that then fails"
start "$scratch/stopped" "${saving[@]}" --set train.checkpoint_steps=$every
catch_save 0
touch "$work/stop"
expect 1 "is in use by process" "$freeanchor" train "${small[@]}" "${saving[@]}" --work-dir "$work"
kill -0 "$run" || fail "the run did not wait for its save"
mv "$work"/checkpoints/epoch_2.*.freeanchor.tmp "$work/elsewhere"
release
ends 85 30 "stopped on request after step"
grep -q "checkpoint epoch_2 is not complete, training goes on: .*cannot open the directory" "$log" || fail "the failure is not told"
start "$scratch/stopped" "${saving[@]}"
ends 0 60 "saved checkpoint epoch_6 "
grep -q "resuming from" "$log" || fail "the second run does not go on"
expect 0 "every bit" "$freeanchor" weights diff "$scratch/whole/weights.h5" "$work/weights.h5"
finish
