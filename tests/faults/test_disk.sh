#!/usr/bin/env bash
# A full disk costs a checkpoint in the middle of a run. At its end, or where it is asked to stop, the run waits until there is room
# for its last state; asked to stop once more, it ends without.
. "$(dirname "$0")/lib.sh"

disk=$scratch/disk
mkdir "$disk"
mount -t tmpfs -o size=130m none "$disk" 2>/dev/null || skip "a small file system cannot be mounted here"

# wait_for_words WORDS [COUNT]: until the run has said them so often.
wait_for_words() {
  local i
  for i in $(seq 600); do
    [ "$(grep -c -- "$1" "$log")" -ge "${2:-1}" ] && return
    sleep 0.1
  done
  fail "the run never says \"$1\": $(tail -n 2 "$log")"
}
# The message says how much is needed, and where.
waits="the state after step [0-9]*, [0-9]* MiB, is not saved yet: "

# A small watchdog limit: a run that waits for room is not one that hangs.
start "$disk/w" --set train.max_steps=8 --set train.checkpoint_steps=3 --set train.keep_checkpoints=0 --set watchdog.save_s=2
wait_for_words "$waits" 2
grep -q "checkpoint step_.* is not complete, training goes on" "$log" || fail "the checkpoint that failed is not told"
kept=$("$freeanchor" weights list "$disk"/w/checkpoints/step_3 2>&1) || fail "the checkpoint before is not whole: $kept"
rm -r "$disk"/w/checkpoints/{step_3,epoch_1}
ends 0 90 "saved checkpoint epoch_2"
grep -q "$waits.*$disk/w" "$log" || fail "where room is needed is not told"
[ -s "$disk/w/weights.h5" ] || fail "the final weights are not there"

head -c 200M /dev/zero >"$disk/fill" 2>/dev/null
truncate -s -8M "$disk/fill"
mkdir -p "$scratch/stopped" "$disk/stopped"
ln -s "$disk/stopped" "$scratch/stopped/checkpoints"
start "$scratch/stopped" "${endless[@]}"
wait_step 1
signal_to all TERM
wait_for_words "$waits"
sleep 4 # what comes within three seconds is the same request
signal_to one TERM
know_mpi
case $mpi in
hydra) ends 1 20 "asked to stop a second time" ;; # which says nothing itself
*) ends 1 20 "one or more processes exited with non-zero status" ;;
esac
grep -q "asked to stop a second time" "$log" || fail "why the run ends is not told"
finish
