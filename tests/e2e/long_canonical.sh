#!/usr/bin/env bash
# With the canonical reduction the number of ranks does not show: steps of 16 images on 1, 2, 3, 4 and 5 ranks, which do not all
# hold as many, end in the same bits and have the same losses, and so does a run that changes its number of ranks twice on the way. The scale
# of an image is drawn.
#
# usage: tests/e2e/long_canonical.sh [STEPS [short]]        (default: 20; short: only the run that changes its ranks, and one alone)
. "$(dirname "$0")/lib.sh"

steps=${1:-20}

must "$freeanchor" synth --out "$scratch/s" --images 24 --classes 2 --seed 3 --size 64x64
must "$freeanchor" pack --coco "$scratch/s/annotations.json" --images "$scratch/s/images" --out "$scratch/shards"

# train RANKS WORK_DIR STEPS FROZEN_STAGES: for images this small a step costs what its trainable parameters do
train() {
  must run_ranks "$1" "$freeanchor" train --config "$small_config" --train-data "$scratch/shards" \
    --work-dir "$2" --threads 1 --set "data.scale=[[64,64],[32,32]]" --set train.batch=16 --set train.epochs=100 --set train.max_steps="$3" \
    --set train.reduction=canonical --set train.eval_interval=0 --set train.checkpoint_interval=100 --set train.warmup_steps=10 \
    --set train.log_interval=1 --set model.backbone.frozen_stages="$4"
}

# What the log says of learning: everything but times.
curve() {
  grep '"mode": *"train"' "$1/log.jsonl" |
    grep -oE '"(step|loss|positive_bag_loss|grad_norm|bag_probability|matched_iou|objects)": *[-0-9.e+]+'
}

# same WORK_DIR WORK_DIR STEPS
same() {
  expect 0 "every bit" "$freeanchor" weights diff "$1/weights.h5" "$2/weights.h5"
  cmp <(curve "$1") <(curve "$2") || fail "the logs of $1 and $2 differ"
  holds "$(curve "$2" | grep -c '"loss"') == $3" "lines of the log"
}

train 1 "$scratch/ranks1" "$steps" 4
train 5 "$scratch/changing" $((steps / 3)) 4
train 3 "$scratch/changing" $((2 * steps / 3)) 4
train 2 "$scratch/changing" "$steps" 4
holds "$(grep -c resumed_at_step "$scratch/changing/log.jsonl") == 3" "parts of the run"
same "$scratch/ranks1" "$scratch/changing" "$steps"
[ $# -lt 2 ] || finish

for ranks in 2 3 4 5; do
  train "$ranks" "$scratch/ranks$ranks" "$steps" 4
  same "$scratch/ranks1" "$scratch/ranks$ranks" "$steps"
done

train 1 "$scratch/whole1" 2 -1 # all layers
train 3 "$scratch/whole3" 2 -1
same "$scratch/whole1" "$scratch/whole3" 2
finish
