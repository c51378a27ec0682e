#!/usr/bin/env bash
# The status of a run that goes on, of one with a rank that is stopped, and of one that was killed; looking disturbs no run.
. "$(dirname "$0")/lib.sh"

status=("$freeanchor" status)
start "$scratch/w" "${endless[@]}" --set watchdog.silence_s=20 --set train.log_interval=1 --set train.checkpoint_steps=2
wait_step 4
for _ in 1 2; do
  expect 0 "w: running, process $(pid_of 0) on " "${status[@]}" "$scratch/w"
done
"${status[@]}" "$scratch/w" --json >"$scratch/status"
holds "$(number "$scratch/status" step) >= 4" "its step"
holds "$(number "$scratch/status" eta_s) > 0" "the time left"
holds "$(number "$scratch/status" loss) > 0" "its loss"
holds "$(number "$scratch/status" save_age_s) >= 0" "the age of its save"
grep -q '^rank 1 on [^:]*: [a-z]*, step ' "$scratch/status" || fail "rank 1 is not there: $(cat "$scratch/status")"
! grep -q 'no sign of life' "$scratch/status" || fail "a rank that lives is silent"

kill -STOP "$(pid_of 1)"
expect 0 "rank 1 on $(uname -n): no sign of life in" "${status[@]}" "$scratch/w"

# shellcheck disable=SC2046
kill -9 $(pgrep -f -- "--work-dir $work")
wait "$run" 2>/dev/null
while pgrep -f -- "--work-dir $work" >/dev/null; do
  sleep 0.1
done
"${status[@]}" "$scratch/w" >"$scratch/status"
grep -q 'w: died without a word' "$scratch/status" || fail "not dead: $(cat "$scratch/status")"
grep -q '^saved [a-z]*_[0-9]*, step [0-9]*, .* ago$' "$scratch/status" || fail "nothing saved: $(cat "$scratch/status")"
head -c 100 /dev/urandom >"$scratch/w/log.jsonl"
expect 0 "w: died without a word" "${status[@]}" "$scratch/w"
expect 2 "is not the work directory of a run" "${status[@]}" "$scratch/shards"
expect 2 "no run given" "${status[@]}"
finish
