#!/usr/bin/env bash
# A user's first week on the blood-cell photographs, in ten commands: annotations to shards, a look at them, a short training, and all
# that shows what became of it. About eight minutes on two cores. With FA_PICTURES set to a folder, what people look at stays there.
. "$(dirname "$0")/lib.sh"

bccd=$shared/data/bccd
[ -d "$bccd" ] || skip "the blood-cell images are not at $bccd"
w=$scratch/w

# week COMMAND...: the next of the ten; its output is in the file $said.
n_commands=0
week() {
  n_commands=$((n_commands + 1))
  echo "-- $n_commands: freeanchor $(echo "${*//$scratch\//}" | sed "s|$bccd|bccd|g; s|$configs/||g" | cut -c -140)"
  must "$freeanchor" "$@"
  said=$last_log
}

# says TEXT: the last command said it.
says() {
  if grep -qF -- "$1" "$said"; then echo "ok: says \"$1\""; else fail "does not say \"$1\": $(tail -n 5 "$said")"; fi
}

week pack --coco "$bccd/annotations/instances_trainval.json" --images "$bccd/images" --out "$scratch/train" --fix drop
says "objects to train on"
week pack --coco "$bccd/annotations/instances_test.json" --images "$bccd/images" --out "$scratch/test" --fix drop

week browse "$scratch/train" --config "$configs/freeanchor_r18_fpn_scratch.json" --augmented --out "$scratch/sheet.jpg" --json
says "RBC"
holds "$(number "$said" images) == 292" "images to train on"
holds "$(stat -c %s "$scratch/sheet.jpg") > 100000" "bytes of the sheet"

week train "$configs/freeanchor_r18_fpn_scratch.json" --work-dir "$w" --train-data "$scratch/train" --val-data "$scratch/test" \
  --set train.epochs=3 --set train.eval_interval=1 --set train.class_ap=true --set train.val_loss=true
says "learning rate"
says "wrote $w/report.html"

week status "$w" --json
says "finished: all its steps are done"
best=$(number "$said" best_bbox_mAP)
holds "$best > 0.1" "best AP"

# Without a word on the recipe, which came along with the weights.
week eval --weights "$w" --data "$scratch/test" --out "$scratch/results.json" --json
holds "$(number "$said" bbox_mAP) - $best < 1e-9 && $best - $(number "$said" bbox_mAP) < 1e-9" "the AP of eval is that of the run"
cp "$said" "$scratch/eval"

week score --coco "$bccd/annotations/instances_test.json" --results "$scratch/results.json" --json
holds "$(number "$said" bbox_mAP) - $best < 1e-6 && $best - $(number "$said" bbox_mAP) < 1e-6" "and so is that of score"
cp "$said" "$scratch/score"

week report "$w"
for key in bbox_mAP bbox_mAP_50 F1 score_threshold; do
  want=$(printf '%.3f' "$(number "$scratch/score" $key)")
  grep '<tr class=all><td>all classes' "$w/report.html" | grep -q ">$want<" || fail "the report has no $key of $want"
done
for title in 'AP of classes' 'of the validation set' 'Confusion' 'What errors cost' 'Images with most errors'; do
  grep -q "$title" "$w/report.html" || fail "the report has no \"$title\""
done

mkdir "$scratch/photos"
for i in 00007 00011 00015; do cp "$bccd/images/BloodImage_$i.jpg" "$scratch/photos"; done
week detect --weights "$w" --out "$scratch/found" "$scratch/photos"
says "best F1"
[ "$(find "$scratch/found" -name '*.jpg' | wc -l)" -eq 3 ] || fail "not three pictures: $(ls "$scratch/found")"
[ -s "$scratch/found/detections.json" ] || fail "there is no list of detections"

week train --work-dir "$w"
says "this run is over"
[ "$n_commands" -eq 10 ] || fail "$n_commands commands"

if [ -n "${FA_PICTURES:-}" ]; then
  mkdir -p "$FA_PICTURES" && cp -r "$w/report.html" "$scratch/sheet.jpg" "$scratch/found" "$FA_PICTURES"
fi
finish
