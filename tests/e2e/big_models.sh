#!/usr/bin/env bash
# The three recipes at full size: two training steps and an inference each at 800x1344, with the parameter counts of the layer table.
# Some minutes, and up to 6 GiB of memory.
. "$(dirname "$0")/lib.sh"

must "$freeanchor" synth --out "$scratch/s" --images 2 --classes 3 --seed 1 --size 1333x800
must "$freeanchor" pack --coco "$scratch/s/annotations.json" --images "$scratch/s/images" --out "$scratch/shards"
check() {
  local recipe=$configs/freeanchor_$1_fpn_1x_coco.json
  "$freeanchor" info --config "$recipe" --json >"$scratch/info" 2>&1 || fail "info of $1"
  holds "$(number "$scratch/info" parameters) == $2" "parameters of $1"
  holds "$(number "$scratch/info" trainable) == $3" "trainable parameters of $1"
  must "$freeanchor" train --config "$recipe" --work-dir "$scratch/$1" --train-data "$scratch/shards" --val-data "$scratch/shards" \
    --set train.batch=1 --set train.max_steps=2 --set model.init=calibrate --set model.calibrate_images=1 \
    --set eval.max_images=1 --set train.log_interval=1
  grep 'Epoch \[' "$scratch/$1/train.log" | sed 's/.*Epoch/   Epoch/'
  holds "$(grep -c 'Epoch \[' "$scratch/$1/train.log") == 2" "training steps of $1"
  must "$freeanchor" detect --weights "$scratch/$1/weights.h5" --out "$scratch/$1/pictures" \
    "$scratch/s/images/000001.jpg"
}
check r50 37968692 37743348
check r101 56960820 56735476
check x101-32x4d 56589364 56374004
finish
