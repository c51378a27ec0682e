#!/usr/bin/env bash
# A replay gives the numbers of training: of a packed image, of the case file made of it, and of what broke a run on two ranks.
. "$(dirname "$0")/lib.sh"

config=$small_config
must "$freeanchor" synth --out "$scratch/one" --images 1 --classes 2 --seed 4
must "$freeanchor" pack --coco "$scratch/one/annotations.json" --images "$scratch/one/images" --out "$scratch/shards"
small=(--config "$config" --set data.flip=0 --set "data.scale=[160,96]" --threads 1)
train=("$freeanchor" train "${small[@]}" --train-data "$scratch/shards" --set train.batch=1 --set train.max_steps=1
  --set train.eval_interval=0 --set train.log_interval=1 --set model.calibrate_images=1)
replay=("$freeanchor" replay "${small[@]}")
from_data=(--data "$scratch/shards" --image-id 1)

# same FILE FILE KEY...: the JSON objects on the last lines of two files have equal numbers there.
same() {
  local a=$1 b=$2 key
  shift 2
  for key in "$@"; do
    if [ -n "$(number "$a" "$key")" ] && [ "$(number "$a" "$key")" = "$(number "$b" "$key")" ]; then
      echo "ok: $key $(number "$a" "$key")"
    else
      fail "$key: \"$(number "$a" "$key")\" and \"$(number "$b" "$key")\""
    fi
  done
}

# steps WORK_DIR: the file of the lines that its log has of steps.
steps() {
  grep '"mode": *"train"' "$1/log.jsonl" >"$1/steps"
  echo "$1/steps"
}

echo "-- the numbers of training"
must "${train[@]}" --work-dir "$scratch/w"
weights=$scratch/w/weights.h5
must "${train[@]}" --work-dir "$scratch/w2" --init-from "$weights"
"${replay[@]}" "${from_data[@]}" --weights "$weights" --out "$scratch/out.h5" --save-case "$scratch/case.h5" --json >"$scratch/replayed"
same "$(steps "$scratch/w2")" "$scratch/replayed" positive_bag_loss negative_bag_loss grad_norm
must "${train[@]}" --work-dir "$scratch/w3" --init-from "$weights" --set data.flip=1
"${replay[@]}" "${from_data[@]}" --flip --weights "$weights" --out "$scratch/flipped.h5" --json >"$scratch/replayed"
same "$(steps "$scratch/w3")" "$scratch/replayed" positive_bag_loss negative_bag_loss grad_norm
must "${train[@]}" --work-dir "$scratch/w4" --init-from "$weights" --set loss.type=focal
"${replay[@]}" "${from_data[@]}" --weights "$weights" --out "$scratch/focal.h5" --set loss.type=focal --json >"$scratch/replayed"
same "$(steps "$scratch/w4")" "$scratch/replayed" loss_cls loss_bbox grad_norm

echo "-- the case file"
must "${replay[@]}" "$scratch/case.h5" --weights "$weights" --out "$scratch/out2.h5"
cmp "$scratch/out.h5" "$scratch/out2.h5" || fail "the case of an image gives another file than the image"
cmp -s "$scratch/out.h5" "$scratch/flipped.h5" && fail "--flip changes nothing"
must "${replay[@]}" "$scratch/case.h5" --weights "$scratch/w/checkpoints/latest" --out "$scratch/out3.h5"
cmp "$scratch/out.h5" "$scratch/out3.h5" || fail "the newest checkpoint gives another file than the weights it ended with"
must "${replay[@]}" "${from_data[@]}" --save-case "$scratch/case2.h5"
cmp "$scratch/case.h5" "$scratch/case2.h5" || fail "--save-case alone writes another case"

echo "-- wrong usage"
expect 2 "either a case file or --data" "${replay[@]}" --out "$scratch/x.h5"
expect 2 "either a case file or --data" "${replay[@]}" "$scratch/case.h5" "${from_data[@]}" --out "$scratch/x.h5"
expect 2 "belong together" "${replay[@]}" --data "$scratch/shards" --out "$scratch/x.h5"
expect 2 "--out OUT.h5 is missing" "${replay[@]}" "$scratch/case.h5"
expect 2 "--flip and --save-case" "${replay[@]}" "$scratch/case.h5" --flip --out "$scratch/x.h5"
for taken in "$scratch/case.h5" "$weights"; do
  cp "$taken" "$scratch/kept"
  expect 2 "would overwrite an input" "${replay[@]}" "$scratch/case.h5" --weights "$weights" --out "$taken"
  expect 2 "would overwrite an input" "${replay[@]}" "${from_data[@]}" --weights "$weights" --save-case "$taken" --out "$taken"
  cmp "$taken" "$scratch/kept" || fail "$taken was written to"
done
expect 2 "no such image" "${replay[@]}" --data "$scratch/shards" --image-id 77 --out "$scratch/x.h5"
expect 2 "give the network's --weights" "${replay[@]}" "$scratch/case.h5" --out "$scratch/x.h5"
expect 2 "absent.h5" "${replay[@]}" "$scratch/absent.h5" --out "$scratch/x.h5"
expect 2 "README.md" "${replay[@]}" "$root/README.md" --out "$scratch/x.h5"
head -c 5000 "$scratch/case.h5" >"$scratch/cut.h5"
expect 2 "cut.h5" "${replay[@]}" "$scratch/cut.h5" --weights "$weights" --out "$scratch/x.h5"
expect 1 "nowhere" "${replay[@]}" "$scratch/case.h5" --weights "$weights" --out "$scratch/nowhere/x.h5"
[ ! -e "$scratch/x.h5" ] || fail "a replay that failed left a file"

echo "-- written by h5py"
if /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
  /usr/bin/python3 "$root/tests/e2e/make_cases.py" "$scratch" || fail "make_cases.py"
  must "${replay[@]}" "$scratch/head.h5" --out "$scratch/head_out.h5"
  must /usr/bin/python3 "$root/tests/e2e/make_cases.py" "$scratch" compare
  while read -r name words; do
    expect 2 "$words" "${replay[@]}" "$scratch/$name" --weights "$weights" --out "$scratch/x.h5"
  done <"$scratch/damaged.txt"
else
  echo "no h5py here: not checked"
fi

echo "-- a pyramid from P2 on"
fine=(--set model.finest_level=2)
must "${train[@]}" --work-dir "$scratch/fine" "${fine[@]}"
expect 2 "belongs to another model, r18_c16_p2, and this run has r18_c16" "${train[@]}" --work-dir "$scratch/fine" --set train.max_steps=2 \
  --set model.finest_level=3
weights=$scratch/fine/weights.h5
expect 0 "FPN from P2" "$freeanchor" weights list "$weights"
expect 2 "set model.finest_level to 2" "${replay[@]}" "$scratch/case.h5" --set model.finest_level=3 --weights "$weights" --out "$scratch/x.h5"
"${replay[@]}" "$scratch/case.h5" "${fine[@]}" --weights "$weights" --out "$scratch/fine.h5" --json >"$scratch/of_image"
if /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
  must /usr/bin/python3 "$root/tests/e2e/make_cases.py" "$scratch" head case.h5 fine.h5 fine_head.h5
  "${replay[@]}" "$scratch/fine_head.h5" --out "$scratch/fine_again.h5" --json >"$scratch/of_head"
  same "$scratch/of_image" "$scratch/of_head" positive_bag_loss negative_bag_loss
fi

echo "-- what broke a run on two ranks"
must "$freeanchor" synth --out "$scratch/four" --images 4 --classes 2 --seed 4
must "$freeanchor" pack --coco "$scratch/four/annotations.json" --images "$scratch/four/images" --out "$scratch/four_shards"
broken="$scratch/what's broken"
explode=(run_ranks 2 "$freeanchor" train "${small[@]}" --set train.batch=2 --set train.max_steps=4 --set train.eval_interval=0
  --set model.calibrate_images=1 --set train.lr=100 --set train.clip_norm=0 --set train.warmup_steps=0)
expect 2 "to see it again: freeanchor replay" "${explode[@]}" --train-data "$scratch/four_shards" --work-dir "$broken"
told=$(grep -o "replay '.*/case.* --out OUT.h5" "$broken/train.log" | tail -n 1)
cd "$scratch" || exit 1
eval "told=($told)"
expect 1 "not finite" "$freeanchor" "${told[@]}"
[ -e OUT.h5 ] || fail "a replay that is not finite wrote no file"
for rank_image in "$broken"/case_step_1_image_*.h5; do
  expect 1 "not finite" "$freeanchor" replay "$rank_image" --config "$broken/config.json" --out "$scratch/OUT2.h5" \
    --weights "$broken/case_step_1_weights.h5" --threads 1
done
expect 2 "to see it again: freeanchor replay" "${explode[@]}" --train-data "$scratch/shards" --work-dir "$scratch/twice"
for position in 0 1; do
  ls "$scratch"/twice/case_step_*_image_1_position_$position.h5 || fail "an image that both ranks have is not kept by both"
done
finish
