#!/usr/bin/env bash
# what: R-50, 800x1344, bf16, 1 image: convolutions within the step over the same alone; the step over their sum
# target: at most 1.1; at most 1.35
# seconds: 45
. "$(dirname "$0")/../lib.sh"
on_gpu bf16
bench conv conv --config "$(recipe "$(network r50)")" "${gpu[@]}" --size "$(size_of)" --steps "$(repeats 20)" --threads 2
bench step step --config "$(recipe "$(network r50)")" "${gpu[@]}" --size "$(size_of)" --steps "$(repeats 20)" --threads 2
alone=$(number "$scratch/conv" alone_s) step=$(number "$scratch/step" step_s)
figure alone_ms "$(times "$alone" 0.001)"
figure in_step_ms "$(times "$(number "$scratch/conv" in_step_s)" 0.001)"
figure ratio "$(number "$scratch/conv" ratio)"
figure step_ms "$(times "$step" 0.001)"
figure step_over_convolutions "$(times "$step" "$alone")"
goal "$(number "$scratch/conv" ratio) <= 1.1" "convolutions within the step over the same alone"
goal "$step <= 1.35 * $alone" "the step over its convolutions"
finish
