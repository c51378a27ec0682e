# shellcheck shell=bash
# lib.sh - sourced after tests/e2e/lib.sh by tests that run on the backend `cuda`: the fakes of the CUDA runtime and of cuDNN, the
# kernels in the emulator, and what such tests compare.
fakes=$(dirname "$freeanchor")/tests/fake
[ -e "$fakes/libfreeanchor_cuda.so" ] || skip "the fakes are not built: there is no C++ compiler"
export FA_CUDA_RUNTIME=$fakes/libfake_cudart.so FA_CUDA_CUDNN=$fakes FA_CUDA_KERNELS=$fakes/libfreeanchor_cuda.so
export OMP_WAIT_POLICY=passive OMPI_MCA_mpi_yield_when_idle=1

# losses FOLDER: of each step of a run.
losses() {
  grep '"mode":"train"' "$scratch/$1/log.jsonl" | grep -oE '"loss":[-0-9.e+]*' | cut -d: -f2
}

# loss FOLDER STEP
loss() {
  losses "$1" | sed -n "$2p"
}

# near A B TOLERANCE WORDS: two losses, apart by at most so much of the first.
near() {
  holds "($1 - $2) ^ 2 <= ($3 * $1) ^ 2" "$4"
}

# equal A B WORDS: the weights of two runs, to the bit.
equal() {
  if "$freeanchor" weights diff "$scratch/$1/weights.h5" "$scratch/$2/weights.h5" >"$scratch/diff" 2>&1; then
    echo "ok: $3"
  else
    fail "$3"
    tail -n 3 "$scratch/diff"
  fi
}
