#!/usr/bin/env bash
# what: R-50, 800x1344, bf16, 1 image: a step with group norm over one with frozen batch norm
# target: at most 1.2
# seconds: 45
. "$(dirname "$0")/../lib.sh"
on_gpu bf16
group_norm=freeanchor_r50_fpn_gn_6x_coco
is_fake && group_norm=freeanchor_r18_fpn_scratch
bench group step --config "$configs/$group_norm.json" "${gpu[@]}" --size "$(size_of)" --steps "$(repeats 20)" --threads 2
bench batch step --config "$(recipe "$(network r50)")" "${gpu[@]}" --size "$(size_of)" --steps "$(repeats 20)" --threads 2
group=$(number "$scratch/group" step_s) batch=$(number "$scratch/batch" step_s)
figure group_norm_ms "$(times "$group" 0.001)"
figure batch_norm_ms "$(times "$batch" 0.001)"
figure times "$(times "$group" "$batch")"
goal "$group <= 1.2 * $batch" "the step with group norm over that with batch norm"
finish
