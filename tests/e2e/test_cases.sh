#!/usr/bin/env bash
# What is wrong with a dataset or a list of pictures is told in words that name it; what is right is packed all the same.
. "$(dirname "$0")/lib.sh"

must "$freeanchor" synth --out "$scratch/synth" --images 3 --classes 2 --seed 3 --size 160x120
images=$scratch/images
mkdir -p "$images"
n=0
for file in "$scratch"/synth/images/*; do
  n=$((n + 1))
  cp "$file" "$images/$n.jpg"
done
coco=$scratch/a.json
list='{"id": 1, "file_name": "1.jpg", "width": 160, "height": 120}, {"id": 2, "file_name": "2.jpg", "width": 160, "height": 120}, {"id": 3, "file_name": "3.jpg", "width": 160, "height": 120}'
classes='{"id": 4, "name": "cell"}, {"id": 9, "name": "platelet"}'
good='{"id": 1, "image_id": 1, "category_id": 4, "bbox": [10, 12, 60, 50], "area": 3000, "iscrowd": 0}, {"id": 2, "image_id": 2, "category_id": 9, "bbox": [90.5, 60.25, 30, 24], "area": 720, "iscrowd": 0}'
# write IMAGES ANNOTATIONS [CATEGORIES]: the annotation file.
write() {
  echo "{\"images\": [$1], \"annotations\": [$2], \"categories\": [${3:-$classes}]}" >"$coco"
}
# good_but PATTERN REPLACEMENT: the good annotations, changed wherever the pattern is.
good_but() {
  write "$list" "$(echo "$good" | sed -E "s/$1/$2/g")"
}
# says TEXT...: the last packing said each of them.
says() {
  local text
  for text in "$@"; do
    [[ $output == *"$text"* ]] && echo "ok: $text" || fail "expected to read \"$text\""
  done
}
# packs CODE [OPTION...]: exits with CODE; what it says is kept for says.
packs() {
  local code=$1
  shift
  output=$("$freeanchor" pack --coco "$coco" --images "$images" --out "$scratch/out" "$@" 2>&1)
  [ $? -eq "$code" ] || fail "expected exit code $code: $output"
  [[ $output != *$'\x1b'* ]] || fail "raw bytes reach the terminal"
}

echo "-- objects"
write "$list" "$good"
packs 0
says "2 of 2 annotations are objects to train on"
good_but '"area": [0-9]*' '"area": 0'
packs 2
says "2 of area 0 or less" "none of 2 annotations is an object to train on"
good_but '"iscrowd": 0' '"iscrowd": 1'
packs 2
says "2 crowd"
good_but '\[[^]]*\]' '[0.1, 0.2, 0.3, 0.4]'
packs 2
says "2 of 2 boxes lie within one pixel of the corner" "2 below a pixel"
good_but '\[[^]]*\]' '[90.5, 60.25, 120.5, 84.25]'
packs 2
says "nearly all would fit it as x1 y1 x2 y2" "write them as x y width height"
[[ $output != *"--fix clip"* ]] || fail "clipping is offered where it would hide the mistake"
good_but '\[[^]]*\]' '[1e300, 0, 5, 5]'
packs 2
says "number 1 of \`bbox\` is not a number of pixels"

echo "-- faults"
write "$list" "$good, {\"id\": 5, \"image_id\": 77, \"category_id\": 4, \"bbox\": [1, 1, 5, 5]}, {\"id\": 6, \"image_id\": 1, \"category_id\": 4}, {\"id\": 7, \"image_id\": 1, \"category_id\": 44, \"bbox\": [1, 1, 5, 5]}"
packs 2
says "3 items cannot be used (images: 0, annotations: 3, boxes: 0)" "image_id 77 is not in" "(id 6): \`bbox\`" "category_id 44 is not in"
packs 0 --fix drop
says "3 other items" "2 annotations,"

echo "-- ids and names"
write "${list/\"id\": 1/\"id\": 9007199254740993}, {\"id\": 9007199254740992, \"file_name\": \"1.jpg\", \"width\": 160, \"height\": 120}" \
  "${good/\"image_id\": 1/\"image_id\": 9007199254740993}"
packs 0
says "the first: 1.jpg has ids 9007199254740993 and 9007199254740992"
echo '[{"image_id": 9007199254740993, "category_id": 4, "bbox": [10, 12, 60, 50], "score": 0.9}, {"image_id": "2", "category_id": 9, "bbox": [90.5, 60.25, 30, 24], "score": 0.9}]' >"$scratch/r.json"
expect 0 '"AR_100":1,' "$freeanchor" score --coco "$coco" --results "$scratch/r.json" --json
good_but '"image_id": ([0-9])' '"image_id": "\1"'
packs 0
says "2 ids are text"
good_but '"image_id": ([0-9])' '"image_id": "a\1"'
packs 2
says "\`image_id\` is text, \"a1\""
write "$list" "$good" '{"id": 4, "name": "cell"}, {"id": 9, "name": "cell"}, {"id": 11, "name": "none"}'
packs 0
says '"cell" is that of ids 4 and 9' '1 of 3 classes without an object to train on, the first: "none" (id 11)'
echo '[]' >"$scratch/none.json"
expect 0 '"class_AP":{"cell (id 4)":0,"cell (id 9)":0,"none":null}' "$freeanchor" score --coco "$coco" --results "$scratch/none.json" --json
large=${list/\"id\": 1/\"id\": 9007199254740993}
echo "{\"images\": [$large], \"categories\": [$classes]}" >"$coco"
packs 0
says "has no \`annotations\`" "without objects: 3"
expect 0 "Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = no ground truth" \
  "$freeanchor" score --coco "$coco" --results "$scratch/none.json"
expect 0 '"bbox_mAP":null,' "$freeanchor" score --coco "$coco" --results "$scratch/none.json" --json
expect 0 "without objects: 3" "$freeanchor" pack --coco "$coco" --images "$images" --out "$scratch/unlabelled"
write "$list" "$good"
iconv -f UTF-8 -t UTF-16 "$coco" >"$scratch/utf16" && mv "$scratch/utf16" "$coco"
packs 2
says "is UTF-16 text"
write "${list/1.jpg/Gr\\udcf6e.jpg}" "$good"
packs 2
says "half of a surrogate pair"
write "${list/1.jpg/\\u001b[31mred\\u0007.jpg}" "$good"
packs 2
says '\x1b[31mred\x07.jpg: cannot open'
grep -q '\\x1b\[31mred' "$scratch/out.rejected.txt" || fail "the list of rejects is not escaped"
write "$list" "$good" '{"id": 4, "name": "ce\u001b[2Jll"}, {"id": 9, "name": "platelet"}'
expect 0 'ce\x1b[2Jll' "$freeanchor" score --coco "$coco" --results "$scratch/none.json"
mkdir "$images/sub"
cp "$images/1.jpg" "$images/sub/1.jpg"
write "${list/1.jpg/sub\\\\1.jpg}" "$good"
packs 0
says "1 file names carry backslashes" "sub/1.jpg"

echo "-- images"
write "$list" "$good"
mv "$images/1.jpg" "$scratch/kept.jpg"
printf '\x89PNG\r\n\x1a\n0000' >"$images/1.jpg"
packs 2
says "1.jpg: not a usable PNG"
printf 'RIFF0000WEBPVP8 ' >"$images/1.jpg"
packs 2
says "WebP"
ln -sf "$scratch/kept.jpg" "$images/1.jpg"
packs 2
says "1.jpg: is a link out of the image folder" "--follow-links"
packs 0 --follow-links
# with_exif ORIENTATION NUMBER: the picture with an EXIF block.
with_exif() {
  { printf '\xff\xd8\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01'
    printf "\\x00\\x0$1\\x00\\x00\\x00\\x00\\x00\\x00"
    tail -c +3 "$scratch/kept.jpg"; } >"$scratch/turned.jpg"
  mv "$scratch/turned.jpg" "$images/$2.jpg"
}
with_exif 6 1
with_exif 3 2
packs 0
says "1 images were annotated as stored (first: 1.jpg)" "which is ignored: 2"
packs 2 --exif apply
says "1.jpg: EXIF turns it to 120x160, the annotation file has 160x120"
with_exif 8 3
write "${list/\"3.jpg\", \"width\": 160, \"height\": 120/\"3.jpg\", \"width\": 120, \"height\": 160}" "$good"
packs 0
says "1 images were annotated as turned (first: 3.jpg), 1 as stored (first: 1.jpg)" "--exif apply or ignore decides"
expect 2 "--exif some: expected decide, apply or ignore" "$freeanchor" pack --coco "$coco" --images "$images" --out "$scratch/out" --exif some

echo "-- training and evaluation"
rm "$images"/*.jpg
n=0
for file in "$scratch"/synth/images/*; do
  n=$((n + 1))
  cp "$file" "$images/$n.jpg"
done
write "$list" "$good"
must "$freeanchor" pack --coco "$coco" --images "$images" --out "$scratch/shards"
config=$small_config
small=(--set train.batch=1 --set train.max_steps=1 --set train.eval_interval=0 --set model.calibrate_images=1 --set "data.scale=[96,64]")
train=("$freeanchor" train --config "$config" "${small[@]}")
expect 2 "unlabelled: no annotations, so no objects to train on" "${train[@]}" --train-data "$scratch/unlabelled" --work-dir "$scratch/w0" --set data.keep_empty=true
write "$list" "$good" '{"id": 4, "name": "cell"}, {"id": 9, "name": "plate"}'
must "$freeanchor" pack --coco "$coco" --images "$images" --out "$scratch/others"
expect 2 'the first difference is class 1, "platelet" (id 9) in one and "plate" (id 9) in the other' \
  "${train[@]}" --train-data "$scratch/shards" --val-data "$scratch/others" --work-dir "$scratch/w0"
expect 0 "shards: 2 of 2 annotations are objects to train on" "${train[@]}" --train-data "$scratch/shards" --work-dir "$scratch/w"

eval=("$freeanchor" eval --config "$config" --weights "$scratch/w/weights.h5" --set "data.scale=[96,64]" --set eval.score_threshold=0)
expect 0 '"bbox_mAP":null,' "${eval[@]}" --data "$scratch/unlabelled" --out "$scratch/results.json" --json
expect 0 '"NR_90":' "${eval[@]}" --data "$scratch/shards" --nms-recall --json
expect 0 "Average Precision" "${eval[@]}" --data "$scratch/shards" --scales 48,64 --flip
expect 2 "--nms-recall is measured on one view of an image, and here are 4" "${eval[@]}" --data "$scratch/shards" --scales 48,64 --flip --nms-recall
sed -e '1s/^\[/{"categories": ['"$classes"'], "images": ['"$large"'], "annotations": [/' -e '$s/$/}/' "$scratch/results.json" >"$coco"
packs 0
says " objects to train on"
[[ $output != *"cannot be used"* ]] || fail "our own results do not pack"
grep -q '"image_id":9007199254740993,' "$scratch/results.json" || fail "a long id loses digits on its way into results"
expect 0 "Average Precision" "$freeanchor" score --coco "$coco" --results "$scratch/results.json"

echo "-- detecting"
head -c 2000 "$images/2.jpg" >"$images/cut.jpg"
expect 1 "3 of 5 images cannot be used, the first: $images/cut.jpg: damaged JPEG" "$freeanchor" detect --config "$config" \
  --weights "$scratch/w/weights.h5" --set "data.scale=[96,64]" --out "$scratch/drawn" "$images/1.jpg" "$images/cut.jpg" \
  "$coco" "$images/absent.jpg" "$images/3.jpg"
[ -s "$scratch/drawn/1.jpg" ] && [ -s "$scratch/drawn/3.jpg" ] || fail "the good pictures are not drawn"
[ "$(grep -c '"detections"' "$scratch/drawn/detections.json")" -eq 5 ] || fail "the list is not of all five"
grep -q '"error": ".*absent.jpg: cannot open' "$scratch/drawn/detections.json" || fail "the list does not say what is wrong"
finish
