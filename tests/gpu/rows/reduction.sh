#!/usr/bin/env bash
# what: the sum of gradients over 2 ranks on the one GPU: bytes, time, and what of it shows in a step
# target: stated
# seconds: 60
. "$(dirname "$0")/../lib.sh"
on_gpu bf16
network=$(network r50)

# on_ranks RECORD WORDS...
on_ranks() {
  local record=$1
  shift
  must run_ranks 2 "$freeanchor" bench "$@" --json
  tail -n 1 "$last_log" >"$scratch/$record"
}

# of REDUCTION KEY FILE
of() {
  grep -o "\"$1\": *{[^}]*}" "$scratch/$3" | grep -o "\"$2\": *[-0-9.e+]*" | sed 's/.*: *//'
}

on_ranks allreduce allreduce --config "$(recipe "$network")" "${gpu[@]}" --steps "$(repeats 5)"
on_ranks overlap overlap --config "$(recipe "$network")" "${gpu[@]}" --size "$(size_of)" --steps "$(repeats 5)"
figure bytes "$(grep -o '"bytes": *[0-9]*' "$scratch/allreduce" | tail -n 1 | sed 's/.*: *//')"
figure step_ms "$(times "$(number "$scratch/overlap" alone_s)" 0.001)"
for reduction in canonical allreduce; do
  figure "${reduction}_alone_ms" "$(times "$(of $reduction gradient_s allreduce)" 0.001)"
  figure "${reduction}_after_ms" "$(times "$(of $reduction blocking_s overlap)" 0.001)"
  figure "${reduction}_shows_ms" "$(times "$(of $reduction exposed_s overlap)" 0.001)"
done
finish
