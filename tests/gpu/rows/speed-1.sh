#!/usr/bin/env bash
# what: training, R-50, 800x1344, bf16, 1 image a step, beside PyTorch
# target: at least 4 times as fast
# seconds: 45
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../speed.sh"
speed r50 bf16 1 4
finish
