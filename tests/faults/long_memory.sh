#!/usr/bin/env bash
# A rank that gets no more memory, at many moments of its run, says so itself; never does it crash in silence.
#
# usage: tests/faults/long_memory.sh [REPEATS]        (default: 100)
#
# SEED (default 1) decides ranks and limits. A build with AddressSanitizer (FREEANCHOR=build/debug/freeanchor), whose address space
# cannot be limited, gets no memory beyond a resident size instead.
. "$(dirname "$0")/lib.sh"
repeats=${1:-100}
RANDOM=${SEED:-1}
phases=("first step" step evaluation start)
short=(--val-data "$scratch/shards" --set train.eval_interval=1 --set train.epochs=4)
words="[Oo]ut of memory\|cannot be started\|memory is exhausted\|Cannot allocate memory\|MPI failed on host"

# A whole number from $1 to $2.
any() {
  echo $(($1 + (RANDOM * 32768 + RANDOM) % ($2 - $1 + 1)))
}

# start_with RANK COMMAND: starts the run, on that rank behind the command.
start_with() {
  printf '#!/bin/bash\n[ '"$own_rank"' != %d ] || %s\nexec %q "$@"\n' "$1" "$2" "$program" >"$scratch/limited"
  chmod +x "$scratch/limited"
  freeanchor=$scratch/limited start "$scratch/w" "${short[@]}"
}

limited_from_its_start() {
  if [ "$sanitized" = yes ]; then
    start_with "$1" "export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:soft_rss_limit_mb=$(any 60 240)"
  else
    start_with "$1" "ulimit -v $(any 300000 900000)" # KiB
  fi
}

# limited_in RANK PHASE KIB: starts the run and leaves the rank so much more than it has.
limited_in() {
  local pid
  start "$scratch/w" "${short[@]}"
  catch "$1" "$2" || return
  pid=$(pid_of "$1")
  prlimit --pid "$pid" --as="$(awk -v more="$3" '/^VmSize/ { print ($2 + more) * 1024 }' "/proc/$pid/status")"
  release
}

# Whether a thread that MPI's own library runs has crashed, which takes what malloc gives without a look.
crashed_elsewhere() {
  grep -m 1 ' #0 ' "$log" | grep -q 'libpmix\|libopen-pal\|libevent'
}

program=$freeanchor crashed=0 silent=0 enough=0 elsewhere=0 sanitized=no
! grep -q __asan_init "$program" || sanitized=yes
export ASAN_OPTIONS=detect_leaks=0 # MPI keeps memory
for turn in $(seq "$repeats"); do
  rank=$(any 0 $((ranks - 1))) more=$(any 0 $((turn % 2 ? 4000 : 60000))) phase=${phases[turn % 4]}
  rm -rf "$scratch/w"
  if [ $((turn % 5)) -eq 0 ] || [ "$sanitized" = yes ]; then
    limited_from_its_start "$rank"
  else
    limited_in "$rank" "$phase" "$more" || continue
  fi
  wait "$run"
  code=$?
  echo "$turn: rank $rank, $phase, $more: $code $(grep -m 1 -e 'freeanchor train: ' -e ' ERROR ' -e signal "$log" | cut -c -170)"
  if crashed_elsewhere; then
    elsewhere=$((elsewhere + 1))
  elif grep -q 'on signal\|ERROR: AddressSanitizer: [A-Za-z-]* on ' "$log"; then
    crashed=$((crashed + 1))
  elif [ "$code" -eq 0 ]; then
    enough=$((enough + 1))
  else
    grep -q "$words" "$log" || silent=$((silent + 1))
  fi
done
echo "$repeats runs: $crashed crashed, $silent ended for another reason, $enough had memory enough, $elsewhere crashed in a thread of MPI's"
holds "$crashed == 0" "crashes"
holds "$silent == 0" "ends that do not speak of memory"
finish
