#!/usr/bin/env bash
# Threads without a core of their own are told, with the flag that helps; well placed ones are not. Root is told what to allow.
. "$(dirname "$0")/../e2e/lib.sh"

[ "$(lscpu -p=CORE,SOCKET | grep -v "^#" | sort -u | wc -l)" -ge 2 ] || skip "needs two cores"
info() { # OPTIONS of mpirun, of freeanchor
  local environment
  mpi_environment 1
  # shellcheck disable=SC2086
  env "${environment[@]}" mpirun $1 "$freeanchor" info $2
}
expect 0 "wait for each other; add --map-by slot:PE=$(cores) to mpirun" info "-n 1 --bind-to core" "--threads $(cores)"
expect 0 "start fewer ranks or threads" info "-n 2 --oversubscribe --bind-to none" "--threads $(cores)"
expect 0 "start one rank a core at most" info "-n $(($(cores) + 1)) --oversubscribe --bind-to none" "--threads 1"
expect 0 "are yours, add --map-by slot:PE=" info "-n 1 --bind-to core" ""
info "-n 2 --bind-to none" "" 2>&1 | grep WARN && fail "warned of ranks that share the cores evenly"

if [ "$(id -u)" -eq 0 ]; then
  expect 2 "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1" env -u OMPI_ALLOW_RUN_AS_ROOT_CONFIRM \
    FREEANCHOR="$freeanchor" "$root/launch/train.sh" --work-dir "$scratch/w" --config "$scratch/c.json"
fi
finish
