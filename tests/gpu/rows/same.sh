#!/usr/bin/env bash
# what: 20 steps, bf16: three runs; 1 and 2 lanes; 1 and 2 ranks on the one GPU; in two parts
# target: the same bits
# seconds: 80
. "$(dirname "$0")/../lib.sh"
on_gpu bf16
scenes
steps=20 size='[512,320]'
is_fake && steps=2 size='[32,32]'

# run NAME RANKS STEPS [FLAG...]
run() {
  local name=$1 ranks=$2 steps=$3
  shift 3
  must run_ranks "$ranks" "$freeanchor" train --config "$configs/freeanchor_r18_fpn_bccd.json" "${gpu[@]}" --train-data "$scenes" \
    --work-dir "$scratch/$name" --set "data.scale=$size" --set model.calibrate_images=2 --set train.batch=2 \
    --set "train.max_steps=$steps" --set train.epochs=1000 --set train.eval_interval=0 --set train.checkpoint_interval=1000 \
    --set train.log_interval=1 "$@"
}

run first 1 "$steps" --set train.lanes=1
run second 1 "$steps"
run third 1 "$steps"
same "$scratch/first/weights.h5" "$scratch/second/weights.h5" "a second run"
same "$scratch/first/weights.h5" "$scratch/third/weights.h5" "a third run"
run lanes 1 "$steps" --set train.lanes=2
same "$scratch/first/weights.h5" "$scratch/lanes/weights.h5" "two lanes"
run ranks 2 "$steps"
same "$scratch/first/weights.h5" "$scratch/ranks/weights.h5" "two ranks"
run messages 2 "$steps" --set train.transport=messages
same "$scratch/first/weights.h5" "$scratch/messages/weights.h5" "two ranks, by messages"
run parts 1 $((steps / 2))
run parts 1 "$steps"
same "$scratch/first/weights.h5" "$scratch/parts/weights.h5" "a run in two parts"
finish
