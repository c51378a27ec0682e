#!/usr/bin/env bash
# A full disk costs a checkpoint in the middle of a run, and ends the run with the reason where the last one cannot be saved.
. "$(dirname "$0")/lib.sh"

disk=$scratch/disk
mkdir "$disk"
mount -t tmpfs -o size=220m none "$disk" 2>/dev/null || skip "a small file system cannot be mounted here"

start "$disk/w" --set train.max_steps=8 --set train.checkpoint_steps=3 --set train.keep_checkpoints=0
ends nonzero 90 "^freeanchor train: .*a shard of a checkpoint needs"
grep -q "checkpoint step_.* is not complete, training goes on" "$log" || fail "the checkpoint that failed is not told"
kept=$("$freeanchor" weights list "$disk"/w/checkpoints/step_3 2>&1) || fail "the checkpoint before is not whole: $kept"
finish
