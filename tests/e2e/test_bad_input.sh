#!/usr/bin/env bash
# What a user can get wrong ends with a sentence that names it, and a non-zero code.
. "$(dirname "$0")/lib.sh"

synth=$scratch/synth
must "$freeanchor" synth --out "$synth" --images 6 --classes 2 --seed 1
must "$freeanchor" pack --coco "$synth/annotations.json" --images "$synth/images" --out "$scratch/shards"
config=$small_config
small=(--set train.batch=1 --set train.max_steps=1 --set train.eval_interval=0 --set model.calibrate_images=1)
train=("$freeanchor" train --config "$config" --train-data "$scratch/shards" "${small[@]}")

echo "-- usage"
expect 2 "did you mean train" "$freeanchor" trian
expect 2 "did you mean --config" "$freeanchor" train --confg x
expect 2 "that is a key of the recipe: --set train.epochs=3" "$freeanchor" train --epochs 3
expect 0 "usage: freeanchor train" bash -c '"$0" help train | head -n 1' "$freeanchor"
expect 2 "did you mean train" "$freeanchor" help trian
expect 0 "--data SHARDDIR" "$freeanchor" bench loader --help
expect 1 "" bash -c '"$0" bench loader --help | grep -e --plans' "$freeanchor"
expect 0 "usage: freeanchor bench step" "$freeanchor" help bench step
expect 2 "--work-dir" "$freeanchor" train --config "$config"
# said_once COMMAND...: two ranks that are given it say one sentence between them.
said_once() {
  local said
  said=$(run_ranks 2 "$@" 2>&1 | grep -c '^freeanchor')
  holds "$said == 1" "lines of ${*: -1:1} on two ranks"
}
said_once "$freeanchor" trian
said_once "$freeanchor" train --confg x
said_once "$freeanchor" pack --coco x
expect 2 "needs a value" "$freeanchor" score --coco
expect 2 "unexpected argument" "$freeanchor" synth --out "$scratch/x" stray
expect 2 "--size" "$freeanchor" synth --out "$scratch/x" --size 10x10
expect 0 "usage" "$freeanchor" pack --help

expect 2 "--max-detections 1,10,99999999999: expected A,B,C, 3 whole numbers from 1 to 1000000" \
  "$freeanchor" score --coco "$synth/annotations.json" --results x --max-detections 1,10,99999999999
expect 2 "--threads 4294967297: expected a whole number from 1 to 1024" "$freeanchor" synth --out "$scratch/x" --threads 4294967297
expect 2 "102400000 ranks; expected up to 131072" "$freeanchor" estimate --config "$config" --nodes 100000 --ranks-per-node 1024 \
  --bandwidth 1 --latency 1 --step-s 1
echo '{"forward_s":1,"loss_s":1,"backward_s":1,"update_s":0,"readiness":[{"s":0,"elements":9007199254740991}]}' >"$scratch/profile"
expect 2 'row 1 of "readiness"' timeout 20 "$freeanchor" estimate --config "$config" --nodes 2 --ranks-per-node 1 \
  --bandwidth 1 --latency 1 --profile "$scratch/profile"
expect 2 "--trace-steps means nothing without --trace" "${train[@]}" --work-dir "$scratch/x" --trace-steps 2
expect 2 "--size means nothing without --config" "$freeanchor" info --size 64x64
[ ! -e "$scratch/x" ] || fail "something was made in spite of a wrong number"

echo "-- configurations"
expect 2 "nowhere.json" "$freeanchor" info --config "$scratch/nowhere.json"
echo '{"train": {"batch": 4' >"$scratch/early.json"
expect 2 "early.json" "$freeanchor" info --config "$scratch/early.json"
expect 2 "did you mean train.batch" "$freeanchor" info --config "$config" --set train.bach=4
expect 2 "info: --set lr=0.1: unknown key lr; did you mean train.lr?" "$freeanchor" info --config "$config" --set lr=0.1
expect 2 'such as [640,480], not "640,480"' "$freeanchor" info --config "$config" --set data.scale=640,480
expect 2 "train.batch: expected a whole number" "$freeanchor" info --config "$config" --set train.batch=many
expect 2 "model.backbone.depth: expected 18 or 34 or 50 or 101, not 152" "$freeanchor" info --config "$config" \
  --set model.backbone.depth=152
printf '# a comment\n{"base": ["%s"], // another\n "train": {"batch" 4}}' "$config" >"$scratch/commented.json"
expect 2 "commented.json: line 3, column 20: this is not JSON" "$freeanchor" info --config "$scratch/commented.json"
echo '{"base": ["loop.json"]}' >"$scratch/loop.json"
expect 2 "inherit" "$freeanchor" info --config "$scratch/loop.json"
expect 2 "nonesuch" "$freeanchor" info --config "$config" --backend nonesuch

expect 2 "unknown key train" "$freeanchor" info --config "$config" --set 'train={}'
for odd in '"train.epochs": 99' '"train": {"base": 17}' '"trian": {}'; do
  echo "{\"base\": [\"$config\"], $odd}" >"$scratch/odd.json"
  expect 2 "odd.json: unknown key" "$freeanchor" info --config "$scratch/odd.json"
done

echo "-- annotations and images"
# damage PATTERN REPLACEMENT: a copy of the annotations with the first match replaced.
damage() {
  sed "0,/$1/s//$2/" "$synth/annotations.json" >"$scratch/damaged.json"
  cmp -s "$synth/annotations.json" "$scratch/damaged.json" && fail "the pattern $1 is not in the annotations"
}
pack=("$freeanchor" pack --coco "$scratch/damaged.json" --images "$synth/images" --out "$scratch/never")
expect 2 "absent.json" "$freeanchor" pack --coco "$scratch/absent.json" --images "$synth/images" --out "$scratch/never"
head -c 400 "$synth/annotations.json" >"$scratch/damaged.json"
expect 2 "damaged.json: ends early" "${pack[@]}"
damage '"category_id": *[0-9]*' '"category_id": 77'
expect 2 "; correct the annotations; --fix drop leaves out all that cannot be used" "${pack[@]}"
damage '"image_id": *[0-9]*' '"image_id": 7777'
expect 2 "7777" "${pack[@]}"
damage '"bbox": *\[[^]]*\]' '"bbox": [1e999, 0, 5, 5]'
expect 2 "annotation" "${pack[@]}"
damage '"bbox": *\[[^]]*\]' '"bbox": [4000, 4000, 5, 5]'
expect 2 "; --fix clip cuts boxes at the border of their image and leaves out empty ones; --fix drop" "${pack[@]}"
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
expect 2 "0 of 6 files found in $synth: is the folder right?" "$freeanchor" pack --coco "$synth/annotations.json" \
  --images "$synth" --out "$scratch/never"
expect 2 "nowhere: there is no such directory" "$freeanchor" pack --coco "$synth/annotations.json" \
  --images "$scratch/nowhere" --out "$scratch/never"
expect 2 "are a file, this is a folder" "$freeanchor" pack --coco "$synth" --images "$synth/images" --out "$scratch/never"
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
expect 2 "pack --annotations $synth/annotations.json --images FOLDER --out SHARDDIR" "$freeanchor" train "$config" \
  --train-data "$synth/annotations.json" --work-dir "$scratch/new/w"
expect 2 "pack --annotations PATH --images $synth --out SHARDDIR" run_ranks 2 "$freeanchor" train "$config" \
  --train-data "$synth" --work-dir "$scratch/new/w/"
[ ! -e "$scratch/new" ] || fail "a start that failed left its work directory"

echo "-- weights and work directories"
must "${train[@]}" --work-dir "$scratch/w"
expect 2 "absent.h5" "$freeanchor" eval --config "$config" --weights "$scratch/absent.h5" --data "$scratch/shards"
expect 2 "asks for posix.system" "$freeanchor" weights list "$root/tests/weights/golden/harm.legacy.pth"
expect 2 "is compressed" "$freeanchor" weights list "$root/tests/weights/golden/zip_bomb.pth"
expect 2 "eval: --set lr=0.1: unknown key lr" "$freeanchor" eval --weights "$scratch/w" --data "$scratch/shards" --set lr=0.1
expect 2 "no checkpoint is the best one, since none was evaluated; take $scratch/w/checkpoints/latest" "$freeanchor" eval \
  --weights "$scratch/w/checkpoints/best" --data "$scratch/shards"
expect 2 "README.md" "$freeanchor" eval --config "$config" --weights "$root/README.md" --data "$scratch/shards"
must "${train[@]}" --work-dir "$scratch/w3" --set train.seed=7
must "$freeanchor" synth --out "$scratch/synth3" --images 3 --classes 3 --seed 1
must "$freeanchor" pack --coco "$scratch/synth3/annotations.json" --images "$scratch/synth3/images" --out "$scratch/shards3"
expect 0 "the weights of --init-from are not used" "${train[@]}" --work-dir "$scratch/w" --init-from "$scratch/w3/weights.h5"
expect 2 "classes" "$freeanchor" eval --config "$config" --weights "$scratch/w/weights.h5" --data "$scratch/shards3"
expect 0 "data.mean is [1,2,3] as you give it; the weights were trained with [123.675,116.28,103.53]" "$freeanchor" eval --config "$config" --weights "$scratch/w/weights.h5" --data "$scratch/shards" \
  --set "data.mean=[1,2,3]"
expect 2 "calibrate" "${train[@]}" --work-dir "$scratch/w2" --set model.init=weights
expect 1 '"error":' "$freeanchor" weights diff "$scratch/w/weights.h5" "$scratch/w3/weights.h5" --json
expect 1 "nowhere" "$freeanchor" eval --config "$config" --weights "$scratch/w/weights.h5" --data "$scratch/shards" \
  --out "$scratch/nowhere/results.json"
expect 2 "is a directory" "$freeanchor" eval --config "$config" --weights "$scratch/w/weights.h5" --data "$scratch/shards" \
  --out "$scratch"

echo "-- checkpoints"
must "${train[@]}" --work-dir "$scratch/w" --set train.max_steps=2
truncate -s -1000 "$scratch/w/checkpoints/step_2/shard-00000.h5"
must "${train[@]}" --work-dir "$scratch/w" --set train.max_steps=3
grep -q "WARN .*passed over: .*/step_2/shard-00000.h5: has [0-9]* bytes, the manifest says" "$last_log" || fail "the damaged one is not told"
grep -q "resuming from .*/step_1: " "$last_log" || fail "the one before is not taken"
cp -r "$scratch/w/checkpoints" "$scratch/kept"
expect 2 "belongs to another model, r18_c16, and this run has r34_c16" "${train[@]}" --work-dir "$scratch/w" --set train.max_steps=4 --set model.backbone.depth=34
expect 2 "was trained with other anchors; set model.anchor_ratios back to [0.5, 1, 2] and model.anchor_scale to 4" "${train[@]}" \
  --work-dir "$scratch/w" --set train.max_steps=4 --set 'model.anchor_ratios=[0.25,1,4]'
diff -r "$scratch/kept" "$scratch/w/checkpoints" || fail "a refused run changed checkpoints"
echo step_1 >"$scratch/w/checkpoints/best"
expect 2 "step_3: is newer than $scratch/w/checkpoints/step_1; give another --work-dir" "${train[@]}" --work-dir "$scratch/w" \
  --resume "$scratch/w/checkpoints/best"
expect 0 "resuming from $scratch/w/checkpoints/step_1: " "${train[@]}" --work-dir "$scratch/branch" \
  --resume "$scratch/w/checkpoints/best"
echo epoch_9 >"$scratch/w/checkpoints/best"
expect 2 "best: names no checkpoint that lies beside it" "${train[@]}" --work-dir "$scratch/branch2" \
  --resume "$scratch/w/checkpoints/best"
rm "$scratch/w/checkpoints/best"
rm -r "$scratch/kept"

echo "-- a run goes on by its work directory alone, from anywhere"
(cd "$scratch" && must "$freeanchor" train "$config" --train-data shards --val-data shards --work-dir anywhere "${small[@]}" \
  --set train.batch=6 --set train.epochs=1 --set train.max_steps=0 && grep -q "are kept in anywhere/checkpoints, .*keep_checkpoints=N" "$last_log") ||
  fail "what checkpoints take is not told"
(cd / && expect 0 "this run is over, with all of train.epochs=1; to go on, give more: --set train.epochs=N" \
  "$freeanchor" train --work-dir "$scratch/anywhere" && exit $failures) || failures=$((failures + 1))
grep -q "\"val\":.*\"$scratch/shards\"" "$scratch/anywhere/config.json" || fail "the path to the data is not kept"

echo "-- what the user has stays"
photos=$scratch/photos
cp -r "$synth/images" "$photos"
detect=("$freeanchor" detect --config "$config" --weights "$scratch/w/weights.h5" --score 0)
expect 2 "replace the image itself" "${detect[@]}" --out "$photos" "$photos/$first"
expect 2 "was not drawn by this program" "${detect[@]}" --out "$photos" "$synth/images/$first"
expect 0 "detections.json" "${detect[@]}" --out "$scratch/drawn" "$photos/$first"
expect 0 "detections.json" "${detect[@]}" --out "$scratch/drawn" "$photos/$first"
expect 2 "replace the image itself" "${detect[@]}" --out "$scratch/drawn" "$scratch/drawn/$first"
echo '{"mine": 1}' >"$scratch/drawn/detections.json"
expect 2 "does not hold detections of this program" "${detect[@]}" --out "$scratch/drawn" "$photos/$first"
cp "$photos/$first" "$scratch/detections.json"
expect 0 " in 1 image: pictures and" "${detect[@]}" --out "$scratch/drawn2" "$scratch/detections.json"
[ -s "$scratch/drawn2/detections.json.jpg" ] || fail "the picture of an image without .jpg is not called so"
expect 2 "absent.jpg: there is no such file or folder" "${detect[@]}" --out "$scratch/absent" "$scratch/absent.jpg"
expect 2 "none of the 2 images is there, the first: $scratch/a" "${detect[@]}" --out "$scratch/absent" "$scratch/a" "$scratch/b/"
[ ! -e "$scratch/absent" ] || fail "a folder is made for pictures that are not there"
diff -r "$synth/images" "$photos" || fail "photographs were changed"
cp -r "$scratch/w/checkpoints" "$scratch/kept"
checkpoint=$(ls -d "$scratch"/w/checkpoints/*/ | head -n 1)
expect 2 "nor a dataset" "$freeanchor" pack --coco "$synth/annotations.json" --images "$synth/images" --out "$checkpoint"
diff -r "$scratch/kept" "$scratch/w/checkpoints" || fail "a checkpoint was changed"

echo "in the way" >"$scratch/file"
expect 1 "file" "${train[@]}" --work-dir "$scratch/file/w"
finish
