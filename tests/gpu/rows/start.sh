#!/usr/bin/env bash
# what: the program starts on the GPU and trains one step
# target: one sentence for what is missing, else a step
# seconds: 60
. "$(dirname "$0")/../lib.sh"
on_gpu bf16
"$freeanchor" info | sed -n 's/^backend */backend /p'
begun=$(date +%s.%N)
bench step step --config "$(recipe "$(network r50)")" "${gpu[@]}" --size "$(size_of)" --steps "$(repeats 5)" --threads 2
figure start_s "$(awk -v a="$begun" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f\n", b - a }')"
figure first_step_s "$(number "$scratch/step" first_step_s)"
figure step_s "$(number "$scratch/step" step_s)"
holds "$(number "$scratch/step" step_s) > 0" "a step takes time"
finish
