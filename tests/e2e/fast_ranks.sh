#!/usr/bin/env bash
# Summed by MPI, one rank with four images and two ranks with two give the same loss curve to float rounding; the rate is low, so that
# rounding does not grow with the steps.
. "$(dirname "$0")/lib.sh"

must "$freeanchor" synth --out "$scratch/s" --images 24 --classes 2 --seed 3 --size 128x96
must "$freeanchor" pack --coco "$scratch/s/annotations.json" --images "$scratch/s/images" --out "$scratch/shards"
train() {
  run_ranks "$1" "$freeanchor" train --config "$small_config" --train-data "$scratch/shards" \
    --work-dir "$scratch/ranks$1" --set "data.scale=[128,96]" --set train.max_steps=12 --set train.eval_interval=0 \
    --set train.lr=0.0005 --set train.reduction=allreduce --set train.log_interval=1 --threads 1
}
must train 1
must train 2
losses() {
  grep '"mode": *"train"' "$scratch/ranks$1/log.jsonl" | grep -o '"loss": *[0-9.e+-]*' | sed 's/.*: *//'
}
losses 1 >"$scratch/one"
losses 2 >"$scratch/two"
holds "$(wc -l <"$scratch/one") == 12" "lines of the log"
worst=$(paste "$scratch/one" "$scratch/two" | awk '{ d = ($1 - $2) / $1; if (d < 0) d = -d; if (!(d <= worst)) worst = d } END { print worst + 0 }')
holds "$worst <= 1e-4" "largest relative difference of the loss over 12 steps"
finish
