#!/usr/bin/env bash
# Asks the real cuDNN, which needs no GPU for it, for an engine of every convolution of every recipe at 60 sizes of COCO's
# images, on every device of tests/cuda/devices, strict fp32, tf32 and bf16: deterministic, precompiled, and within
# the workspace that is printed. One process for each device, as many at a time as there are processors.
#
# usage: tests/cuda/long_engines.sh [DEVICE.json...]        (default: all; some minutes each)
# ENGINES is the program (default: that of the release build), MIB the workspace that is allowed (default: 256).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

export engines=${ENGINES:-build/release/tests/engines}
devices=("$@")
[ ${#devices[@]} -gt 0 ] || mapfile -t devices < <(ls tests/cuda/devices/sm_*.json | sort -V)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export scratch

# ask DEVICE: its rows, or what refused it, go to a file named after it; so does the exit code.
ask() {
  local name=$scratch/$(basename "$1" .json)
  "$engines" "${MIB:-256}" 60 configs/*.json -- "$1" >"$name.rows" 2>&1
  echo $? >"$name.code"
}
export -f ask
printf '%s\n' "${devices[@]}" | xargs -P "$(nproc)" -I{} bash -c 'ask "$1"' _ {}

code=0 head=2
for device in "${devices[@]}"; do
  name=$scratch/$(basename "$device" .json)
  tail -n "+$((head == 2 ? 1 : 3))" "$name.rows"
  head=0
  [ "$(cat "$name.code")" -eq 0 ] || code=$(cat "$name.code")
done
exit "$code"
