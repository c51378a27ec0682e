#!/usr/bin/env bash
# The program trains on the backend `cuda`, on the fakes of the CUDA runtime and of cuDNN and with kernels in the emulator: as the
# processor does, to the same bits on lanes and ranks, on from checkpoints of either; and says what fails.
#
# usage: tests/cuda/long_train.sh        (a quarter of an hour)
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/lib.sh"

must "$freeanchor" synth --out "$scratch/images" --images 6 --seed 3
must "$freeanchor" pack --coco "$scratch/images/annotations.json" --images "$scratch/images/images" --out "$scratch/data"

recipe=$configs/freeanchor_r18_fpn_bccd.json
# train FOLDER RANKS BACKEND STEPS [FLAG...]
train() {
  local folder=$scratch/$1 ranks=$2 backend=$3 steps=$4
  shift 4
  must run_ranks "$ranks" "$freeanchor" train --config "$recipe" --backend "$backend" \
    --train-data "$scratch/data" --work-dir "$folder" --set "data.scale=[32,32]" --set "train.max_steps=$steps" --set train.batch=2 \
    --set train.epochs=100 --set train.log_interval=1 --set model.init=calibrate --set model.calibrate_images=2 \
    --set train.eval_interval=0 --set train.checkpoint_interval=1000 "$@"
}

train host 1 onednn 2
train fp32 1 cuda 2 --set train.lanes=1
for step in 1 2; do
  near "$(loss host $step)" "$(loss fp32 $step)" 1e-4 "fp32, loss of step $step"
done
train bf16 1 cuda 1 --set train.precision=bf16
near "$(loss host 1)" "$(loss bf16 1)" 2e-2 "bf16, loss of step 1"

train lanes 1 cuda 2
grep -q '2 images of a step side by side (train.lanes)' "$last_log" || fail "there is room for two lanes, which are not opened"
equal fp32 lanes "two lanes give the bits of one"
for transport in device messages; do
  FAKE_DEVICES=2 train "by_$transport" 2 cuda 2 --set "train.transport=$transport"
  equal fp32 "by_$transport" "two ranks give the bits of one, by $transport"
done

train parts 1 cuda 1
train parts 1 cuda 2
equal fp32 parts "a run in two parts ends in the bits of one"
train mixed 1 onednn 1
train mixed 1 cuda 2
near "$(loss host 2)" "$(loss mixed 2)" 1e-4 "a run of the processor goes on on the GPU"

must run_ranks 1 "$freeanchor" eval --config "$configs/freeanchor_r18_fpn_bccd.json" --backend cuda --weights "$scratch/fp32/weights.h5" \
  --data "$scratch/data" --set "data.scale=[32,32]"
echo "ok: evaluation"

for call in 20 200 2000 6000; do
  FAKE_FAIL=$call expect 1 " says" "$freeanchor" train --config "$configs/freeanchor_r18_fpn_bccd.json" --backend cuda \
    --train-data "$scratch/data" --work-dir "$scratch/failing" --resume none --set "data.scale=[32,32]" --set train.max_steps=1 \
    --set train.batch=1 --set train.epochs=100 --set model.init=calibrate --set model.calibrate_images=1 --set train.eval_interval=0
done

# Group norm keeps small images of a network without training apart from what rounding makes of them.
recipe=$configs/freeanchor_r18_fpn_quick.json
twenty=(--set train.batch=3 --set model.init=random --val-data "$scratch/data")
for backend in onednn cuda; do train "twenty_$backend" 1 "$backend" 20 "${twenty[@]}"; done
# But not for ever: after 13 steps the processor's own backends part too, by 3 in 100 at the twentieth.
for step in 1 12; do
  near "$(loss twenty_onednn $step)" "$(loss twenty_cuda $step)" 1e-4 "loss of step $step of 20"
done
FAKE_DEVICES=3 train three 3 cuda 20 "${twenty[@]}"
equal twenty_cuda three "20 steps on three ranks end in the bits of one"
finish
