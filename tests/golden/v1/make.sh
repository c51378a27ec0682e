#!/usr/bin/env bash
# Makes the goldens of this folder with a program whose formats must stay readable; see README.md.
#
# usage: tests/golden/v1/make.sh PROGRAM
set -euo pipefail

program=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
. "$here/resume.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# pack_away NAME PATH...: zeros become holes, so that gigabytes unpack at once and take no room.
pack_away() {
  local archive=$here/$1.tar.xz
  shift
  find "$@" -type f -size +0 -exec fallocate --dig-holes {} \;
  tar --sparse --owner=0 --group=0 --sort=name -c "$@" | xz -9e >"$archive"
}

recipe=(--config "$here/../../../configs/freeanchor_r18_fpn_synth.json" --threads 1 --backend blas --set "data.scale=[64,64]")
training=("${recipe[@]}" --train-data dataset --set train.batch=2 --set train.epochs=4 --set train.log_interval=1
  --set train.warmup_steps=8 --set train.warmup_ratio=0.1)

# Two of the images end in zeros, which decoders pass over: enough for a second shard.
"$program" synth --out synth --images 6 --classes 2 --seed 3 --size 64x64
for image in 000002 000005; do
  head -c 700000 /dev/zero >>synth/images/$image.jpg
done
"$program" pack --coco synth/annotations.json --images synth/images --out dataset --shard-mib 1

# Weights of all layers, zero but for a few channels.
"$program" train "${training[@]}" --work-dir dense --set train.max_steps=1 --set train.eval_interval=0 --set model.calibrate_images=6
"$program" weights export dense/weights.h5 --out dense.safetensors
python3 "$here/thin.py" dense.safetensors thin.safetensors
training+=(--init-from thin.safetensors --set model.init=weights)

# Stopped in the middle of an epoch; what the program makes of them from there on is what later ones are compared with.
run_ranks 2 "$program" train "${training[@]}" --work-dir frozen --set train.max_steps=5 --set model.backbone.frozen_stages=4 \
  --set train.lr=0.2 --val-data dataset --set eval.score_threshold=0.001
run_ranks 2 "$program" train "${training[@]}" --work-dir whole --set train.max_steps=5 --set model.backbone.frozen_stages=-1 \
  --set train.lr=0.05 --set train.checkpoint_interval=10 --set train.eval_interval=0
for run in frozen whole; do
  cp -r $run before
  resume "$program" 2 $run
  steps_of $run >"$here/$run.steps"
  mv $run/weights.h5 $run.h5
  rm -r $run
  mv before $run
done

# What was measured is of this machine; all that is asked for is that it can be read.
"$program" train "${training[@]}" --backend onednn --autotune --work-dir tuned --set train.max_steps=1 --set train.eval_interval=0
cp tuned/algorithms.json "$here"

"$program" replay "${recipe[@]}" --data dataset --image-id 4 --save-case case.h5
replay "$program" whole/config.json whole/weights.h5 >"$here/case.numbers"

blas_of "$program" >"$here/blas.txt"
pack_away dataset dataset
pack_away frozen frozen
pack_away whole whole
pack_away resumed frozen.h5 whole.h5
pack_away case case.h5
