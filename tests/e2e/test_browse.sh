#!/usr/bin/env bash
# Numbers and pictures of a packed dataset; nothing is written over but what was drawn before; wrong words are refused.
. "$(dirname "$0")/lib.sh"

must "$freeanchor" synth --out "$scratch/s" --images 9 --classes 2 --seed 5 --size 160x120
must "$freeanchor" pack --coco "$scratch/s/annotations.json" --images "$scratch/s/images" --out "$scratch/d"
browse=("$freeanchor" browse "$scratch/d" --set "data.scale=[160,120]" --threads 1)

must "${browse[@]}" --json
holds "$(number "$last_log" images) == 9" "images"
holds "$(number "$last_log" objects) > 9" "objects"
holds "$(number "$last_log" poor) >= 0" "objects without a good anchor"
grep -q 'of `.*` have no anchor above 0.4: \|^anchors fit' "$last_log" || fail "nothing is said on anchors"

expect 0 "--set data.scale=[128,64] " "${browse[@]}" --set "data.scale=[64,32]"
expect 0 "larger objects then have a quarter as many anchors each" "${browse[@]}" --set "data.scale=[64,32]" --set model.anchor_scale=1
expect 0 "--set model.finest_level=2 " "${browse[@]}" --set "data.scale=[64,32]"
must "${browse[@]}" --set "data.scale=[64,32]" --set model.finest_level=2
! grep -q "model.finest_level" "$last_log" || fail "browse proposes the levels that there are"
tr -d '\n' <"$scratch/s/annotations.json" | sed 's/"bbox": *\[[^]]*\]/"bbox": [4, 40, 150, 15]/g' >"$scratch/long.json"
must "$freeanchor" pack --coco "$scratch/long.json" --images "$scratch/s/images" --out "$scratch/long"
expect 0 "--set model.anchor_ratios=[0.25,1,4] " "$freeanchor" browse \
  "$scratch/long" --set "data.scale=[160,120]"

# The start of training and the report say it too, with the same numbers.
must "${browse[@]}" --set model.anchor_scale=32
missed=$(grep -o '[0-9]* % of `disc`' "$last_log" | head -n 1)
[ -n "$missed" ] || fail "anchors of 256 pixels and more miss nothing"
must "$freeanchor" train --config "$small_config" --train-data "$scratch/d" --work-dir "$scratch/w" --threads 1 \
  --set "data.scale=[160,120]" --set model.anchor_scale=32 --set train.max_steps=1 --set train.eval_interval=0
for told in "$last_log" "$scratch/w/train.log" "$scratch/w/report.html"; do
  grep -q "of the objects to train on, .*$missed.* have no anchor above IoU 0.4" "$told" || fail "$told does not say that anchors miss objects"
done

is_jpeg() {
  [ "$(head -c 2 "$1" | od -An -tx1 | tr -d ' ')" = ffd8 ] || fail "$1 is no JPEG"
}
must "${browse[@]}" --out "$scratch/sheet.jpg" --images 4 --augmented --set data.vertical_flip=0.5
is_jpeg "$scratch/sheet.jpg"
# On a sheet boxes of few classes have no labels, which the legend stands for; of many they have.
if /usr/bin/python3 -c 'import cv2' 2>/dev/null; then
  /usr/bin/python3 - "$scratch/s/annotations.json" "$scratch/many.json" <<'P'
import json, sys
coco = json.load(open(sys.argv[1]))
coco["categories"] += [{"id": 900 + k, "name": f"unused {k}"} for k in range(8)]
json.dump(coco, open(sys.argv[2], "w"))
P
  must "$freeanchor" pack --coco "$scratch/many.json" --images "$scratch/s/images" --out "$scratch/many"
  must "$freeanchor" browse "$scratch/d" --out "$scratch/few.jpg" --images 4
  must "$freeanchor" browse "$scratch/many" --out "$scratch/many.jpg" --images 4
  /usr/bin/python3 - "$scratch/few.jpg" "$scratch/many.jpg" <<'P' || fail "labels are not what the number of classes asks for"
import cv2, sys
few, many = (cv2.imread(path)[:480, :640].astype(int) for path in sys.argv[1:])
labelled = abs(few - many).max(2) > 60
assert few.shape == many.shape and 0.002 < labelled.mean() < 0.2, labelled.mean()
P
fi
must "${browse[@]}" --out "$scratch/p" --images 2 --augmented --set "data.min_iou_crop=[0.3,0.7]" --json
holds "$(number "$last_log" drawn) == 2" "images drawn"
[ "$(find "$scratch/p" -name '*.jpg' | wc -l)" -eq 4 ] || fail "not 4 pictures: $(ls "$scratch/p")"
is_jpeg "$(find "$scratch/p" -name '*_augmented.jpg' | head -n 1)"
expect 0 "2 images with ground truth" "${browse[@]}" --out "$scratch/p" --images 2 --augmented

echo photo >"$scratch/photo.jpg"
expect 2 "was not drawn by this program" "${browse[@]}" --out "$scratch/photo.jpg"
[ "$(cat "$scratch/photo.jpg")" = photo ] || fail "a file is lost"
mkfifo "$scratch/pipe.jpg"
expect 2 "was not drawn by this program" timeout 20 "${browse[@]}" --out "$scratch/pipe.jpg"
expect 2 "sheets are JPEGs" "${browse[@]}" --out "$scratch/sheet.png"
expect 2 "has no such class; it has disc, " "${browse[@]}" --out "$scratch/p" --class somethingelse
expect 2 "did you mean disc?" "${browse[@]}" --out "$scratch/p" --class disk
expect 2 "--class means nothing without --out" "${browse[@]}" --class disc
expect 2 "no dataset given" "$freeanchor" browse
expect 2 "is not a packed dataset" "$freeanchor" browse "$scratch/s"
finish
