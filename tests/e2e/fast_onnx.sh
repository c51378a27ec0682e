#!/usr/bin/env bash
# An exported ONNX model, run by ONNX Runtime on 20 pictures, finds what detect finds, to a thousandth of a pixel.
. "$(dirname "$0")/lib.sh"

python=${FA_ONNX_PYTHON:-python3}
"$python" -c 'import numpy, onnxruntime' 2>/dev/null || skip "onnxruntime is not installed; FA_ONNX_PYTHON names a Python that has it"
/usr/bin/python3 -c 'import h5py' 2>/dev/null || skip "h5py is not installed"
boxes=("$python" "$root/tests/e2e/onnx_boxes.py")

must "$freeanchor" synth --out "$scratch/scenes" --images 4 --classes 2 --seed 3 --size 192x128
must "$freeanchor" pack --coco "$scratch/scenes/annotations.json" --images "$scratch/scenes/images" --out "$scratch/shards"
must "${boxes[@]}" pictures "$scratch/pictures" 20 192 128

# model NAME CONFIG GAIN KEYS...: a network as it is and as an ONNX model, on the same pictures. Its outputs are made to differ from
# anchor to anchor as those of a trained one do.
model() {
  local name=$1 config=$2 gain=$3
  shift 3
  must "$freeanchor" train --config "$configs/$config" --train-data "$scratch/shards" --work-dir "$scratch/$name" --set train.max_steps=1 \
    --set train.batch=1 --set train.eval_interval=0 --set "data.scale=[192,128]" "$@"
  /usr/bin/python3 - "$scratch/$name/weights.h5" "$gain" <<'P' || fail "the weights cannot be changed"
import sys, h5py
with h5py.File(sys.argv[1], "r+") as f:
    for name in "bbox_head.retina_cls.weight", "bbox_head.retina_reg.weight":
        f[name][...] *= float(sys.argv[2])
P
  must "$freeanchor" detect --weights "$scratch/$name/weights.h5" --score 0.5 --out "$scratch/$name-found" "$scratch/pictures"
  expect 0 "wrote $scratch/$name.onnx" "$freeanchor" weights export "$scratch/$name/weights.h5" --format onnx --out "$scratch/$name.onnx"
  expect 0 "detections: boxes within" "${boxes[@]}" compare "$scratch/$name.onnx" "$scratch/$name-found" "$scratch/pictures" 0.5
}
model group freeanchor_r18_fpn_quick.json 10
model batch freeanchor_r18_fpn_synth.json 0.5 --set data.to_rgb=false --set model.calibrate_images=4
model anchors freeanchor_r18_fpn_quick.json 10 --set "model.anchor_ratios=[0.4,1,2.5]" --set model.anchor_scale=3 --set model.finest_level=2
finish
