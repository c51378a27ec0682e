# shellcheck shell=bash
# report.sh - sourced by the tests of reports: a run as it lies in its work directory, made without training.

# make_run FOLDER: FOLDER/w, a run that was resumed; FOLDER/shards, what it was evaluated on; FOLDER/results.json, detections
# of that, some of them wrong, scores falling with the error. One class has markup for a name, one has no objects.
make_run() {
  must "$freeanchor" synth --out "$1/s" --images 12 --classes 3 --seed 5
  sed -i '0,/"name": *"[^"]*"/s||"name": "<script>alert(1)</script>"|; s|"categories": *\[|&{"id": 900, "name": "nowhere"}, |' \
    "$1/s/annotations.json"
  must "$freeanchor" pack --coco "$1/s/annotations.json" --images "$1/s/images" --out "$1/shards"
  tr -d '\n ' <"$1/s/annotations.json" | grep -o '"annotations":.*' | grep -o '{[^{}]*}' | grep '"bbox"' |
    awk '{
      match($0, /"image_id":[0-9]+/); image = substr($0, RSTART + 11, RLENGTH - 11)
      match($0, /"category_id":[0-9]+/); category = substr($0, RSTART + 14, RLENGTH - 14)
      match($0, /"bbox":\[[^]]*\]/); split(substr($0, RSTART + 8, RLENGTH - 9), box, ",")
      error = NR % 5
      if (NR % 11 == 3) next
      printf "%s{\"image_id\":%s,\"category_id\":%d,\"bbox\":[%g,%g,%g,%g],\"score\":%g}", n++ == 0 ? "[" : ",\n", image,
        NR % 7 == 2 ? category % 3 + 1 : category, box[1] + error * box[3] / 9, box[2], box[3], box[4], 0.95 - 0.17 * error
    } END { print "]" }' >"$1/results.json"
  mkdir -p "$1/w"
  cat >"$1/w/config.json" <<END
{"model": {"backbone": {"depth": 18, "groups": 1, "base_width": 64}, "norm": "group"}, "loss": {"type": "freeanchor"},
 "data": {"train": "train-shards", "val": "$1/shards", "scale": [192, 128]},
 "train": {"batch": 4, "epochs": 6, "lr": 0.02, "schedule": "cosine", "warmup_steps": 20, "seed": 7}}
END
  awk 'BEGIN {
    print "{\"started\":\"2026-01-31 12:00:00\",\"ranks\":2,\"hosts\":[\"a\",\"a\"],\"resumed_at_step\":0}"
    for (step = 5; step <= 300; step += 5) {
      if (step == 155) print "{\"started\":\"2026-01-31 14:00:00\",\"ranks\":4,\"hosts\":[\"a\",\"a\",\"slow<node>\",\"b\"],\"resumed_at_step\":150}"
      loss = 3 / (1 + step / 40) + 0.05 * sin(step)
      printf "{\"mode\":\"train\",\"epoch\":%d,\"lr\":%g,\"memory\":%d,\"data_time\":0.01,\"positive_bag_loss\":%g,", (step - 1) / 50 + 1,
        0.02 * (1 - step / 300), 600 + (step > 100) * 35, loss * 0.9
      printf "\"negative_bag_loss\":%g,\"loss\":%g,\"grad_norm\":%g,\"time\":%g,\"step\":%d,\"samples\":%d,", loss * 0.1, loss,
        10 / (1 + step / 10), step == 120 ? 30 : 0.5 + 0.02 * cos(step), step, step * 4
      printf "\"bag_probability\":%g,\"matched_iou\":%g,\"forward_time\":0.14,\"loss_time\":0.01,\"backward_time\":0.29,", 0.2, 0.8
      print "\"comm_time\":0.02,\"update_time\":0.01}"
      if (step % 50 == 0)
        printf "{\"mode\":\"val\",\"epoch\":%d,\"iter\":12,\"bbox_mAP\":%g,\"bbox_mAP_50\":%g,\"bbox_mAP_75\":%g,\"bbox_mAP_s\":-1,\"bbox_mAP_m\":%g,\"bbox_mAP_l\":%g,\"step\":%d,\"val_loss\":%g,\"class_AP\":{\"nowhere\":null,\"<script>alert(1)</script>\":%g,\"box\":%g}}\n",
          step / 50, 0.1 * step / 50, 0.15 * step / 50, 0.08 * step / 50, 0.1 * step / 50, 0.12 * step / 50, step, loss + 0.1,
          0.12 * step / 50, 0.08 * step / 50
      if (step > 150 && step % 50 == 0)
        printf "{\"mode\":\"ranks\",\"step\":%d,\"steps\":50,\"data_time\":[0.01,0.01,0.02,0.01],\"compute_time\":[0.40,0.41,0.61,0.4],\"comm_time\":[0.22,0.21,0,0.22]}\n", step
    }
  }' >"$1/w/log.jsonl"
}
