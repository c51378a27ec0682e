#!/usr/bin/env bash
# what: the sum of gradients over 2 ranks on the one GPU, by transport: bytes, time, and what of it shows in a step
# target: stated
# seconds: 90
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

# tell NAME REDUCTION: alone; what a step is longer for it, done after backward and beside.
tell() {
  figure "$1_alone_ms" "$(times "$(of "$2" gradient_s allreduce)" 0.001)"
  figure "$1_after_ms" "$(times "$(of "$2" blocking_s overlap)" 0.001)"
  figure "$1_shows_ms" "$(times "$(of "$2" exposed_s overlap)" 0.001)"
}

for transport in messages device; do
  by=(--set "train.transport=$transport")
  on_ranks allreduce allreduce --config "$(recipe "$network")" "${gpu[@]}" "${by[@]}" --steps "$(repeats 5)"
  on_ranks overlap overlap --config "$(recipe "$network")" "${gpu[@]}" "${by[@]}" --size "$(size_of)" --steps "$(repeats 5)"
  figure "bytes_by_$transport" "$(grep -o '"bytes": *[0-9]*' "$scratch/allreduce" | tail -n 1 | sed 's/.*: *//')"
  figure "step_ms_by_$transport" "$(times "$(number "$scratch/overlap" alone_s)" 0.001)"
  tell "canonical_by_$transport" canonical
done
tell allreduce allreduce

# predict NAME NODES RANKS: a step of 2 images a GPU on so many like this one, and what of it is the sum, by `estimate`, for links of 200
# Gbit/s between hosts, 50 GB/s to a host, and 300 GB/s between the GPUs of one.
predict() {
  local key
  must "$freeanchor" estimate --config "$(recipe "$network")" --nodes "$2" --ranks-per-node "$3" --bandwidth 200 --latency 5 --pcie 50 \
    --peer 300 --set "train.batch=$((2 * $2 * $3))" --profile "$scratch/overlap" --json
  for key in step exposed; do
    figure "$1_${key}_ms" "$(times "$(tail -n 1 "$last_log" | grep -o "\"${key}_s\": *[-0-9.e+]*" | head -n 1 | sed 's/.*: *//')" 0.001)"
  done
}

predict gpus_4 1 4
predict gpus_8 1 8
predict gpus_64 8 8
finish
