#!/usr/bin/env bash
# A work directory belongs to one run, and to all its ranks: a second run is refused and the first goes on; a directory that the
# hosts do not share is noticed before anything is trained.
. "$(dirname "$0")/lib.sh"

start "$scratch/w" "${endless[@]}"
wait_step 2
expect 1 "$scratch/w: is in use by process" run_ranks 2 "$freeanchor" train "${small[@]}" "${endless[@]}" --work-dir "$scratch/w"
wait_step "$(($(roll | sed -n 's/.*step \([0-9]*\).*/\1/p' | head -n 1) + 2))"
touch "$scratch/w/stop"
ends 85 30 "stopped on request"

unshare -m true 2>/dev/null || finish
mkdir "$scratch/local"
train=("$freeanchor" train "${small[@]}" --work-dir "$scratch/local")
expect 2 "$scratch/local: what rank 0 makes there is not here; the directory must be on a file system that all hosts share" \
  two_ranks "${train[*]@Q}" "unshare -m sh -c 'mount -t tmpfs none \"$scratch/local\" && exec \"\$@\"' sh ${train[*]@Q}"
[ ! -e "$scratch/local/log.jsonl" ] || fail "a refused run has written its journal"
finish
