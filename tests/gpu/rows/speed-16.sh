#!/usr/bin/env bash
# what: training, R-50, 800x1344, bf16, 16 images a step, beside PyTorch
# target: at least 1.8 times as fast
# seconds: 60
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../speed.sh"
speed r50 bf16 16 1.8
finish
