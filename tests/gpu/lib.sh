# shellcheck shell=bash disable=SC2034,SC2154
# lib.sh - sourced by the rows: what they measure with, and how they say what they found. run.sh starts them.
#
# A row finds in its environment: GPU_FIGURES, the file that its findings go to as they are made; GPU_FAKE, yes on the fake device, where
# sizes are small and speed is not judged; GPU_COMMON, a folder that rows share; GPU_SECONDS, how long it may take.
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
. "$root/tests/gpu/modules.sh"

is_fake() {
  [ "$GPU_FAKE" = yes ]
}

# ---- findings ----

# figure NAME VALUE: a number, or words.
figure() {
  printf 'figure\t%s\t%s\n' "$1" "$2" >>"$GPU_FIGURES"
  echo "$1: $2"
}

# holds 'EXPRESSION' WORDS: as in e2e/lib.sh, and kept. What awk would take for the name of a variable, 0, is no number.
holds() {
  if [[ $1 != *nan* && $1 != *inf* ]] && awk "BEGIN { exit !($1) }" 2>/dev/null; then
    printf 'check\tok\t%s\n' "$2" >>"$GPU_FIGURES"
    echo "ok: $2: $1"
  else
    printf 'check\tfailed\t%s\n' "$2" >>"$GPU_FIGURES"
    fail "$2: $1"
  fi
}

# goal 'EXPRESSION' WORDS: holds, for what the fake device cannot tell.
goal() {
  is_fake || { holds "$1" "$2" && return; }
  printf 'check\tnot judged\t%s\n' "$2" >>"$GPU_FIGURES"
}

# same A B WORDS: two weights files, to the bit.
same() {
  local equal=0
  "$freeanchor" weights diff "$1" "$2" >"$scratch/diff" 2>&1 && equal=1
  holds "$equal == 1" "$3"
  [ "$equal" = 1 ] || tail -n 3 "$scratch/diff"
}

# times A B: A / B.
times() {
  awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.3f\n", a / b; else print "nan" }'
}

# ---- the program ----

# on_gpu PRECISION: sets the array `gpu` to arguments that make a recipe run on one GPU, whatever the number of ranks.
on_gpu() {
  gpu=(--backend cuda --set backend.device=0 --set backend.share_device=true --set "train.precision=$1")
}

# bench RECORD WORDS...: freeanchor bench; its JSON object goes to $scratch/RECORD.
bench() {
  local record=$1
  shift
  must "$freeanchor" bench "$@" --json
  tail -n 1 "$last_log" >"$scratch/$record"
}

declare -A config=([r18]=freeanchor_r18_fpn_synth [r50]=freeanchor_r50_fpn_1x_coco [r101]=freeanchor_r101_fpn_1x_coco
  [x101-32x4d]=freeanchor_x101-32x4d_fpn_1x_coco)

# recipe NETWORK: its file.
recipe() {
  echo "$configs/${config[$1]}.json"
}

# size_of NETWORK: what is measured: COCO's usual size; or what the fake device can stand.
size_of() {
  is_fake && echo 32x32 || echo 800x1344
}

# network NAME: the same for networks.
network() {
  is_fake && echo r18 || echo "$1"
}

# repeats N
repeats() {
  is_fake && echo 1 || echo "$1"
}

# ---- data ----

# once FOLDER COMMAND...: makes a folder that rows share, or leaves none.
once() {
  local folder=$GPU_COMMON/$1
  shift
  [ -d "$folder" ] && return
  rm -rf "$folder.part" && mkdir -p "$folder.part"
  "$@" "$folder.part" && mv "$folder.part" "$folder"
}

make_scenes() {
  local size=1344x800 images=64
  is_fake && size=64x64 images=4
  must "$freeanchor" synth --out "$scratch/scenes" --images "$images" --seed 3 --classes 20 --size "$size"
  must python3 "$(dirname "${BASH_SOURCE[0]}")/more_classes.py" "$scratch/scenes/annotations.json" 80
  must "$freeanchor" pack --coco "$scratch/scenes/annotations.json" --images "$scratch/scenes/images" --out "$1/shards"
}

# scenes: sets $scenes to shards of synthetic images of the size that is measured, with as many classes as COCO.
scenes() {
  once scenes make_scenes
  scenes=$GPU_COMMON/scenes/shards
}

# blood_cells: sets $blood_cells to the folder of both parts of BCCD, or skips the row.
blood_cells() {
  blood_cells=${CARRY:-$root/build/carry}/bccd
  [ -d "$blood_cells/trainval" ] || skip "the packed blood-cell images are not at $blood_cells: tests/gpu/carry.sh"
}

# train FOLDER NETWORK PRECISION STEPS [FLAG...]: on the scenes, from random weights that stay as they are.
train() {
  local folder=$1 network=$2 precision=$3 steps=$4 scale='[1344,800]'
  shift 4
  is_fake && scale='[32,32]'
  on_gpu "$precision"
  must "$freeanchor" train --config "$(recipe "$network")" "${gpu[@]}" --train-data "$scenes" --work-dir "$folder" \
    --set model.init=calibrate --set model.calibrate_images=2 --set model.backbone.frozen_stages=1 --set "data.scale=$scale" \
    --set train.lr=1e-6 --set train.epochs=10000 --set "train.max_steps=$steps" --set train.checkpoint_interval=10000 \
    --set train.eval_interval=0 --set train.log_interval=1 "$@"
}

# of_steps FOLDER KEY: the median of a key of log.jsonl over the later half of a run's steps.
of_steps() {
  grep '"mode":"train"' "$1/log.jsonl" | grep -o "\"$2\":[-0-9.e+]*" | cut -d: -f2 |
    awk '{ value[NR] = $1 } END { for (i = int(NR / 2) + 1; i <= NR; i++) print value[i] }' | sort -g |
    awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

# peer RECORD WORDS...: the PyTorch program of the same step; its JSON object goes to $scratch/RECORD.
peer() {
  local record=$1 where=cuda
  shift
  is_fake && where=cpu && set -- "$@" --precision fp32 # PyTorch's bf16 on processors is now and then no number
  has_modules "$PYTHON" torch torchvision || skip "$PYTHON has no PyTorch"
  must "$PYTHON" -W ignore "$root/tests/bench/peers/gpu.py" "$@" --device "$where"
  tail -n 1 "$last_log" >"$scratch/$record"
  figure peer "$(grep -o '"peer": "[^"]*"' "$scratch/$record" | cut -d'"' -f4)"
}
