#!/usr/bin/env bash
# what: training, R-101, 800x1344, bf16, 2 images a step, beside PyTorch
# target: at least 3 times as fast
# seconds: 60
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../speed.sh"
speed r101 bf16 2 3
finish
