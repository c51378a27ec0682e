#!/usr/bin/env bash
# Threads without a core of their own are told, with the flag that helps; well placed ones are not.
. "$(dirname "$0")/../e2e/lib.sh"

[ "$(lscpu -p=CORE,SOCKET | grep -v "^#" | sort -u | wc -l)" -ge 2 ] || skip "needs two cores"
info() { # OPTIONS of mpirun, of freeanchor
  local environment
  mpi_environment 1
  # shellcheck disable=SC2086
  env "${environment[@]}" mpirun $1 "$freeanchor" info $2
}
expect 0 "wait for each other; add --map-by slot:PE=$(cores) to mpirun" info "-n 1 --bind-to core" "--threads $(cores)"
expect 0 "start fewer ranks or threads" info "-n 3 --oversubscribe --bind-to none" "--threads $(cores)"
expect 0 "are yours, add --map-by slot:PE=" info "-n 1 --bind-to core" ""
info "-n 2 --bind-to none" "" 2>&1 | grep WARN && fail "warned of ranks that share the cores evenly"
finish
