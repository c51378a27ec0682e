#!/usr/bin/env bash
# Runs rows on the fake device, where there is no GPU: that they work, not what they measure.
#
# usage: tests/gpu/rehearse.sh [quick | full | ROW...]        (minutes)
#
# FREEANCHOR is the program (default: the release build); FAKES the folder of the fakes (default: the release build's); PATIENCE by how
# much more than on a GPU a row may take (default 10).
set -uo pipefail
root=$(realpath "$(dirname "$0")/../..")
fakes=${FAKES:-$root/build/release/tests/fake}
[ -e "$fakes/libfreeanchor_cuda.so" ] || { echo "the fakes are not built: cmake --build --preset release" >&2; exit 1; }
export FREEANCHOR=${FREEANCHOR:-$root/build/release/freeanchor}
export FA_CUDA_RUNTIME=$fakes/libfake_cudart.so FA_CUDA_CUDNN=$fakes FA_CUDA_KERNELS=$fakes/libfreeanchor_cuda.so
export RESULTS=${RESULTS:-$root/build/gpu-rehearsal} GPU_COMMON=${GPU_COMMON:-$root/build/gpu-rehearsal/common}
export OMP_WAIT_POLICY=passive
exec "$root/tests/gpu/run.sh" "$@"
