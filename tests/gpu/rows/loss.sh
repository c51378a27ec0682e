#!/usr/bin/env bash
# what: FreeAnchor's loss and gradient, 100 objects, 80 classes, 800x1344, as a part of the step of one image
# target: at most 2 %
# seconds: 40
. "$(dirname "$0")/../lib.sh"
on_gpu bf16
bench loss loss --config "$(recipe "$(network r50)")" "${gpu[@]}" --size "$(size_of)" --objects 100 --steps "$(repeats 20)" --threads 2
bench step step --config "$(recipe "$(network r50)")" "${gpu[@]}" --size "$(size_of)" --steps "$(repeats 20)" --threads 2
loss=$(number "$scratch/loss" loss_s) step=$(number "$scratch/step" step_s)
figure loss_ms "$(times "$loss" 0.001)"
figure step_ms "$(times "$step" 0.001)"
figure share "$(times "$loss" "$step")"
goal "$loss <= 0.02 * $step" "the loss's part of the step"
finish
