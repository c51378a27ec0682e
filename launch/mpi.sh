# shellcheck shell=bash
# mpi.sh - sourced by scripts that start ranks on this machine.
#
# run_ranks N COMMAND...: COMMAND on N ranks with the cores shared out. Ranks are not bound, so that each rank's threads may
# use any of its share; root in a container is allowed only where the caller is root already.

cores() {
  nproc
}

run_ranks() {
  local ranks=$1
  shift
  local share=$(($(cores) / ranks))
  [ "$share" -ge 1 ] || share=1
  local environment=(OMP_NUM_THREADS="$share" OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl_vader_single_copy_mechanism=none)
  [ "$(id -u)" -eq 0 ] && environment+=(OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1)
  [ "$ranks" -gt "$(cores)" ] && environment+=(OMPI_MCA_mpi_yield_when_idle=1)
  env "${environment[@]}" mpirun --bind-to none -n "$ranks" "$@"
}
