#!/usr/bin/env bash
# Into how many ranks this machine's cores are best split: measures training steps on 1 rank with all cores, on 2 with half of them
# each, on 4 and so on, with the sum of gradients over them, as long as that gains and their memory is there; then says which to start.
#
# usage: launch/split.sh [--cores N] [options of freeanchor bench step: --config C.json, --set KEY=VALUE, --size HxW, --classes N, ...]
#
#   --cores N   the cores to be split (default: those that this shell may use)
#
# A run may change its split on the way; the same bits come of any number of ranks with equally many threads each. The program is
# FREEANCHOR=/path/to/freeanchor, else that of this clone or installation, else the one on PATH.
set -uo pipefail
launch=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$launch/mpi.sh"

wrong() {
  echo "launch/split.sh: $*; see launch/split.sh --help" >&2
  exit 2
}

all='' bench=()
while [ $# -gt 0 ]; do
  case $1 in
  --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
  --cores) [[ ${2:-} =~ ^[1-9][0-9]{0,3}$ ]] || wrong "--cores ${2:-}: expected a whole number from 1 to 9999" && all=$2 && shift ;;
  *) bench+=("$1") ;;
  esac
  shift
done
freeanchor=$(find_freeanchor "$launch/..") || wrong "there is no program ${FREEANCHOR:-freeanchor}; build it, or set FREEANCHOR"
mpi_allowed || exit
here=$(physical_cores)
all=${all:-$here}
report=$(mktemp)
trap 'rm -f "$report"' EXIT

# number KEY OBJECT: of that name in the report, in that object where one is named.
number() {
  tail -n 1 "$report" | sed -n "s/.*${2:+\"$2\":{[^\}]*}\"$1\":\([-+0-9.eE]*\).*/\1/p"
}

# measure RANKS THREADS: sets $rate, images a second, and $mib of memory in all.
measure() {
  local what=step environment placement seconds
  [ "$1" -eq 1 ] || what=overlap
  mpi_environment "$2"
  if [ $(($1 * $2)) -le "$here" ]; then mpi_bound "$2"; else mpi_crowded; fi
  env "${environment[@]}" mpirun "${placement[@]}" -n "$1" "$freeanchor" bench "$what" --steps 2 "${bench[@]}" --threads "$2" --json \
    >"$report" || return
  seconds=$(number step_s)
  seconds=${seconds:-$(number during_s canonical)}
  rate=$(awk -v n="$1" -v s="$seconds" 'BEGIN { printf "%.4g", n / s }')
  mib=$(awk -v n="$1" -v bytes="$(number peak_rss_bytes)" 'BEGIN { printf "%.0f", n * bytes / 1048576 }')
}

# less A B
less() {
  awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'
}

echo "| ranks | threads of each | images a second | MiB of memory in all |"
echo "|---|---|---|---|"
best_rate=0 best_ranks='' ended=''
for ((ranks = 1; ranks <= all && all % ranks == 0; ranks *= 2)); do
  free=$(awk '/^MemAvailable/ { printf "%.0f", $2 / 1024 }' /proc/meminfo)
  if [ "$ranks" -gt 1 ] && [ $((2 * mib)) -gt "$free" ]; then
    ended="more ranks would not fit into the $free MiB that are free"
    break
  fi
  measure "$ranks" $((all / ranks)) || exit
  echo "| $ranks | $((all / ranks)) | $rate | $mib |"
  if less "$best_rate" "$rate"; then
    best_rate=$rate best_ranks=$ranks
  elif less "$rate" "$(awk -v r="$best_rate" 'BEGIN { print 0.9 * r }')"; then
    break
  fi
done
[ -z "$ended" ] || echo "$ended"
echo "best: launch/train.sh --ranks $best_ranks --threads $((all / best_ranks)) ..."
