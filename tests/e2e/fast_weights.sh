#!/usr/bin/env bash
# Weights come and go: imported, exported, listed and compared in every format; what does not fit is refused by name.
. "$(dirname "$0")/lib.sh"
python=/usr/bin/python3

config=$small_config
small=(--set train.batch=1 --set train.max_steps=1 --set train.eval_interval=0 --set model.calibrate_images=1)
# make_data NAME CLASSES: a packed dataset of four scenes.
make_data() {
  must "$freeanchor" synth --out "$scratch/$1.coco" --images 4 --classes "$2" --seed 1
  must "$freeanchor" pack --coco "$scratch/$1.coco/annotations.json" --images "$scratch/$1.coco/images" --out "$scratch/$1"
}
make_data data 2
make_data data3 3
train=("$freeanchor" train --config "$config" "${small[@]}")
must "${train[@]}" --train-data "$scratch/data" --work-dir "$scratch/w"
weights=$scratch/w/weights.h5
import=("$freeanchor" weights import)
export=("$freeanchor" weights export)
list=("$freeanchor" weights list)
equal=("$freeanchor" weights diff)
network="ResNet-18 of 16 channels, FPN, head of 2 classes"

echo "-- there and back"
expect 0 "$network: 88 parameters and 40 statistics matched" "${export[@]}" "$weights" --out "$scratch/x.safetensors"
expect 0 "(as the file says)" "${import[@]}" "$scratch/x.safetensors" --out "$scratch/back.h5"
expect 0 "equal: 128 tensors" "${equal[@]}" "$weights" "$scratch/back.h5"
diff <("${list[@]}" "$weights") <("${list[@]}" "$scratch/back.h5") || fail "the attributes are not those that were exported"
expect 0 "wrote" "${export[@]}" "$scratch/w/checkpoints/step_1" --out "$scratch/x.h5"
expect 0 "equal: 128 tensors" "${equal[@]}" "$scratch/x.safetensors" "$scratch/x.h5"
expect 0 "network: $network" "${list[@]}" "$scratch/x.safetensors"
expect 0 "preprocessing: mean 123.675 116.28 103.53" "${list[@]}" "$scratch/x.h5"
must "${train[@]}" --train-data "$scratch/data" --work-dir "$scratch/w2" --init-from "$scratch/x.safetensors"
eval=("$freeanchor" eval --config "$config" --data "$scratch/data" --set eval.score_threshold=0)
must "${eval[@]}" --weights "$weights" --out "$scratch/a.json"
must "${eval[@]}" --weights "$scratch/x.safetensors" --out "$scratch/b.json"
cmp "$scratch/a.json" "$scratch/b.json" || fail "detections differ with the format of the weights"

echo "-- the recipe comes with them"
alone=("$freeanchor" eval --data "$scratch/data" --set eval.score_threshold=0)
for given in "$weights" "$scratch/x.safetensors" "$scratch/w" "$scratch/w/checkpoints/latest"; do
  must "${alone[@]}" --weights "$given" --out "$scratch/c.json"
  cmp "$scratch/a.json" "$scratch/c.json" || fail "without --config, $given gives other detections"
done
echo "{\"base\": [\"$config\"], \"data\": {\"scale\": [320, 240]}}" >"$scratch/larger.json"
expect 2 "larger.json: data.scale is [320,240] here, [192,128] in the weights" "${alone[@]}" --config "$scratch/larger.json" \
  --weights "$weights"
expect 0 "data.scale is [320,240] as you give it; the weights were trained with [192,128]" "${alone[@]}" --weights "$weights" \
  --config "$scratch/larger.json" --set 'data.scale=[320,240]'
expect 0 "model.anchor_scale is 2 as you give it; the weights were trained with 4" "${alone[@]}" --weights "$weights" \
  --set model.anchor_scale=2
must "$freeanchor" detect --weights "$scratch/w" --out "$scratch/drawn" "$scratch"/data.coco/images/*1.jpg
must "$freeanchor" replay --weights "$scratch/w" --data "$scratch/data" --image-id 1 --out "$scratch/replay.h5"
expect 0 "recipe: images at data.scale [192,128]" "${list[@]}" "$scratch/x.safetensors"
must "${import[@]}" "$scratch/w/checkpoints/step_1" --out "$scratch/i.h5"
expect 2 "larger.json: data.scale is [320,240] here, [192,128] in the weights" "${import[@]}" "$weights" --out "$scratch/never.h5" \
  --config "$scratch/larger.json"
grep -q "$scratch" "$scratch/i.h5" && fail "imported weights tell where the data of their run lay"
grep -q "$scratch" "$scratch/x.h5" && fail "exported weights tell where the data of their run lay"
$python - "$scratch/x.safetensors" "$scratch/bare.safetensors" <<'END' || fail "no weights without a recipe could be made"
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + size])
del header["__metadata__"]["recipe"]
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
open(sys.argv[2], "wb").write(struct.pack("<Q", len(text)) + text + data[8 + size:])
END
expect 2 "carries no recipe" "${alone[@]}" --weights "$scratch/bare.safetensors"
must "${eval[@]}" --weights "$scratch/bare.safetensors" --out "$scratch/c.json"
cmp "$scratch/a.json" "$scratch/c.json" || fail "detections differ without the recipe"
mkdir -p "$scratch/nothing/checkpoints"
expect 2 "checkpoints: holds no checkpoint yet" "${alone[@]}" --weights "$scratch/nothing"

echo "-- the class layer"
skipped=(--init-from "$weights" --train-data "$scratch/data3" --work-dir "$scratch/w3")
expect 2 "predicts 2 classes, the dataset has 3; give --skip-class-layer" "${train[@]}" "${skipped[@]}"
expect 0 "bbox_head.retina_cls.* is not in the weights file" "${train[@]}" "${skipped[@]}" --skip-class-layer
expect 0 "head of 3 classes" "${list[@]}" "$scratch/w3/weights.h5"
expect 0 "head without class layer: 86 parameters" "${import[@]}" "$weights" --out "$scratch/skipped.h5" --skip-class-layer
expect 2 "no class layer" "${eval[@]}" --weights "$scratch/skipped.h5"
expect 2 "leave out --skip-class-layer" "${import[@]}" "$scratch/skipped.h5" --out "$scratch/never.h5" --skip-class-layer
expect 2 "--init-from, which is not given" "${train[@]}" --train-data "$scratch/data" --work-dir "$scratch/w4" --skip-class-layer

echo "-- what does not fit"
expect 2 "base_width and base_channels to 18, 1, 64 and 16" "${import[@]}" "$weights" --out "$scratch/never.h5" \
  --config "$configs/freeanchor_r50_fpn_1x_coco.json"
expect 2 "data.mean" "${import[@]}" "$weights" --out "$scratch/never.h5" --set 'data.mean=[0,0,0]'
expect 0 "model.coder_std is [1,1,1,1] as you give it" "${eval[@]}" --weights "$weights" --set 'model.coder_std=[1,1,1,1]'
expect 2 "set data.to_rgb to true" "${train[@]}" --train-data "$scratch/data" --work-dir "$scratch/w4" \
  --init-from "$scratch/x.safetensors" --set data.to_rgb=false
expect 2 "absent.pth" "${import[@]}" "$scratch/absent.pth" --out "$scratch/never.h5"
expect 2 "README.md" "${import[@]}" "$root/README.md" --out "$scratch/never.h5"
: >"$scratch/empty"
expect 2 "empty" "${import[@]}" "$scratch/empty" --out "$scratch/never.h5"
expect 2 "manifest.json" "${export[@]}" "$scratch" --out "$scratch/never.h5"
expect 2 "--out is missing" "${import[@]}" "$weights"
expect 2 "must end in .h5" "${import[@]}" "$weights" --out "$scratch/never.pth"
expect 2 "must end in .safetensors or .h5 or .onnx" "${export[@]}" "$weights" --out "$scratch/never"
expect 2 "must end in .onnx" "${export[@]}" "$weights" --format onnx --out "$scratch/never.h5"
expect 2 "--format tflite: expected safetensors, h5 or onnx" "${export[@]}" "$weights" --format tflite --out "$scratch/never.tflite"
expect 2 "needs neck, head and class layer" "${export[@]}" "$scratch/skipped.h5" --out "$scratch/never.onnx"
expect 0 "wrote" "${export[@]}" "$weights" --out "$scratch/x.onnx"
expect 2 "would overwrite the input" "${import[@]}" "$weights" --out "$scratch/w/../w/weights.h5"
expect 2 "weights list takes no --out" "${list[@]}" "$weights" --out "$scratch/never.h5"
expect 2 "weights diff takes 2" "${equal[@]}" "$weights"
expect 2 "expected import X" "$freeanchor" weights imprt "$weights"
[ ! -e "$scratch/never.h5" ] || fail "a refused file was written"

if ! $python -c 'import h5py' 2>/dev/null; then
  echo "no h5py here: damaged names and shapes are not tested"
  finish
fi

# edit LINE: damaged.h5 is a copy of the weights in which Python has changed `f`.
edit() {
  cp "$weights" "$scratch/damaged.h5"
  $python -c "import h5py, numpy; f = h5py.File('$scratch/damaged.h5', 'r+'); $1" || fail "cannot edit: $1"
}
# refused TEXT LINE: after that change, import says TEXT.
refused() {
  edit "$2"
  expect 2 "$1" "${import[@]}" "$scratch/damaged.h5" --out "$scratch/never.h5"
}
bias=neck.fpn_convs.0.conv.bias
refused "1 missing: $bias 64" "del f['$bias']"
refused "1 not of the network: rpn_head.bias 3" "f['rpn_head.bias'] = numpy.zeros(3, 'f4')"
refused "1 of another shape: $bias 128 in the file, 64 in the network" \
  "del f['$bias']; f['$bias'] = numpy.zeros(128, 'f4')"
refused "20 missing, first backbone.bn1.running_mean 16" "[f.__delitem__(k) for k in list(f) if 'running_mean' in k]"
refused "2, 2, 2 and 1 basic blocks" "[f.__delitem__(k) for k in list(f) if 'layer4.1' in k]"
refused "no ResNet is in it" "[f.__delitem__(k) for k in list(f) if 'backbone' in k]"
refused "2 classes but predicts 3" "del f['bbox_head.retina_cls.bias'];
f['bbox_head.retina_cls.bias'] = numpy.zeros(27, 'f4')"
edit "k = 'bbox_head.retina_cls.bias'; del f[k], f.attrs['classes']; f[k] = numpy.zeros(9 * 65536, 'f4')"
expect 2 "bbox_head.retina_cls.weight 18x64x3x3 in the file, 589824x64x3x3 in the network" "${eval[@]}" \
  --weights "$scratch/damaged.h5"
refused "number 2 of its attribute mean is nan, which is not finite" "f.attrs['mean'] = numpy.array([1, numpy.nan, 1], 'f4')"
refused "number 1 of its attribute std is 0, which is not above 0" "f.attrs['std'] = numpy.array([0, 1, 1], 'f4')"
refused "number 1 of its attribute coder_std is 0" "f.attrs['coder_std'] = numpy.array([0, .1, .2, .2], 'f4')"
edit "f.attrs['coder_std'] = numpy.array([.1, .1, 1, .2], 'f4')"
expect 2 "number 3 of model.coder_std is 0.2 in its recipe and 1 in its attribute" "${eval[@]}" --weights "$scratch/damaged.h5"
edit "f['$bias'][3] = float('nan')"
expect 0 "1 NaN" "${list[@]}" "$scratch/damaged.h5"
expect 0 "not usable: $scratch/damaged.h5: $bias: element 3 is nan" "${list[@]}" "$scratch/damaged.h5"
expect 2 "damaged.h5: $bias: element 3 is nan" "${import[@]}" "$scratch/damaged.h5" --out "$scratch/never.h5"
expect 2 "damaged.h5: $bias: element 3 is nan" "${export[@]}" "$scratch/damaged.h5" --out "$scratch/never.h5"
expect 2 "damaged.h5: $bias: element 3 is nan" "${eval[@]}" --weights "$scratch/damaged.h5"
expect 1 "$bias[3]" "${equal[@]}" "$weights" "$scratch/damaged.h5"
edit "[f.attrs.__delitem__(k) for k in list(f.attrs)]"
expect 0 "(the default; the file does not say)" "${import[@]}" "$scratch/damaged.h5" --out "$scratch/plain.h5"
expect 0 "mean 1 2 3" "${import[@]}" "$scratch/damaged.h5" --out "$scratch/plain.h5" --config "$config" --set 'data.mean=[1,2,3]'
echo '{"data": {"mean": [123.675, 116.28, 103.53]}}' >"$scratch/mean.json"
expect 2 "data.mean is [123.675,116.28,103.53] here, [1,2,3] in the weights" "${alone[@]}" --config "$scratch/mean.json" \
  --weights "$scratch/plain.h5"

echo "-- export, as Python reads it"
$python - "$scratch" <<'END' || fail "Python reads other values than were exported"
import json, sys, h5py, numpy
data = open(sys.argv[1] + "/x.safetensors", "rb").read()
n = int.from_bytes(data[:8], "little")
header = json.loads(data[8:8 + n])
with h5py.File(sys.argv[1] + "/w/weights.h5") as f:
    for name in f:
        begin, end = header[name]["data_offsets"]
        x = numpy.frombuffer(data[8 + n + begin:8 + n + end], "<f4").reshape(header[name]["shape"])
        assert (x == f[name][()]).all(), name
END

$python - "$scratch" <<'END'
import re, sys, h5py
try:
    import torch, torchvision
except ImportError:
    sys.exit(77)
folder = sys.argv[1]

state = torchvision.models.resnet18().state_dict()
torch.save(state, folder + "/zip.pth")
torch.save({"state_dict": {"module." + k: v for k, v in state.items()}}, folder + "/old.pth",
           _use_new_zipfile_serialization=False)
changed = bytearray(open(folder + "/zip.pth", "rb").read())
changed[len(changed) // 2] ^= 1
open(folder + "/changed.pth", "wb").write(changed)

with h5py.File(folder + "/w/weights.h5") as f:
    state = {k: torch.from_numpy(f[k][()]) for k in f}
state.update({k.replace("running_var", "num_batches_tracked"): torch.tensor(7) for k in state if "running_var" in k})
averaged = {"ema_" + k.replace(".", "_"): v for k, v in state.items() if "neck" in k}
plain = {"module." + re.sub(r"(_convs\.\d)\.conv", r"\1", k) if "bbox_head" in k else k: v for k, v in state.items()}
torch.save({"meta": {"mmdet_version": "0.5.3", "CLASSES": ("disc", "square")}, "state_dict": plain},
           folder + "/mmdet0.pth", _use_new_zipfile_serialization=False)
torch.save({"meta": {"mmdet_version": "3.3.0", "dataset_meta": {"classes": ("disc", "square")}},
            "state_dict": {**state, **averaged}}, folder + "/mmdet3.pth")
END
case $? in
  0) ;;
  77) echo "no torch here: its files are not tested"; finish ;;
  *) fail "torch cannot save" ;;
esac

echo "-- torchvision"
as_published=(--set model.backbone.base_channels=64)
expect 2 "does not match the checksum" "${import[@]}" "$scratch/changed.pth" --out "$scratch/never.h5"
cp "$scratch/old.pth" "$scratch/old-0676ba61.pth"
expect 2 "does not have the hash that its name says" "${import[@]}" "$scratch/old-0676ba61.pth" --out "$scratch/never.h5"
expect 0 "ResNet-18 without neck and head: 60 parameters and 40 statistics" "${import[@]}" "$scratch/zip.pth" \
  --out "$scratch/tv.h5"
expect 0 "left out: fc.bias, fc.weight" "${list[@]}" "$scratch/zip.pth"
expect 0 "equal: 100 tensors" "${equal[@]}" "$scratch/tv.h5" "$scratch/zip.pth"
expect 0 "equal: 100 tensors" "${equal[@]}" "$scratch/tv.h5" "$scratch/old.pth"
expect 2 "no class layer" "${eval[@]}" "${as_published[@]}" --weights "$scratch/zip.pth"
expect 0 "neck.* is not in the weights file and starts at random" "${train[@]}" "${as_published[@]}" --train-data "$scratch/data" \
  --work-dir "$scratch/w5" --init-from "$scratch/old.pth" --set model.backbone.frozen_stages=1
norm=$("${list[@]}" "$scratch/w5/weights.h5" | awk '$1 == "neck.lateral_convs.0.conv.weight" { print $6 }')
holds "$norm > 1" "the neck starts at random"
frozen() {
  "${list[@]}" "$1" | grep -E '^backbone\.(conv1|bn1|layer1)'
}
[ "$(frozen "$scratch/tv.h5")" = "$(frozen "$scratch/w5/weights.h5")" ] || fail "frozen stages have changed"
expect 1 "backbone.layer2" "${equal[@]}" "$scratch/tv.h5" "$scratch/w5/weights.h5"

echo "-- mmdetection, old and new"
for version in 0 3; do
  expect 0 "$network: 88 parameters" "${import[@]}" "$scratch/mmdet$version.pth" --out "$scratch/mmdet$version.h5" \
    --config "$config"
  diff <("${list[@]}" "$weights") <("${list[@]}" "$scratch/mmdet$version.h5") || fail "mmdet$version.pth came in otherwise"
  expect 0 "equal: 128 tensors" "${equal[@]}" "$weights" "$scratch/mmdet$version.pth"
done
expect 0 "left out: ema_neck" "${import[@]}" "$scratch/mmdet3.pth" --out "$scratch/mmdet3.h5"
must "${eval[@]}" --weights "$scratch/mmdet3.pth" --out "$scratch/b.json"
cmp "$scratch/a.json" "$scratch/b.json" || fail "detections differ with the weights of mmdet3.pth"
finish
