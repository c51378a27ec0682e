#!/usr/bin/env bash
# A rank that is killed or stopped ends the job in bounded time; the message names the rank, its host and what it was doing.
. "$(dirname "$0")/lib.sh"

for rank in 1 0; do
  start "$scratch/stopped$rank" "${endless[@]}"
  wait_step 2
  kill -STOP "$(pid_of $rank)"
  ends nonzero 12 "rank $rank ($(hostname)) has given no sign of life for . s; it was in step [0-9]*, [a-z ]*: the job ends"
done

# mpirun sees that a rank is gone before the others miss it
start "$scratch/killed" "${endless[@]}"
wait_step 2
kill -9 "$(pid_of 1)"
ends nonzero 8 "process rank 1 with PID [0-9]* on node [^ ]* exited on signal 9"
finish
