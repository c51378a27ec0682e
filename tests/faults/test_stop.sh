#!/usr/bin/env bash
# A signal or a file stops a run with its state saved; a second signal ends it at once.
. "$(dirname "$0")/lib.sh"

start "$scratch/file" "${endless[@]}"
wait_step 0
touch "$work/stop"
ends 85 60 "stopped on request after step"
[ ! -e "$work/stop" ] || fail "the stop file is still there"
ls "$work"/checkpoints/step_*/manifest.json >/dev/null || ls "$work"/checkpoints/epoch_*/manifest.json || fail "no state was saved"

start "$scratch/file" "${endless[@]}"
wait_step 0
kill -USR1 "$(pgrep -n -f -- "^mpirun .*--work-dir $work")"
ends 85 60 "stopped on request after step"
grep -q "resuming from" "$log" || fail "the second run does not go on"

# a rank that is stopped keeps the others from saving, which is when people send a second signal
start "$scratch/twice" "${endless[@]}" --set watchdog.silence_s=600
wait_step 0
kill -STOP "$(pid_of 1)"
kill -TERM "$(pid_of 0)"
sleep 5
kill -0 "$run" || fail "the first signal ended the run"
kill -TERM "$(pid_of 0)"
ends nonzero 10 "asked to stop a second time, leaving without saving"
finish
