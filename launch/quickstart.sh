#!/usr/bin/env bash
# From a fresh clone to a trained detector: installs packages where it may, builds, makes a small dataset, trains on all cores
# through MPI, evaluates, and draws boxes on pictures.
#
# usage: launch/quickstart.sh [WORKDIR]        (default: quickstart)
set -euo pipefail
cd "$(dirname "$0")/.."
. launch/mpi.sh
. launch/build.sh

out=${1:-quickstart}
freeanchor=build/release/freeanchor
config=configs/freeanchor_r18_fpn_quick.json
ranks=$(cores)
[ "$ranks" -le 4 ] || ranks=4

say() {
  printf '\n== %s\n' "$*"
}

mpi_allowed
say "packages"
launch/packages.sh
say "building"
build release -DFA_TESTS=OFF -DFA_WERROR=OFF # another compiler may warn of more than ours

say "a dataset of synthetic scenes"
mkdir -p "$out"
if [ ! -d "$out/val-shards" ]; then
  "$freeanchor" synth --out "$out/train" --images 1200 --classes 3 --seed 1 --size 192x128
  "$freeanchor" synth --out "$out/val" --images 80 --classes 3 --seed 2 --size 192x128
  "$freeanchor" pack --coco "$out/train/annotations.json" --images "$out/train/images" --out "$out/train-shards"
  "$freeanchor" pack --coco "$out/val/annotations.json" --images "$out/val/images" --out "$out/val-shards"
fi

say "training on $ranks ranks (started again, it goes on where it stopped)"
run_ranks "$ranks" "$freeanchor" train --config "$config" --work-dir "$out/run" \
  --train-data "$out/train-shards" --val-data "$out/val-shards"

say "evaluating"
run_ranks "$ranks" "$freeanchor" eval --weights "$out/run" --data "$out/val-shards" --out "$out/results.json"

say "drawing"
"$freeanchor" detect --weights "$out/run" --out "$out/pictures" "$out"/val/images/00000*.jpg

cat <<EOF

Done. What you have now:
  $out/run/report.html  the run as one page, for a browser: curves, classes, errors
  $out/pictures/        images with the boxes that were found
  $out/run/train.log    the log of the run (log.jsonl: the same for programs)
  $out/run/weights.h5   the trained weights
  $out/run/checkpoints/ where training would go on from
  $out/results.json     all detections on the validation images, in COCO's format
Your own data next: README.md, "A first dataset of your own".
EOF
