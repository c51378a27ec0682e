#!/usr/bin/env bash
# A rank that is stopped before its run is watched, be it before MPI starts or while it does, ends the job all the same, after five
# minutes; it is named with its process.
. "$(dirname "$0")/lib.sh"

# ends_naming_rank_1 PROCESS
ends_naming_rank_1() {
  ends nonzero 320 "\[rank 0\] $(hostname) has not reached all other ranks in 300 s, since rank 1 is stopped, process $1 on this host"
}

# wait_thread NAME: until rank 1 has such a thread.
wait_thread() {
  until grep -qsx "$1" "/proc/$(pid_of 1)/task"/*/comm; do
    kill -0 "$run" || return
  done
}

printf '#!/bin/bash\n[ '"$own_rank"' != 1 ] || kill -STOP $$\nexec %q "$@"\n' "$freeanchor" >"$scratch/stopped"
chmod +x "$scratch/stopped"
freeanchor=$scratch/stopped start "$scratch/before"
before=$run
start "$scratch/meanwhile"
wait_thread patience
kill -STOP "$(pid_of 1)"
ends_naming_rank_1 "$(pid_of 1)"
run=$before work=$scratch/before log=$work.log
ends_naming_rank_1 "[0-9]*"
finish
