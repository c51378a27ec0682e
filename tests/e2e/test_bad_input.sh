#!/usr/bin/env bash
# What a user can get wrong ends with a sentence that names it, and a non-zero code.
. "$(dirname "$0")/lib.sh"

synth=$scratch/synth
must "$freeanchor" synth --out "$synth" --images 6 --classes 2 --seed 1
must "$freeanchor" pack --coco "$synth/annotations.json" --images "$synth/images" --out "$scratch/shards"
config=$configs/freeanchor_r18_fpn_synth.json
small=(--set train.batch=1 --set train.max_steps=1 --set train.eval_interval=0 --set model.calibrate_images=1)
train=("$freeanchor" train --config "$config" --train-data "$scratch/shards" "${small[@]}")

echo "-- usage"
expect 2 "did you mean train" "$freeanchor" trian
expect 2 "did you mean --config" "$freeanchor" train --confg x
expect 2 "--work-dir" "$freeanchor" train --config "$config"
expect 2 "needs a value" "$freeanchor" score --coco
expect 2 "unexpected argument" "$freeanchor" synth --out "$scratch/x" stray
expect 2 "--size" "$freeanchor" synth --out "$scratch/x" --size 10x10
expect 0 "usage" "$freeanchor" pack --help

echo "-- configurations"
expect 2 "nowhere.json" "$freeanchor" info --config "$scratch/nowhere.json"
echo '{"train": {"batch": 4' >"$scratch/early.json"
expect 2 "early.json" "$freeanchor" info --config "$scratch/early.json"
expect 2 "did you mean train.batch" "$freeanchor" info --config "$config" --set train.bach=4
expect 2 "train.batch: expected a whole number" "$freeanchor" info --config "$config" --set train.batch=many
expect 2 "model.backbone.depth" "$freeanchor" info --config "$config" --set model.backbone.depth=20
echo '{"base": ["loop.json"]}' >"$scratch/loop.json"
expect 2 "inherit" "$freeanchor" info --config "$scratch/loop.json"
expect 2 "nonesuch" "$freeanchor" info --config "$config" --backend nonesuch

echo "-- annotations and images"
# damage PATTERN REPLACEMENT: a copy of the annotations with the first match replaced.
damage() {
  sed "0,/$1/s//$2/" "$synth/annotations.json" >"$scratch/damaged.json"
  cmp -s "$synth/annotations.json" "$scratch/damaged.json" && fail "the pattern $1 is not in the annotations"
}
pack=("$freeanchor" pack --coco "$scratch/damaged.json" --images "$synth/images" --out "$scratch/never")
expect 2 "absent.json" "$freeanchor" pack --coco "$scratch/absent.json" --images "$synth/images" --out "$scratch/never"
head -c 400 "$synth/annotations.json" >"$scratch/damaged.json"
expect 2 "damaged.json" "${pack[@]}"
damage '"category_id": *[0-9]*' '"category_id": 77'
expect 2 "77" "${pack[@]}"
damage '"image_id": *[0-9]*' '"image_id": 7777'
expect 2 "7777" "${pack[@]}"
damage '"bbox": *\[[^]]*\]' '"bbox": [1e999, 0, 5, 5]'
expect 2 "annotation" "${pack[@]}"
damage '"bbox": *\[[^]]*\]' '"bbox": [4000, 4000, 5, 5]'
expect 2 "outside" "${pack[@]}"
damage '"bbox": *\[[^]]*\]' '"bbox": [5, 5, 0, 5]'
expect 2 "annotation" "${pack[@]}"
expect 0 "dropped" "${pack[@]}" --fix drop
rm -rf "$scratch/never"
cp "$synth/annotations.json" "$scratch/damaged.json"
first=$(ls "$synth/images" | head -n 1)
mkdir "$scratch/images"
bad_image() {
  rm -rf "$scratch/images"
  cp -r "$synth/images" "$scratch/images"
  "$@"
  expect 2 "$first" "$freeanchor" pack --coco "$scratch/damaged.json" --images "$scratch/images" --out "$scratch/never"
  [ ! -e "$scratch/never/manifest.json" ] || fail "a dataset stands under its final name after $*"
}
bad_image rm "$scratch/images/$first"
bad_image truncate -s 0 "$scratch/images/$first"
bad_image truncate -s 2000 "$scratch/images/$first"
bad_image cp "$root/README.md" "$scratch/images/$first"

echo "-- shards"
# on_copy COMMAND...: a fresh copy of the shards, changed by the command, then a training run over it.
shard_fails() {
  local text=$1
  shift
  rm -rf "$scratch/copy"
  cp -r "$scratch/shards" "$scratch/copy"
  "$@"
  expect 2 "$text" "$freeanchor" train --config "$config" --train-data "$scratch/copy" --work-dir "$scratch/w" "${small[@]}"
}
shard=$scratch/copy/shard-00000.h5
shard_fails "shard-00000.h5" truncate -s -1000 "$shard"
shard_fails "shard-00000.h5" rm "$shard"
shard_fails "manifest.json" rm "$scratch/copy/manifest.json"
expect 2 "nowhere" "$freeanchor" train --config "$config" --train-data "$scratch/nowhere" --work-dir "$scratch/w" "${small[@]}"

echo "-- weights and work directories"
must "${train[@]}" --work-dir "$scratch/w"
expect 2 "absent.h5" "$freeanchor" eval --config "$config" --weights "$scratch/absent.h5" --data "$scratch/shards"
expect 2 "README.md" "$freeanchor" eval --config "$config" --weights "$root/README.md" --data "$scratch/shards"
must "$freeanchor" synth --out "$scratch/synth3" --images 3 --classes 3 --seed 1
must "$freeanchor" pack --coco "$scratch/synth3/annotations.json" --images "$scratch/synth3/images" --out "$scratch/shards3"
expect 2 "classes" "$freeanchor" eval --config "$config" --weights "$scratch/w/weights.h5" --data "$scratch/shards3"
expect 2 "data.mean" "$freeanchor" eval --config "$config" --weights "$scratch/w/weights.h5" --data "$scratch/shards" \
  --set "data.mean=[1,2,3]"
expect 2 "calibrate" "${train[@]}" --work-dir "$scratch/w2" --set model.init=weights
echo "in the way" >"$scratch/file"
expect 1 "file" "${train[@]}" --work-dir "$scratch/file/w"
finish
