#!/usr/bin/env bash
# Group norm from random weights: one rank, and a run that begins on three and goes on in mid-epoch on four, end in the same bits;
# its weights go out, come in, and are refused by recipes of another norm.
. "$(dirname "$0")/lib.sh"

must "$freeanchor" synth --out "$scratch/s" --images 24 --classes 2 --seed 3 --size 64x64
must "$freeanchor" pack --coco "$scratch/s/annotations.json" --images "$scratch/s/images" --out "$scratch/shards"

# For images this small a step costs what its trainable parameters do.
recipe=(--config "$small_config" --set "data.scale=[64,64]" --set model.norm=group
  --set model.norm_groups=16 --set model.backbone.frozen_stages=3)

# train RANKS WORK_DIR STEPS [OPTION...]
train() {
  run_ranks "$1" "$freeanchor" train "${recipe[@]}" --train-data "$scratch/shards" --work-dir "$2" --threads 1 \
    --set train.batch=12 --set train.epochs=100 --set train.max_steps="$3" --set train.eval_interval=0 \
    --set train.decay_norm=false --set model.init=random --set train.log_interval=1 "${@:4}"
}

must train 1 "$scratch/whole" 2
must train 3 "$scratch/parts" 1 # of two steps in an epoch
must train 4 "$scratch/parts" 2
expect 0 "every bit" "$freeanchor" weights diff "$scratch/whole/weights.h5" "$scratch/parts/weights.h5"

weights=$scratch/whole/weights.h5
expect 0 "ResNet-18 of 16 channels with group normalisation, FPN, head of 2 classes" "$freeanchor" weights list "$weights"
expect 0 "backbone.layer2.0.gn1.weight" "$freeanchor" weights list "$weights"
expect 0 "model: r18_c16_gn16" "$freeanchor" weights list "$weights"
must "$freeanchor" weights export "$weights" --out "$scratch/w.safetensors"
expect 0 "100 parameters and 0 statistics matched" "$freeanchor" weights import "$scratch/w.safetensors" --out "$scratch/w.h5"
expect 0 "every bit" "$freeanchor" weights diff "$weights" "$scratch/w.h5"

# eval OPTION...
eval_with() {
  "$freeanchor" eval "${recipe[@]}" --weights "$weights" --data "$scratch/shards" --threads 1 "$@"
}
expect 0 "Average Precision" eval_with
expect 2 "the weights are of a network with group normalisation, the configuration has batch normalisation; set model.norm to group" \
  eval_with --set model.norm=frozen_batch
expect 2 "set model.norm_groups to 16" eval_with --set model.norm_groups=32
expect 2 "set model.head_convs and head_channels to 2 and 64" eval_with --set model.head_channels=128
expect 2 "set model.neck_channels to 64" eval_with --set model.neck_channels=32
expect 2 "of P3 to P7, the configuration one of P2 to P6; set model.finest_level to 3" eval_with --set model.finest_level=2
expect 2 "model.neck_channels is 24; it must be a multiple of 16" train 1 "$scratch/none" 1 --set model.neck_channels=24
expect 2 "the 16 channels of backbone.gn1 cannot be divided into 12 groups" train 1 "$scratch/none" 1 --set model.norm_groups=12
expect 2 "set model.init to random" train 1 "$scratch/none" 1 --set model.init=calibrate
expect 2 "do not train" train 1 "$scratch/none" 1 --set model.norm=frozen_batch
finish
