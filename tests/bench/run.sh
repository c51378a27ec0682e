#!/usr/bin/env bash
# How fast freeanchor is beside programs of the same task, both measured in this run on the same cores, taking turns: PyTorch
# for the network, OpenCV and numpy for the loader, pycocotools for the metrics. Prints a table; a peer that is not installed
# leaves its column empty. Timings are never tests.
#
# usage: tests/bench/run.sh [--quick] [ROW...]        rows: step step-1 step-2 bf16 group-norm inference memory loss x101
#        isa split conv plans loader eval nms
#
# FREEANCHOR is the program (default: the release build); PYTHON the interpreter of the peers (default: the first of python3 and
# /usr/bin/python3 that has torch). OMP_WAIT_POLICY and the like reach both sides.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

find_python() {
  local python
  for python in ${PYTHON:-} python3 /usr/bin/python3; do
    "$python" -c 'import torch' 2>/dev/null && echo "$python" && return
  done
  echo python3
}

export FREEANCHOR=${FREEANCHOR:-build/release/freeanchor}
[ -x "$FREEANCHOR" ] || { echo "$FREEANCHOR is not there; build it: cmake --preset release && cmake --build --preset release"; exit 1; }
. launch/mpi.sh
exec "$(find_python)" tests/bench/table.py "$@"
