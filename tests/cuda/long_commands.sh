#!/usr/bin/env bash
# What the program does beside training runs on the backend `cuda` too, on the fakes with kernels in the emulator: RetinaNet and group norm,
# traces, measured engines, detection, replays, and the search for what is not finite, whose case the processor meets again.
#
# usage: tests/cuda/long_commands.sh        (some minutes)
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/lib.sh"

must "$freeanchor" synth --out "$scratch/images" --images 2 --classes 4 --seed 3 --size 64x64
must "$freeanchor" pack --coco "$scratch/images/annotations.json" --images "$scratch/images/images" --out "$scratch/data"
narrow=(--set model.neck_channels=64 --set model.head_channels=64 --set model.head_convs=2 --set "data.scale=[32,32]")

# train NAME BACKEND CONFIG [FLAG...]: a step of one image.
train() {
  local name=$1 backend=$2 config=$3
  shift 3
  must "$freeanchor" train --config "$config" --backend "$backend" --train-data "$scratch/data" --val-data "$scratch/data" --work-dir "$scratch/$name" "${narrow[@]}" \
    --set train.batch=1 --set train.max_steps=1 --set train.epochs=100 --set train.log_interval=1 --set train.eval_interval=0 \
    --set model.init=calibrate --set model.calibrate_images=1 --threads 1 "$@"
}

declare -A init=([retinanet_r18_fpn_1x_coco]=calibrate [freeanchor_r18_fpn_quick]=random)
for recipe in "${!init[@]}"; do
  for backend in blas cuda; do
    train "$recipe.$backend" "$backend" "$configs/$recipe.json" --set "model.init=${init[$recipe]}"
  done
  near "$(loss "$recipe.blas" 1)" "$(loss "$recipe.cuda" 1)" 1e-4 "$recipe learns the same on both"
done

train traced cuda "$small_config" --trace "$scratch/trace.json" --trace-steps 1
for span in forward backward "add gradients"; do
  grep -q "\"name\": *\"$span\"" "$scratch/trace.json" || fail "the trace has no span \"$span\""
done
[ "$failures" -eq 0 ] && echo "ok: a trace has spans of the GPU's work"

# The fake has one engine for each convolution, so nothing is kept; choices that were made elsewhere are refused.
train tuned cuda "$small_config" --autotune --set train.precision=tf32
grep -q '0 choices of earlier runs' "$last_log" || fail "the run does not say what it measured"
echo '{"version":1,"library":"cuDNN 9.10.0, Fake GPU, sm_90, 132 multiprocessors, tf32","threads":1,"choices":[]}' >"$scratch/tuned/algorithms.json"
expect 2 "was measured with cuDNN 9.10.0" "$freeanchor" train --config "$small_config" --backend cuda --train-data "$scratch/data" \
  --val-data "$scratch/data" --work-dir "$scratch/tuned" "${narrow[@]}" --set train.batch=1 --set train.max_steps=2 --set train.epochs=100 \
  --set train.eval_interval=0 --autotune --set train.precision=tf32 --threads 1

recipe=$configs/freeanchor_r18_fpn_quick.json weights=$scratch/freeanchor_r18_fpn_quick.cuda/weights.h5
for backend in blas cuda; do
  must "$freeanchor" replay --config "$recipe" --backend "$backend" --data "$scratch/data" --image-id 1 --weights "$weights" "${narrow[@]}" \
    --threads 1 --out "$scratch/$backend.h5" --save-case "$scratch/$backend.case.h5" --json
  tail -n 1 "$last_log" >"$scratch/replay.$backend"
  must "$freeanchor" detect --config "$recipe" --backend "$backend" --weights "$weights" "${narrow[@]}" --threads 1 \
    --out "$scratch/found.$backend" --set eval.score_threshold=0 "$scratch/images/images"
done
for key in positive_bag_loss negative_bag_loss grad_norm; do
  near "$(number "$scratch/replay.blas" $key)" "$(number "$scratch/replay.cuda" $key)" 1e-4 "a replay: $key"
done
[ -n "$(ls "$scratch/found.cuda")" ] && echo "ok: detection"

expect 2 "to see it again: freeanchor replay" "$freeanchor" train --config "$small_config" --backend cuda --train-data "$scratch/data" --val-data "$scratch/data" \
  --work-dir "$scratch/broken" "${narrow[@]}" --set train.batch=2 --set train.max_steps=9 --set train.epochs=100 --set train.lr=100 \
  --set train.warmup_steps=0 --set train.clip_norm=0 --set model.init=calibrate --set model.calibrate_images=1 --set train.eval_interval=0 --threads 1
told=$(grep -o "replay '.*/case.* --out OUT.h5" "$scratch/broken/train.log" | tail -n 1)
eval "words=($told)"
cd "$scratch" || exit
"$freeanchor" "${words[@]}" --backend blas >"$scratch/said" 2>&1
[ -e OUT.h5 ] && echo "ok: the processor replays the case of what broke the GPU's run" || { fail "no replay of $told"; tail -n 3 "$scratch/said"; }
finish
