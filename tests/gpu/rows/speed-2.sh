#!/usr/bin/env bash
# what: training, R-50, 800x1344, bf16, 2 images a step, beside PyTorch
# target: at least 2.5 times as fast
# seconds: 60
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../speed.sh"
speed r50 bf16 2 2.5
memory=$(of_steps "$scratch/run" memory) theirs=$(number "$scratch/peer" memory_mib)
figure memory_times "$(times "$memory" "$theirs")"
goal "$memory <= 0.8 * $theirs" "at most 0.8 of the peer's memory"
finish
