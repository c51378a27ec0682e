#!/usr/bin/env bash
# What the published recipes cost at full size: of each two training steps of one image at the largest scale that it draws, and one image
# detected on six scales, each with its mirror image. Time of the second step, peak memory of both, and what `estimate` makes of the
# former on 8, 64 and 1024 ranks; a line of a table each.
#
# usage: tests/experiments/recipes.sh [RECIPE...]       (default: all of configs/ for COCO but those of ResNet-18)
#
# Minutes on two cores, and up to 10 GiB. The program is FREEANCHOR, or build/release/freeanchor.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
freeanchor=${FREEANCHOR:-$root/build/release/freeanchor}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

scales=480,640,800,960,1120,1280
network="--bandwidth 100 --latency 5" # Gbit/s, us

# quietly COMMAND...: what it says is shown where it fails.
quietly() {
  "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2 && return 1; }
}

# name_80_classes FILE: COCO's number of them; most have no object.
name_80_classes() {
  python3 - "$1" <<'P'
import json, sys
coco = json.load(open(sys.argv[1]))
known = {category["id"] for category in coco["categories"]}
coco["categories"] += [{"id": i, "name": f"class {i}"} for i in range(1, 81) if i not in known]
json.dump(coco, sys.stdout)
P
}

# train RECIPE WORK_DIR [OPTION...]
train() {
  quietly "$freeanchor" train --config "$1" --work-dir "$2" --train-data "$scratch/shards" --val-data "$scratch/shards" \
    --set train.batch=1 --set data.flip=0 \
    --set train.eval_interval=0 --set train.log_interval=1 --set model.init=calibrate --set model.calibrate_images=1 "${@:3}"
}

# field LOG KEY STEP: of a line of training in log.jsonl.
field() {
  python3 - "$@" <<'P'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
print([line[sys.argv[2]] for line in lines if line.get("mode") == "train"][int(sys.argv[3])])
P
}

# hours RECIPE SECONDS RANKS: of all epochs.
hours() {
  # shellcheck disable=SC2086
  "$freeanchor" estimate --config "$1" --nodes "$3" --ranks-per-node 1 $network --step-s "$2" --json | tail -n 1 |
    python3 -c 'import json, sys; print("%.0f" % (json.load(sys.stdin)["estimate"]["epoch_s"] * int(sys.argv[1]) / 3600))' "$epochs"
}

if [ $# -eq 0 ]; then
  for config in "$root"/configs/*_coco.json; do
    [[ $config == *_r18_* ]] || set -- "$@" "$(basename "$config" .json)"
  done
fi
quietly "$freeanchor" synth --out "$scratch/s" --images 1 --classes 20 --seed 1 --size 1333x960
name_80_classes "$scratch/s/annotations.json" >"$scratch/coco.json"
quietly "$freeanchor" pack --coco "$scratch/coco.json" --images "$scratch/s/images" --out "$scratch/shards"

echo "| recipe | size | step, s | peak MiB | six scales with mirror images, s | peak MiB | hours of all epochs on 8, 64, 1024 ranks |"
echo "|---|---|---|---|---|---|---|"
for recipe in "$@"; do
  config=$root/configs/$recipe.json work=$scratch/$recipe
  case $recipe in *_e2x_*) size="[1333,960]" ;; *) size="[1333,800]" ;; esac # the largest that it draws
  train "$config" "$work" --set train.max_steps=2 --set "data.scale=$size"
  epochs=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["train"]["epochs"])' "$work/config.json")
  step=$(field "$work/log.jsonl" time 1 | xargs printf %.2f)
  quietly /usr/bin/time -o "$scratch/cost" -f '%e %M' "$freeanchor" eval --weights "$work/weights.h5" --data "$scratch/shards" \
    --scales "$scales" --flip
  read -r seconds kib <"$scratch/cost"
  echo "| $recipe | $size | $step | $(field "$work/log.jsonl" memory 1) | $seconds | $((kib / 1024)) |" \
    "$(hours "$config" "$step" 8), $(hours "$config" "$step" 64), $(hours "$config" "$step" 1024) |"
  rm -r "$work"
done
