# shellcheck shell=bash
# resume.sh - sourced by make.sh and by the test: how the goldens' runs are gone on with, and what is looked at afterwards.

. "$(dirname "${BASH_SOURCE[0]}")/../../../launch/mpi.sh"

# The last bits depend on the kernels that OpenBLAS has for the processor. Most of today's run these; the others get their own.
export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-Haswell}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# Convolutions are direct, as all were on this backend.
plain=(--set backend.conv_algorithm=direct)

# resume PROGRAM RANKS RUN: three more steps, past the end of an epoch, with the configuration that lies there.
resume() {
  run_ranks "$2" "$1" train --config "$3/config.json" --work-dir "$3" --set train.max_steps=8 "${plain[@]}" --threads 1
}

# steps_of RUN: what its log says of the steps after the fifth, without what depends on the machine's speed. Not the AP: that follows what
# evaluation counts, as files do not (detections without an area were counted once).
steps_of() {
  local line
  grep -E '"mode": *"train".*"step": *[678]\b' "$1/log.jsonl" | while read -r line; do
    grep -oE '"(mode|epoch|lr|positive_bag_loss|negative_bag_loss|loss|grad_norm|step)": *[^,}]*' <<<"$line" | paste -sd ' '
  done
}

# replay PROGRAM CONFIG WEIGHTS: the numbers of the case.
replay() {
  "$1" replay --config "$2" --backend blas "${plain[@]}" --threads 1 case.h5 --weights "$3" --out replay.h5 --json |
    tail -n 1 | grep -oE '"(positive_bag_loss|negative_bag_loss|normalizer|head_grad_norm|grad_norm)": *[^,}]*'
}

# blas_of PROGRAM: the library and its kernels.
blas_of() {
  "$1" info | grep '^backend *blas'
}
