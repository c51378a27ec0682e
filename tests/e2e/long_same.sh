#!/usr/bin/env bash
# Two builds of the program give the same results to the last bit: weights and losses of 20 steps, metrics and detections, for four
# recipes, both ways of adding up gradients, and 1 to 3 ranks.
#
# usage: tests/e2e/long_same.sh OTHER_PROGRAM [RECIPE...]        (default: all four)
#
# FREEANCHOR is the program that it is compared with (default: the release build).
. "$(dirname "$0")/lib.sh"
other=${1:?the other program}
shift
declare -A recipes=(
  [freeanchor_r18]=freeanchor_r18_fpn_bccd.json
  [freeanchor_r50]=freeanchor_r50_fpn_1x_coco.json
  [retinanet_r18]=retinanet_r18_fpn_1x_coco.json
  [retinanet_r50]=retinanet_r50_fpn_1x_coco.json)
[ $# -gt 0 ] || set -- "${!recipes[@]}"
# The schedule is given, since its default has changed.
small=(--set "data.scale=[96,64]" --set train.warmup_steps=500 --set "train.lr_steps=[8,11]" --set train.epochs=100 --set train.log_interval=1 --set model.init=calibrate
  --set model.calibrate_images=2 --set train.batch=6 --set train.max_steps=20 --set train.eval_interval=0
  --set train.checkpoint_interval=1000)

must "$freeanchor" synth --out "$scratch/images" --images 12 --seed 3
must "$freeanchor" pack --coco "$scratch/images/annotations.json" --images "$scratch/images/images" --out "$scratch/data"

# the losses of each step, without what time and machine say.
losses() {
  grep '"mode":"train"' "$1/log.jsonl" | grep -oE '"(iter|lr|loss|grad_norm|[a-z_]*bag_loss|loss_(cls|bbox))":[-0-9.e+]*'
}

# values WEIGHTS: the bytes of all tensors, whatever else the file says.
values() {

  /usr/bin/python3 - "$1" <<'P'
import hashlib, sys, h5py
h = hashlib.sha256()
def add(name, item):
    if isinstance(item, h5py.Dataset) and item.dtype.kind == 'f':
        h.update(name.encode()); h.update(item[()].tobytes())
h5py.File(sys.argv[1]).visititems(add)
print(h.hexdigest())
P
}

# run PROGRAM FOLDER CONFIG REDUCTION RANKS
run() {
  must run_ranks "$5" "$1" train --config "$configs/$3" "${small[@]}" --set "train.reduction=$4" --train-data "$scratch/data" \
    --val-data "$scratch/data" --work-dir "$2"
  losses "$2" >"$2.losses"
  values "$2/weights.h5" >"$2.values"
}

# look PROGRAM FOLDER CONFIG: metrics and detections of the weights of the run in FOLDER.
look() {
  must run_ranks 2 "$1" eval --config "$configs/$3" --set "data.scale=[96,64]" --weights "$2/weights.h5" --data "$scratch/data" \
    --json --out "$2.results.json"
  tail -n 1 "$last_log" | grep -oE '"bbox_[^,}]*' >"$2.metrics"
}

# same WORDS FILE: of both runs.
same() {
  if [ -s "$before.$2" ] && cmp -s "$before.$2" "$after.$2"; then
    echo "ok: $1: $2 ($(sha256sum <"$after.$2" | cut -c -12))"
  else
    fail "$1: $2 differ"
  fi
}

for recipe in "$@"; do
  for reduction in canonical allreduce; do
    for ranks in 1 2 3; do
      name=$recipe-$reduction-$ranks before=$scratch/before-$name after=$scratch/after-$name
      run "$other" "$before" "${recipes[$recipe]}" "$reduction" "$ranks"
      run "$freeanchor" "$after" "${recipes[$recipe]}" "$reduction" "$ranks"
      same "$name" losses
      same "$name" values
    done
  done
  look "$other" "$before" "${recipes[$recipe]}"
  look "$freeanchor" "$after" "${recipes[$recipe]}"
  same "$recipe" results.json
  same "$recipe" metrics
done
finish
