#!/usr/bin/env bash
# The blood-cell experiment (bccd.sh) shortened: half the size, half the channels, fewer epochs, a narrow head that learns sooner. The
# loss must fall and cells be found. So early AP hangs on the last bits of a step; direct convolutions keep them the same whatever the
# rule of Winograd's is.
. "$(dirname "$0")/lib.sh"

bccd=$shared/data/bccd
[ -d "$bccd" ] || skip "the blood-cell images are not at $bccd"
for part in trainval test; do
  must "$freeanchor" pack --coco "$bccd/annotations/instances_$part.json" --images "$bccd/images" --out "$scratch/$part" --fix drop
done
expect 2 "BloodImage_00338.jpg: annotation 3153" \
  "$freeanchor" pack --coco "$bccd/annotations/instances_trainval.json" --images "$bccd/images" --out "$scratch/strict"
narrow=(--set model.backbone.base_channels=32 --set model.neck_channels=64 --set model.head_channels=64 --set model.head_convs=2)
must run_ranks 2 "$freeanchor" train --config "$configs/freeanchor_r18_fpn_bccd.json" --work-dir "$scratch/w" \
  --train-data "$scratch/trainval" --val-data "$scratch/test" --set "data.scale=[160,120]" --set train.epochs=2 \
  --set "train.lr_steps=[]" --set train.eval_interval=0 --set train.lr=0.006 --set train.clip_norm=10 \
  --set train.warmup_steps=50 --set model.head_init=kaiming --set model.backbone.zero_init_residual=false \
  --set backend.conv_algorithm=direct "${narrow[@]}"
losses=$(grep '"mode": *"train"' "$scratch/w/log.jsonl" | grep -o '"loss": *[0-9.e+-]*' | sed 's/.*: *//')
holds "$(echo "$losses" | tail -n 1) < 0.8 * $(echo "$losses" | head -n 1)" "the last loss against the first"
run_ranks 2 "$freeanchor" eval --config "$configs/freeanchor_r18_fpn_bccd.json" --weights "$scratch/w/weights.h5" \
  --data "$scratch/test" --set "data.scale=[160,120]" "${narrow[@]}" --json >"$scratch/eval"
holds "$(number "$scratch/eval" bbox_mAP_50) >= 0.15" "AP50 on the test images"
finish
