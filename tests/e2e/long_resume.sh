#!/usr/bin/env bash
# A run killed with kill -9 in its second epoch and started again by the same command ends with the weights of an undisturbed
# one, bit for bit.
. "$(dirname "$0")/lib.sh"

must "$freeanchor" synth --out "$scratch/s" --images 24 --classes 2 --seed 3 --size 128x96
must "$freeanchor" pack --coco "$scratch/s/annotations.json" --images "$scratch/s/images" --out "$scratch/shards"
train() {
  run_ranks 2 "$freeanchor" train --config "$configs/freeanchor_r18_fpn_synth.json" --train-data "$scratch/shards" \
    --work-dir "$1" --set "data.scale=[128,96]" --set train.epochs=3 --set train.eval_interval=0 --set train.warmup_steps=5 \
    --set train.log_interval=1
}
must train "$scratch/whole"

train "$scratch/killed" >"$scratch/log" 2>&1 &
for _ in $(seq 600); do
  grep -q '"epoch": *2' "$scratch/killed/log.jsonl" 2>/dev/null && break
  sleep 0.1
done
grep -q '"epoch": *2' "$scratch/killed/log.jsonl" || fail "the run did not reach its second epoch"
kill -9 "$(grep -o "process [0-9]*" "$scratch/killed/.lock" | grep -o "[0-9]*")" # rank 0, which takes the others with it
wait
[ ! -e "$scratch/killed/weights.h5" ] || fail "the run ended before it was killed"
must train "$scratch/killed"
grep -qi "resum" "$scratch/killed/train.log" || fail "the second start did not resume"
must "$freeanchor" weights diff "$scratch/whole/weights.h5" "$scratch/killed/weights.h5"
must "$freeanchor" weights diff "$scratch/whole/checkpoints/epoch_3" "$scratch/killed/checkpoints/epoch_3"

must train "$scratch/other" # equal commands give equal bits
must "$freeanchor" weights diff "$scratch/whole/weights.h5" "$scratch/other/weights.h5"
finish
