#!/usr/bin/env bash
# A signal to one rank of four or to all, or a file, stops a run with its state saved; a second signal ends it at once.
ranks=4
. "$(dirname "$0")/lib.sh"

start "$scratch/w" "${endless[@]}"
wait_step 0
touch "$work/stop"
stops
[ ! -e "$work/stop" ] || fail "the stop file is still there"

start "$scratch/w" "${endless[@]}"
wait_step 0
mpirun=$(pgrep -o -f -- "^[^ ]*(mpi|prte)[^ ]* .*--work-dir $work")
know_mpi
if [ "$mpi" != hydra ]; then # whose ranks do not know it
  grep -q "a second after Ctrl-C.*\`kill -USR1 $mpirun\`" "$log" || fail "what mpirun cannot do is not said: $(head -n 2 "$log")"
fi
kill -USR1 "$mpirun" # which hands it on to all
stops
grep -q "resuming from" "$log" || fail "the second run does not go on"

# a rank that is stopped keeps the others from saving, which is when people send a second signal
start "$scratch/w" "${endless[@]}" --set watchdog.silence_s=600
wait_step 0
kill -STOP "$(pid_of 1)"
kill -TERM "$(pid_of 0)"
sleep 5
kill -0 "$run" || fail "the first signal ended the run"
kill -TERM "$(pid_of 0)"
ends nonzero 10 "asked to stop a second time, leaving without saving"
finish
