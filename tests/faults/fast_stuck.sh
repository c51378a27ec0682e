#!/usr/bin/env bash
# A rank that is killed or stopped ends the job in bounded time; the message names the rank, its host and what it was doing.
. "$(dirname "$0")/lib.sh"

# before its first step
start "$scratch/early" "${endless[@]}" --set model.calibrate_images=8
until doing 1 | grep -q "^step 0, start, "; do sleep 0.02; done
kill -STOP "$(pid_of 1)"
ends nonzero 12 "rank 1 ($(hostname)) has given no sign of life for . s; it was in step 0, [a-z ]*, [a-z' -]*: the job ends"

for rank in 1 0; do
  start "$scratch/stopped$rank" "${endless[@]}"
  wait_step 2
  kill -STOP "$(pid_of $rank)"
  ends nonzero 12 "rank $rank ($(hostname)) has given no sign of life for . s; it was in step [0-9]*, [a-z .]*: the job ends"
done

# a disk that does not answer a save is noticed though training goes on
if can_hold; then
  start "$scratch/disk" "${endless[@]}" --set train.checkpoint_steps=40 --set watchdog.save_s=4
  catch_save 0
  ends nonzero 40 "rank 0 ($(hostname)) has been in [a-z\`' ]*checkpoint[a-z' ]* for [0-9]* s without progress, .*save_s"
  release
fi

# mpirun sees that a rank is gone before the others miss it
start "$scratch/killed" "${endless[@]}"
wait_step 2
kill -9 "$(pid_of 1)"
ends nonzero 8 "signal 9"
know_mpi
[[ $mpi == hydra || $(mpi_ended "$log" 137) == "1 $(hostname) 9" ]] || fail "what mpirun says of it is not understood"
finish
