#!/usr/bin/env bash
# what: inference with NMS, R-50, 800x1344, 1 image, the best mode of each, beside PyTorch
# target: at least 3 times as fast
# seconds: 60
. "$(dirname "$0")/../lib.sh"
network=$(network r50)
for precision in bf16 tf32; do
  on_gpu "$precision"
  bench "$precision" step --config "$(recipe "$network")" "${gpu[@]}" --size "$(size_of)" --steps "$(repeats 12)" --threads 2 --inference \
    --set eval.score_threshold=0
  figure "${precision}_ms" "$(times "$(number "$scratch/$precision" inference_s)" 0.001)"
  peer "peer_$precision" inference --network "$network" --size "$(size_of)" --precision "$precision" --steps "$(repeats 12)"
  figure "peer_${precision}_ms" "$(times "$(number "$scratch/peer_$precision" inference_s)" 0.001)"
done

# best NAME...: the shorter time.
best() {
  for name in "$@"; do number "$scratch/$name" inference_s; done | sort -g | head -n 1
}

ours=$(best bf16 tf32) theirs=$(best peer_bf16 peer_tf32)
figure images_per_s "$(times 1 "$ours")"
figure peer_images_per_s "$(times 1 "$theirs")"
figure times "$(times "$theirs" "$ours")"
goal "$theirs >= 3 * $ours" "3 times as fast as the peer"
finish
