#!/usr/bin/env bash
# Threads without a core of their own are told, with the flag that helps; well placed ones are not. Root is told what to allow.
. "$(dirname "$0")/../e2e/lib.sh"

[ "$(physical_cores)" -ge 2 ] || skip "needs two cores"
# bound OPTION...: freeanchor info on one rank, which may use one core.
bound() {
  local environment placement
  mpi_environment 1
  mpi_bound 1
  env "${environment[@]}" mpirun "${placement[@]}" -n 1 "$freeanchor" info "$@"
}
know_mpi
case $mpi in
hydra) flag=-bind-to\ core: ;;
*) flag=--map-by\ slot:PE= ;;
esac
expect 0 "wait for each other; add $flag$(cores) to mpirun" bound --threads "$(cores)"
expect 0 "start fewer ranks or threads" run_ranks 2 "$freeanchor" info --threads "$(cores)"
expect 0 "start one rank a core at most" run_ranks $(($(cores) + 1)) "$freeanchor" info --threads 1
expect 0 "are yours, add $flag" bound
run_ranks 2 "$freeanchor" info 2>&1 | grep WARN && fail "warned of ranks that share the cores evenly"

if [ "$(id -u)" -eq 0 ] && [ "$mpi" != hydra ]; then
  expect 2 "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1" env -u OMPI_ALLOW_RUN_AS_ROOT_CONFIRM \
    FREEANCHOR="$freeanchor" "$root/launch/train.sh" --work-dir "$scratch/w" --config "$scratch/c.json"
fi
finish
