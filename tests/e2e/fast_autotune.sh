#!/usr/bin/env bash
# Measured algorithms: their file gives the same weights to a later run on another number of ranks; what cannot be taken is refused.
. "$(dirname "$0")/lib.sh"

must "$freeanchor" synth --out "$scratch/s" --images 4 --classes 3 --seed 5
must "$freeanchor" pack --coco "$scratch/s/annotations.json" --images "$scratch/s/images" --out "$scratch/shards"
train=("$freeanchor" train --config "$small_config" --set train.batch=2 --set train.max_steps=1
  --set model.calibrate_images=2 --set "data.scale=[96,64]" --train-data "$scratch/shards" --threads 1)

must run_ranks 2 "${train[@]}" --work-dir "$scratch/two" --autotune
grep -q "0 choices of earlier runs" "$last_log" || fail "the run does not say what it measured"
choices=$scratch/two/algorithms.json
[ -e "$choices" ] || skip "this build or machine has one algorithm for each convolution"

# The opposite of what was measured, wherever that is, so that obeying the file shows in the bits.
mkdir "$scratch/one" "$scratch/other"
cp "$choices" "$scratch/one"
sed 's/"winograd"/"DIRECT"/; s/"direct"/"winograd"/; s/"DIRECT"/"direct"/' "$choices" >"$scratch/other/algorithms.json"
must "${train[@]}" --work-dir "$scratch/one" --autotune
grep -q " 0 measured now" "$last_log" || fail "what was stored is measured again"
must "${train[@]}" --work-dir "$scratch/other" --autotune
expect 0 "" "$freeanchor" weights diff "$scratch/two/weights.h5" "$scratch/one/weights.h5"
expect 1 "" "$freeanchor" weights diff "$scratch/two/weights.h5" "$scratch/other/weights.h5"
cmp -s "$choices" "$scratch/one/algorithms.json" || fail "the file has changed though nothing was measured"

expect 0 "comes from a run with --autotune" "${train[@]}" --work-dir "$scratch/one"
expect 2 "go on with the same" "${train[@]}" --threads 2 --work-dir "$scratch/one" --autotune
head -c 300 "$choices" >"$scratch/one/algorithms.json"
expect 2 "$scratch/one/algorithms.json" "${train[@]}" --work-dir "$scratch/one" --autotune
expect 2 "nothing to choose" "${train[@]}" --set backend.conv_algorithm=direct --work-dir "$scratch/one" --autotune

must "$freeanchor" bench step --config "$small_config" --size 64x96 --classes 3 --steps 1 --threads 1 \
  --autotune --json
holds "$(number "$last_log" autotune_choices) > 50" "choices that bench step measures"
holds "$(number "$last_log" autotune_gain_s) >= 0" "what they save"
finish
