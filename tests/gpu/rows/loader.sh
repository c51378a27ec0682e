#!/usr/bin/env bash
# what: R-50, 800x1344, bf16, 2 images a step: 2 loader threads keep up
# target: steps wait for data for at most 2 % of their time
# seconds: 40
. "$(dirname "$0")/../lib.sh"
scenes
train "$scratch/run" "$(network r50)" bf16 "$(repeats 40)" --set train.batch=2 --set train.lanes=2 --set data.loader_threads=2
wait=$(of_steps "$scratch/run" data_time) step=$(of_steps "$scratch/run" time)
figure data_share "$(times "$wait" "$step")"
figure images_per_s "$(times 2 "$step")"
goal "$wait <= 0.02 * $step" "the data's part of the step"
finish
