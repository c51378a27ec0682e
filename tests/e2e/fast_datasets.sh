#!/usr/bin/env bash
# Several datasets are trained on as one, each as often as its weight says: the same bits on one and on two ranks, over a stop, and from
# staged copies. Another list is not resumed; what does not fit together is refused; the log, the report and detect say what it was.
. "$(dirname "$0")/lib.sh"

# make NAME IMAGES SEED: a dataset of synthetic scenes.
make() {
  must "$freeanchor" synth --out "$scratch/$1-s" --images "$2" --classes 2 --seed "$3" --size 128x96
  must "$freeanchor" pack --coco "$scratch/$1-s/annotations.json" --images "$scratch/$1-s/images" --out "$scratch/$1"
}
make a 5 3
make b 3 4
make c 2 5
must "$freeanchor" synth --out "$scratch/few-s" --images 2 --classes 3 --seed 6 --size 128x96
must "$freeanchor" pack --coco "$scratch/few-s/annotations.json" --images "$scratch/few-s/images" --out "$scratch/few"

both=(--train-data "$scratch/a" --train-data "$scratch/b" --set "data.train_weights=[1,3]")
small=(--config "$small_config" --threads 1 --set "data.scale=[96,64]" --set train.batch=4 --set train.epochs=2 --set model.calibrate_images=2
  --set train.log_interval=1 --set train.eval_interval=0 --set model.backbone.frozen_stages=4)
# train RANKS NAME OPTIONS...
train() {
  run_ranks "$1" "$freeanchor" train "${small[@]}" --work-dir "$scratch/$2" "${@:3}"
}
losses() {
  grep '"mode":"train"' "$scratch/$1/log.jsonl" | grep -o '"loss":[-0-9.e+]*'
}
same() {
  if [ -n "$(losses "$1")" ] && [ "$(losses "$1")" = "$(losses "$2")" ]; then echo "ok: $1 and $2"; else fail "$1 and $2 have other losses"; fi
}

must train 1 one "${both[@]}"
grep -q "the data: 5 images of $scratch/a, 3 images of $scratch/b (3 times an epoch)" "$last_log" || fail "the log does not say what is trained on"
grep -q "by data.train_weights an epoch is as long as 14 images" "$last_log" || fail "the log does not say how long an epoch is"
grep -q "\"data\":\"5 images of $scratch/a, 3 images of $scratch/b (3 times an epoch)\"" "$scratch/one/log.jsonl" || fail "log.jsonl does not say it"
grep -q "5 images of $scratch/a, 3 images of $scratch/b (3 times an epoch)" "$scratch/one/report.html" || fail "the report does not say it"
holds "$(losses one | wc -l) == 8" "steps of two epochs"
must train 2 two "${both[@]}"
same one two
must train 2 staged "${both[@]}" --stage "$scratch/disk"
same one staged
[ -z "$(ls -A "$scratch/disk")" ] || fail "copies stay: $(ls "$scratch/disk")"
grep -q "$scratch/disk" "$scratch/staged/config.json" && fail "the run remembers copies as its data"

must train 1 parts "${both[@]}" --set train.max_steps=3
expect 2 "several datasets in their order" train 1 parts --train-data "$scratch/b" --train-data "$scratch/a"
expect 2 "several datasets in their order" train 1 parts --train-data "$scratch/a" --train-data "$scratch/c"
must run_ranks 2 "$freeanchor" train --work-dir "$scratch/parts" --threads 1
same one parts

(cd "$scratch" && must "$freeanchor" train "${small[@]}" --work-dir near --train-data a --train-data b --set train.max_steps=1)
grep -q "\"$scratch/b\"" "$scratch/near/config.json" || fail "a path of several is not made whole"

must "$freeanchor" detect --weights "$scratch/one" --out "$scratch/found" "$scratch/b-s/images"
grep -q "was trained on 3 of 3 pictures here" "$last_log" || fail "that pictures of the second dataset were trained on is not told"
must "$freeanchor" train "${small[@]}" --work-dir "$scratch/subset" --train-data "$scratch/few" --train-data "$scratch/c" --set train.max_steps=1
expect 2 "$scratch/few has the class \"" train 1 no --train-data "$scratch/a" --train-data "$scratch/few"
expect 2 "hold the same images and annotations" train 1 no --train-data "$scratch/a" --train-data "$scratch/a"
expect 2 "data.train_weights has 2 numbers and data.train 1 dataset; give one for each" train 1 no --train-data "$scratch/a" \
  --set "data.train_weights=[1,2]"
expect 2 "nowhere" train 1 no --train-data "$scratch/a" --train-data "$scratch/nowhere"
[ ! -e "$scratch/no" ] || fail "a start that failed leaves a work directory"
finish
