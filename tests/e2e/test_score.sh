#!/usr/bin/env bash
# Ground truth handed in as predictions scores 1; nothing at all scores 0.
. "$(dirname "$0")/lib.sh"

must "$freeanchor" synth --out "$scratch/s" --images 12 --classes 3 --seed 5
annotations=$scratch/s/annotations.json

# results from the annotations, without a JSON tool: one annotation has its keys in one object
tr -d '\n ' <"$annotations" | grep -o '"annotations":.*' | grep -o '{[^{}]*}' | grep '"bbox"' |
  awk '{
    match($0, /"image_id":[0-9]+/); image = substr($0, RSTART, RLENGTH)
    match($0, /"category_id":[0-9]+/); category = substr($0, RSTART, RLENGTH)
    match($0, /"bbox":\[[^]]*\]/); bbox = substr($0, RSTART, RLENGTH)
    printf "%s{%s,%s,%s,\"score\":0.9}", NR == 1 ? "[" : ",\n", image, category, bbox
  } END { print "]" }' >"$scratch/perfect.json"

must "$freeanchor" score --coco "$annotations" --results "$scratch/perfect.json"
"$freeanchor" score --coco "$annotations" --results "$scratch/perfect.json" --json >"$scratch/out"
holds "$(number "$scratch/out" bbox_mAP) == 1" "AP of the ground truth"
holds "$(number "$scratch/out" AR_100) == 1" "AR of the ground truth"

echo '[]' >"$scratch/none.json"
"$freeanchor" score --coco "$annotations" --results "$scratch/none.json" --json >"$scratch/out"
holds "$(number "$scratch/out" bbox_mAP) == 0" "AP of no detections"

echo '[{"image_id": 99999, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}]' >"$scratch/unknown.json"
expect 2 "unknown.json: result 0 is of image 99999" "$freeanchor" score --coco "$annotations" --results "$scratch/unknown.json"
finish
