#!/usr/bin/env bash
# Training in bf16 on processors: refused in a sentence where it cannot be; else the number of ranks does not show, nor that a run was
# resumed, which keeps its precision. Where there is AMX also without it, when the largest maps are Winograd's.
. "$(dirname "$0")/lib.sh"

must "$freeanchor" synth --out "$scratch/s" --images 8 --classes 2 --seed 3 --size 480x480
must "$freeanchor" pack --coco "$scratch/s/annotations.json" --images "$scratch/s/images" --out "$scratch/shards"
recipe=(--config "$small_config" --train-data "$scratch/shards" --threads 1 --set "data.scale=[480,480]"
  --set train.batch=4 --set train.epochs=100 --set train.reduction=canonical --set train.eval_interval=0
  --set train.checkpoint_interval=100 --set train.log_interval=1 --set model.backbone.frozen_stages=4)
bf16=(--set train.precision=bf16)

# train RANKS WORK_DIR STEPS [FLAG...]
train() {
  run_ranks "$1" "$freeanchor" train "${recipe[@]}" --work-dir "$2" --set train.max_steps="$3" "${@:4}"
}

expect 2 "set train.precision=fp32" train 1 "$scratch/refused" 1 "${bf16[@]}" --backend blas
expect 2 "set train.precision=fp32" env DNNL_MAX_CPU_ISA=AVX2 "$freeanchor" train "${recipe[@]}" --work-dir "$scratch/refused" "${bf16[@]}"
"$freeanchor" info | grep -q "backend  *onednn:.* or bf16" || skip "this processor, or this build, computes no bf16"

losses() {
  grep '"mode": *"train"' "$1/log.jsonl" | grep -oE '"loss": *[-0-9.e+]+' | grep -oE '[-0-9.e+]+$'
}

# compare FOLDER: with the instructions that DNNL_MAX_CPU_ISA allows.
compare() {
  must train 1 "$1/whole" 2 "${bf16[@]}"
  must train 2 "$1/ranks" 2 "${bf16[@]}"
  must train 1 "$1/parts" 1 "${bf16[@]}"
  must train 2 "$1/parts" 2
  grep -q "AMX, bf16\|bfloat16, bf16\|FP16, bf16" "$last_log" || fail "a resumed run does not say that it computes in bf16"
  expect 0 "every bit" "$freeanchor" weights diff "$1/whole/weights.h5" "$1/ranks/weights.h5"
  expect 0 "every bit" "$freeanchor" weights diff "$1/whole/weights.h5" "$1/parts/weights.h5"
  expect 1 "" "$freeanchor" weights diff "$1/whole/weights.h5" "$scratch/floats/weights.h5"
  worst=$(paste <(losses "$1/whole") <(losses "$scratch/floats") |
    awk '{ d = ($1 - $2) / $2; if (d < 0) d = -d; if (!(d <= worst)) worst = d } END { print NR == 2 ? worst + 0 : "nan" }')
  holds "$worst <= 0.02" "largest relative difference of the loss in bf16 to that in fp32, over 2 steps"
}

must train 1 "$scratch/floats" 2
compare "$scratch/as_it_is"
has_amx=$("$freeanchor" info | grep -c AMX)
export DNNL_MAX_CPU_ISA=AVX512_CORE_BF16
must "$freeanchor" info --config "$small_config" --set "data.scale=[480,480]" "${bf16[@]}" --classes 2
grep -q "bbox_head.* winograd" "$last_log" || fail "without AMX the head's largest maps are not Winograd's"
[ "$has_amx" -eq 0 ] || compare "$scratch/without_amx"
finish
