#!/usr/bin/env bash
# PNGs of the pixels of JPEGs train to the same losses and are detected in alike; what has JPEGs alone stays readable to older programs.
. "$(dirname "$0")/lib.sh"

python=/usr/bin/python3
"$python" -c 'import cv2' 2>/dev/null || skip "python3-opencv is not installed"

must "$freeanchor" synth --out "$scratch/jpeg" --images 4 --classes 2 --seed 3 --size 96x64
mkdir -p "$scratch"/{png,mixed,deep,flat}/images
"$python" - "$scratch" <<'P'
import cv2, glob, json, os, sys
root = sys.argv[1]
for path in glob.glob(root + "/jpeg/images/*.jpg"):
    cv2.imwrite(root + "/png/images/" + os.path.basename(path)[:-3] + "png", cv2.imread(path))
text = open(root + "/jpeg/annotations.json").read()
open(root + "/png/annotations.json", "w").write(text.replace(".jpg", ".png"))

# The same pixels in other lossless files; and one set of pictures twice: deep or transparent, and as a program that knows the
# formula flattens them. The range is 500 to 3050, so that each level is ten samples wide; the ground is blue.
coco = json.loads(text)
import numpy as np
for k, image in enumerate(coco["images"]):
    pixels = cv2.imread(root + "/jpeg/images/" + image["file_name"])
    stem = image["file_name"][:-4]
    image["file_name"] = stem + [".tif", ".webp", ".bmp", ".png"][k % 4]
    cv2.imwrite(root + "/mixed/images/" + image["file_name"], pixels, [cv2.IMWRITE_WEBP_QUALITY, 101])
json.dump(coco, open(root + "/mixed/annotations.json", "w"))
for k, image in enumerate(coco["images"]):
    stem = image["file_name"].split(".")[0]
    pixels = cv2.imread(root + "/jpeg/images/" + stem + ".jpg")
    image["file_name"] = stem + [".png", ".tif", ".png", ".png"][k % 4]
    noise = np.random.default_rng(k).integers(-4, 5, pixels.shape)
    deep = np.clip(500 + 10 * pixels.astype(int) + noise, 0, 65535).astype(np.uint16)
    flat = pixels
    if k == 2:
        deep, flat = deep[:, :, 1], np.repeat(pixels[:, :, 1:2], 3, 2)
    if k == 3:
        from PIL import Image
        gray, alpha = pixels[:, :, 1], pixels[:, :, 0]
        Image.merge("LA", (Image.fromarray(gray), Image.fromarray(alpha))).save(root + "/deep/images/" + image["file_name"])
        ground = np.array([255, 0, 0])  # B G R
        mixed = (gray[..., None] * (alpha[..., None] / 255.0) + ground * (1 - alpha[..., None] / 255.0))
        flat = np.floor(mixed + 0.5).astype(np.uint8)
    else:
        cv2.imwrite(root + "/deep/images/" + image["file_name"], deep)
    cv2.imwrite(root + "/flat/images/" + stem + ".png", flat)
json.dump(coco, open(root + "/deep/annotations.json", "w"))
open(root + "/flat/annotations.json", "w").write(json.dumps(coco).replace(".tif", ".png"))
P

# losses KIND OPTION...: of three steps on that kind of images.
losses() {
  must "$freeanchor" pack --coco "$scratch/$1/annotations.json" --images "$scratch/$1/images" --out "$scratch/$1-shards"
  must "$freeanchor" train --config "$small_config" --train-data "$scratch/$1-shards" --work-dir "$scratch/$1-run" \
    --threads 1 --set "data.scale=[96,64]" --set train.max_steps=3 --set train.batch=2 --set model.calibrate_images=2 \
    --set train.log_interval=1 --set model.backbone.frozen_stages=4 \
    "${@:2}"
  grep '"mode":"train"' "$scratch/$1-run/log.jsonl" | grep -o '"loss":[-0-9.e+]*'
}
jpeg=$(losses jpeg)
png=$(losses png)
if [ -n "$jpeg" ] && [ "$jpeg" = "$png" ]; then echo "ok: the same losses:" $png; else fail "other losses:" $jpeg "and" $png; fi
rm -r "$scratch/png-run"
staged=$(losses png --stage "$scratch/disk")
[ "$staged" = "$png" ] || fail "other losses from a copy of the data:" $staged
[ -z "$(ls -A "$scratch/disk")" ] || fail "the copy of the data stays: $(ls "$scratch/disk")"
grep -q "$scratch/disk" "$scratch/png-run/config.json" && fail "the run remembers the copy as its data"
mixed=$(losses mixed)
if [ "$mixed" = "$png" ]; then echo "ok: the same from TIFF, WebP and BMP"; else fail "other losses from TIFF, WebP and BMP:" $mixed; fi
rendered=(--range "[500,3050]" --set "data.ground=[0,0,255]")
deep=$(losses deep "${rendered[@]}") flat=$(losses flat)
if [ -n "$deep" ] && [ "$deep" = "$flat" ]; then echo "ok: the same of 16 bits"; else fail "other losses of 16 bits:" $deep "and" $flat; fi
grep -q '"version": 1' "$scratch/jpeg-shards/manifest.json" || fail "data of JPEGs alone are not of version 1"
grep -q '"version": 2' "$scratch/png-shards/manifest.json" || fail "data with PNGs are not of version 2"

for kind in jpeg png; do
  must "$freeanchor" detect --weights "$scratch/jpeg-run" --threads 1 --score 0.001 --out "$scratch/$kind-found" "$scratch/$kind"/images/*
  sed 's/"file": .*/"file"/' "$scratch/$kind-found/detections.json" >"$scratch/$kind.json"
done
if cmp -s "$scratch/jpeg.json" "$scratch/png.json"; then echo "ok: the same detections"; else fail "other detections"; fi
[ -s "$scratch/png-found/000001.png.jpg" ] || fail "the picture of a PNG is called $(ls "$scratch/png-found" | head -n 1)"

# a detector sees deep pictures as it was trained to, without being told
for kind in deep flat; do
  must "$freeanchor" detect --weights "$scratch/deep-run" --threads 1 --score 0.001 --out "$scratch/$kind-found" "$scratch/$kind"/images/*
  sed 's/"file": .*/"file"/' "$scratch/$kind-found/detections.json" >"$scratch/$kind.json"
done
cmp "$scratch/deep.json" "$scratch/flat.json" || fail "other detections in 16 bits"
for kind in deep flat; do
  must "$freeanchor" browse "$scratch/$kind-shards" --set "data.range=[500,3050]" --set "data.ground=[0,0,255]" --out "$scratch/$kind-seen"
done
"$python" - "$scratch" <<'P' || fail "pictures of 16 bits are drawn otherwise"
import cv2, glob, numpy as np, os, sys
drawn = sorted(glob.glob(sys.argv[1] + "/deep-found/*.jpg"))
assert len(drawn) == 4
for a in drawn:
    b = cv2.imread(glob.glob(sys.argv[1] + "/flat-found/" + os.path.basename(a).split(".")[0] + "*.jpg")[0])
    assert np.array_equal(cv2.imread(a), b) and b.std() > 5
seen = sorted(glob.glob(sys.argv[1] + "/deep-seen/*.jpg"))
assert len(seen) == 4
for a in seen:  # above the caption, which has the file's name
    b = cv2.imread(a.replace("deep-seen", "flat-seen"))[:64]
    assert np.array_equal(cv2.imread(a)[:64], b) and b.std() > 5
P

# folders, one within the other, are looked through; on any number of ranks the list is the same
mkdir -p "$scratch/folder/deeper"
cp "$scratch"/jpeg/images/00000[12].jpg "$scratch/folder"
cp "$scratch"/png/images/000003.png "$scratch/folder/deeper"
for ranks in 1 3; do
  must run_ranks "$ranks" "$freeanchor" detect --weights "$scratch/jpeg-run" --score 0.001 --threads 1 --out "$scratch/from-$ranks" \
    "$scratch/folder" "$scratch/jpeg/images/000004.jpg"
  grep -q "was trained on 3 of 4 pictures here" "$last_log" || fail "what was trained on is not told: $(tail -n 3 "$last_log")"
done
cmp "$scratch/from-1/detections.json" "$scratch/from-3/detections.json" || fail "another list on three ranks"
files=$(grep -o '"file": *"[^"]*"' "$scratch/from-3/detections.json" | sed 's/.*\///; s/"//' | tr '\n' ' ')
[ "$files" = "000001.jpg 000002.jpg 000003.png 000004.jpg " ] || fail "the list names $files"

# what the run was validated on is told as well
must "$freeanchor" train --config "$small_config" --train-data "$scratch/jpeg-shards" --val-data "$scratch/png-shards" \
  --work-dir "$scratch/validated" --threads 1 --set "data.scale=[96,64]" --set train.max_steps=1 --set train.batch=2 \
  --set model.calibrate_images=2 --set train.eval_interval=1
must "$freeanchor" detect --weights "$scratch/validated" --threads 1 --out "$scratch/from-validated" --json "$scratch/folder"
grep -q "was validated on 1 of 3 pictures here" "$last_log" || fail "what was validated on is not told: $(tail -n 3 "$last_log")"
holds "$(number "$last_log" trained_on) == 2 && $(number "$last_log" validated_on) == 1" "pictures that are known"

# so do lists, relative to their own folder, and patterns that no shell has opened
printf '%s\r\n\n' 000001.jpg 000002.jpg >"$scratch/folder/list.txt"
printf '%s\n' deeper/000003.png "$scratch/jpeg/images/000004.jpg" >>"$scratch/folder/list.txt"
detect=("$freeanchor" detect --weights "$scratch/jpeg-run" --threads 1 --score 0.001)
must "${detect[@]}" --out "$scratch/from-list" --format coco --format yolo "$scratch/folder/list.txt"
cmp "$scratch/from-1/detections.json" "$scratch/from-list/detections.json" || fail "a list gives other detections"
# what was packed since in their place is not what it was trained on
mv "$scratch/jpeg-shards" "$scratch/aside"
$python -c 'import json, sys; coco = json.load(open(sys.argv[1])); coco["annotations"].pop(); json.dump(coco, open(sys.argv[2], "w"))' \
  "$scratch/jpeg/annotations.json" "$scratch/fewer.json"
must "$freeanchor" pack --coco "$scratch/fewer.json" --images "$scratch/jpeg/images" --out "$scratch/jpeg-shards"
must "${detect[@]}" --out "$scratch/from-others" "$scratch/folder/list.txt"
grep -q "was trained on" "$last_log" && fail "data that were packed since pass for those of the run"
rm -r "$scratch/jpeg-shards" && mv "$scratch/aside" "$scratch/jpeg-shards"
# a weights file alone finds the same, and knows nothing of what it was trained on
must "$freeanchor" detect --weights "$scratch/jpeg-run/weights.h5" --threads 1 --score 0.001 --out "$scratch/from-pattern" \
  "$scratch/folder/0*.j[p]g" "$scratch/folder/deeper/?????3.png" "$scratch/jpeg/images/000004.jpg"
grep -q "was trained on" "$last_log" && fail "a weights file tells what it was trained on"
cmp "$scratch/from-1/detections.json" "$scratch/from-pattern/detections.json" || fail "a pattern gives other detections"
expect 2 "no file fits this pattern" "${detect[@]}" --out "$scratch/x" "$scratch/folder/*.tif"
: >"$scratch/empty.txt"
expect 2 "empty.txt: this list names no image" "${detect[@]}" --out "$scratch/x" "$scratch/empty.txt"

# the same boxes in all formats; COCO's goes back in
"$python" - "$scratch/from-list" <<'P' || fail "the formats of detect differ"
import json, os, sys
out = sys.argv[1]
ours, coco = json.load(open(out + "/detections.json")), json.load(open(out + "/coco.json"))
names, ids = {c["id"]: c["name"] for c in coco["categories"]}, {i["file_name"]: i for i in coco["images"]}
n = sum(len(e["detections"]) for e in ours)
assert len(coco["annotations"]) == n > 4, n
for entry in ours:
    image = ids[entry["file"]]
    assert (image["width"], image["height"]) == (96, 64)
    annotations = [a for a in coco["annotations"] if a["image_id"] == image["id"]]
    stem = os.path.splitext(os.path.basename(entry["file"]))[0]
    lines = [line.split() for line in open(f"{out}/labels/{stem}.txt")]
    for d, a, line in zip(entry["detections"], annotations, lines, strict=True):
        assert (d["bbox"], d["score"], d["class"]) == (a["bbox"], a["score"], names[a["category_id"]])
        label, x, y, w, h, score = map(float, line)
        box = [(x - w / 2) * 96, (y - h / 2) * 64, w * 96, h * 64]
        assert label == d["label"] and abs(score - d["score"]) < 1e-5
        assert max(abs(p - q) for p, q in zip(box, d["bbox"])) < 1e-4
P
(cd "$scratch" && must "${detect[@]}" --out found --format coco folder) || fail "detect does not run"
expect 0 "are objects to train on" "$freeanchor" pack --coco "$scratch/found/coco.json" --images "$scratch" --fix drop --out "$scratch/again"
must "${detect[@]}" --out "$scratch/from-list" --format coco --format yolo "$scratch/folder/list.txt" # over its own
echo "0 0.5 0.5 0.1 0.1" >"$scratch/from-list/labels/000002.txt"
expect 2 "000002.txt: is there already and does not hold detections" "${detect[@]}" --out "$scratch/from-list" --format yolo \
  "$scratch/folder/list.txt"
echo "0 0.5 0.5 0.1 0.1 0.9" | tee "$scratch/foreign.txt" >"$scratch/from-list/labels/000002.txt"
must "${detect[@]}" --out "$scratch/from-list" --format yolo "$scratch/folder/list.txt" # six columns beside our list
mkdir -p "$scratch/theirs/labels" "$scratch/linked" "$scratch/elsewhere"
cp "$scratch/foreign.txt" "$scratch/theirs/labels/000002.txt"
expect 2 "000002.txt: is there already and does not hold detections" "${detect[@]}" --out "$scratch/theirs" --format yolo \
  "$scratch/folder/list.txt"
cmp "$scratch/foreign.txt" "$scratch/theirs/labels/000002.txt" || fail "another tool's labels were written over"
ln -s ../elsewhere "$scratch/linked/labels"
expect 2 "labels: is a link, and is not written through" "${detect[@]}" --out "$scratch/linked" --format yolo "$scratch/folder/list.txt"
[ -z "$(ls "$scratch/elsewhere")" ] || fail "labels were written through a link"
expect 2 "expected json, coco or yolo" "${detect[@]}" --out "$scratch/x" --format voc "$scratch/folder/list.txt"

# a picture that fits into one tile is detected in as ever; one that needs several is looked at in each
must "${detect[@]}" --out "$scratch/one-tile" --tile 96x64+16 "$scratch/folder" "$scratch/jpeg/images/000004.jpg"
cmp "$scratch/from-1/detections.json" "$scratch/one-tile/detections.json" || fail "one tile gives other detections"
must "${detect[@]}" --out "$scratch/tiles" --tile 64x48+16 "$scratch/folder"
expect 2 "--tile 64x48: expected width, height and overlap" "${detect[@]}" --out "$scratch/x" --tile 64x48 "$scratch/folder"

# what cannot be read is told in the order of the images, whichever rank met it; pictures drawn before are no images
echo "no image" | tee "$scratch/folder/000000.jpg" "$scratch/folder/deeper/x.png" "$scratch/folder/deeper/y.png" >/dev/null
for ranks in 1 2; do
  expect 1 "3 of 6 images cannot be used, the first: $scratch/folder/000000.jpg" run_ranks "$ranks" "$freeanchor" detect \
    --weights "$scratch/jpeg-run" --threads 1 --out "$scratch/folder/found" "$scratch/folder"
done
grep -c '"error"' "$scratch/folder/found/detections.json" | grep -qx 3 || fail "the list does not say what cannot be read"
long=$(printf '%0251d' 0).png
cp "$scratch/folder/deeper/000003.png" "$scratch/folder/$long"
expect 2 "rename it" "${detect[@]}" --out "$scratch/x" "$scratch/folder/$long"
mkdir "$scratch/nothing"
expect 2 "nothing: there is no image in this folder" "${detect[@]}" --out "$scratch/x" "$scratch/nothing"
finish
