# shellcheck shell=bash
# mpi.sh - sourced by scripts that start ranks.
#
# run_ranks N COMMAND...: COMMAND on N ranks of this machine with the cores shared out. Ranks are not bound, so that each rank's
# threads may use any of its share.

cores() {
  nproc
}

# mpi_allowed: whether mpirun will start for this user; says what to do where it will not. Nobody but the user decides that.
mpi_allowed() {
  [[ $(id -u) -ne 0 || (-n ${OMPI_ALLOW_RUN_AS_ROOT:-} && -n ${OMPI_ALLOW_RUN_AS_ROOT_CONFIRM:-}) ]] && return
  echo "launch: mpirun refuses to start for root. In a container, where root can do no harm, allow it:" \
    "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; elsewhere use another account" >&2
  return 2
}

# mpi_environment THREADS: sets the array `environment` to what ranks of that many threads need.
mpi_environment() {
  environment=(OMP_NUM_THREADS="$1" OMPI_MCA_btl_vader_single_copy_mechanism=none)
}

run_ranks() {
  local ranks=$1 environment
  shift
  mpi_allowed || return
  local share=$(($(cores) / ranks))
  mpi_environment "$((share > 1 ? share : 1))"
  environment+=(OMPI_MCA_rmaps_base_oversubscribe=1)
  [ "$ranks" -le "$(cores)" ] || environment+=(OMPI_MCA_mpi_yield_when_idle=1)
  env "${environment[@]}" mpirun --bind-to none -n "$ranks" "$@"
}
