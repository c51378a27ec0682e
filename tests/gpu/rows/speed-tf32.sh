#!/usr/bin/env bash
# what: training, R-50, 800x1344, tf32, 2 images a step, beside PyTorch
# target: at least 1.5 times as fast
# seconds: 60
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../speed.sh"
speed r50 tf32 2 1.5
finish
