#!/usr/bin/env bash
# Data that does not divide: fewer images than ranks, shards of unequal size, epochs that are no multiple of the batch. The twelve
# numbers of an evaluation, to their last digit, every detection and the weights of a training do not depend on the number of ranks.
. "$(dirname "$0")/lib.sh"

# So many detections that some meet an object, after steps so few: numbers that are all 0 would be equal for no reason.
recipe=(--config "$configs/freeanchor_r18_fpn_synth.json" --threads 1 --set "data.scale=[96,96]" --set data.loader_threads=1
  --set eval.score_threshold=0 --set eval.max_per_image=1000 --set "eval.max_detections=[1,10,1000]")

# make NAME IMAGES SIZE
make() {
  must "$freeanchor" synth --out "$scratch/$1.s" --images "$2" --classes 3 --seed "$2" --size "$3"
  must "$freeanchor" pack --coco "$scratch/$1.s/annotations.json" --images "$scratch/$1.s/images" --out "$scratch/$1" --shard-mib 1
}

make three 3 96x64
make five 5 64x96
make eleven 11 2048x1536
sizes=$(stat -c %s "$scratch"/eleven/shard-*.h5 | sort -u | wc -l)
holds "$sizes >= 2 && $(ls "$scratch"/eleven/shard-*.h5 | wc -l) >= 3" "shards of different sizes"

# train RANKS BATCH STEPS: over the end of an epoch of eleven images.
train() {
  must run_ranks "$1" "$freeanchor" train "${recipe[@]}" --train-data "$scratch/eleven" --val-data "$scratch/three" \
    --work-dir "$scratch/batch$2.$1" --set train.batch="$2" --set train.max_steps="$3" --set train.eval_interval=1 \
    --set train.warmup_steps=2 --set train.epochs=100 --set model.backbone.frozen_stages=4
}

# The twelve numbers, as the journal of a training or an evaluation's --json has them.
numbers() {
  grep -oE '"(bbox_mAP[_0-9a-z]*|AR_[0-9a-z]+)": *[-0-9.e+]+' "$1"
}

train 1 4 7
for ranks in 2 4; do
  train "$ranks" 4 7
  expect 0 "every bit" "$freeanchor" weights diff "$scratch/batch4.1/weights.h5" "$scratch/batch4.$ranks/weights.h5"
  cmp <(numbers "$scratch/batch4.1/log.jsonl") <(numbers "$scratch/batch4.$ranks/log.jsonl") || fail "evaluations differ"
done
train 1 12 2 # more than there are images
train 3 12 2
expect 0 "every bit" "$freeanchor" weights diff "$scratch/batch12.1/weights.h5" "$scratch/batch12.3/weights.h5"

for data in three five eleven; do
  for ranks in 1 2 3 4; do
    run_ranks "$ranks" "$freeanchor" eval "${recipe[@]}" --weights "$scratch/batch4.1/weights.h5" --data "$scratch/$data" \
      --out "$scratch/$data.$ranks.json" --json >"$scratch/$data.$ranks" || fail "$data on $ranks ranks"
    cmp "$scratch/$data.1.json" "$scratch/$data.$ranks.json" || fail "detections in $data differ on $ranks ranks"
    diff <(numbers "$scratch/$data.1") <(numbers "$scratch/$data.$ranks") || fail "the numbers of $data differ on $ranks ranks"
  done
  holds "$(numbers "$scratch/$data.1" | wc -l) == 12 && $(number "$scratch/$data.1" AR_100) > 0" "numbers of $data"
done
finish
