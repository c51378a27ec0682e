# shellcheck shell=bash disable=SC2154
# speed.sh - sourced by rows: training beside the PyTorch program of the same step. Ours is the whole of `freeanchor train`, with its
# loader; the peer's images are there already.

# speed NETWORK PRECISION IMAGES LEAST: images a second, of both, and the memory that they take.
speed() {
  local network precision=$2 images=$3 least=$4 lanes=2 ours theirs
  network=$(network "$1")
  [ "$images" -gt 1 ] || lanes=1
  scenes
  train "$scratch/run" "$network" "$precision" "$(repeats 40)" --set "train.batch=$images" --set "train.lanes=$lanes" \
    --set data.loader_threads="$(speed_threads)"
  ours=$(of_steps "$scratch/run" time)
  figure images_per_s "$(times "$images" "$ours")"
  figure step_ms "$(times "$ours" 0.001)"
  figure data_share "$(times "$(of_steps "$scratch/run" data_time)" "$ours")"
  figure memory_mib "$(of_steps "$scratch/run" memory)"
  peer peer train --network "$network" --size "$(size_of)" --images "$images" --precision "$precision" --steps "$(repeats 12)"
  theirs=$(number "$scratch/peer" images_per_s)
  figure peer_images_per_s "$theirs"
  figure peer_memory_mib "$(number "$scratch/peer" memory_mib)"
  figure times "$(times "$(times "$images" "$ours")" "$theirs")"
  goal "$(times "$images" "$ours") >= $least * $theirs" "$least times as fast as the peer"
}

speed_threads() {
  local n
  n=$(nproc)
  echo $((n > 9 ? 8 : n > 1 ? n - 1 : 1))
}
