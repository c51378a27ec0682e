#!/usr/bin/env bash
# Trains on all cores of this machine, or of the hosts of a file: places the ranks, says what it sets, and starts again after a
# failure if asked to.
#
# usage: launch/train.sh [--hostfile FILE] [--ranks N] [--threads T] [--gpus N] [--max-restarts N] [--dry-run]
#                        [freeanchor train options]
#
#   --hostfile FILE    lines "HOST slots=RANKS", as mpirun takes them; all hosts like this one, with the same paths
#   --ranks N          ranks in all (default: the slots of the hostfile; on one machine 1, or its GPUs); best: as many on each host,
#                      and threads of each, as launch/split.sh finds fastest here, which takes a minute; a run that goes on keeps its split
#   --threads T        threads of a rank, each with a core of its own (default: the cores of a host, shared out)
#   --gpus N           every host has N GPUs: a rank computes on one (--backend cuda), at most N on a host
#   --max-restarts N   after a failure start again, up to N times, from the newest valid checkpoint (default 0), on those of the
#                      hosts that answer
#   --dry-run          print the command, as a shell takes it, and do nothing
#
# The program is FREEANCHOR=/path/to/freeanchor, else that of this clone or installation, else the one on PATH. TERM, INT, HUP, USR1 and USR2
# reach the ranks, which save and end with 85; another one more than three seconds later ends them at once. Exit codes are those
# of freeanchor train: 0 done, 2 wrong usage or input, or an image whose loss is not finite, 85 stopped with state saved; others
# are failures, which alone are followed by a restart.
set -uo pipefail
launch=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$launch/mpi.sh"
. "$launch/hosts.sh"

say() {
  echo "launch: $*" >&2
  [[ $dry_run == yes || ! -f $work_dir/train.log || -L $work_dir/train.log ]] || echo "launch: $*" >>"$work_dir/train.log"
}

wrong() {
  echo "launch/train.sh: $*; see launch/train.sh --help" >&2
  exit 2
}

# ---- arguments ----

# whole NAME TEXT MIN MAX: sets $number to what TEXT says in decimal, also where it begins with 0.
whole() {
  number=-1
  [[ ! $2 =~ ^0*([0-9]{1,9})$ ]] || number=$((10#${BASH_REMATCH[1]}))
  ((number >= $3 && number <= $4)) || wrong "$1 $2: expected a whole number from $3 to $4"
}

hostfile='' ranks='' threads='' gpus='' max_restarts=0 dry_run=no work_dir='' train=()
while [ $# -gt 0 ]; do
  case $1 in # --ranks=2 is --ranks 2
  --hostfile=* | --ranks=* | --threads=* | --gpus=* | --max-restarts=* | --work-dir=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
  esac
  case $1 in
  --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
  --dry-run) dry_run=yes && shift && continue ;;
  --hostfile | --ranks | --threads | --gpus | --max-restarts | --work-dir) [ $# -gt 1 ] || wrong "$1 needs a value" ;;
  esac
  case $1 in
  --hostfile) hostfile=$2 && shift ;;
  --ranks)
    if [ "$2" = best ]; then ranks=best; else whole "$1" "$2" 1 1000000 && ranks=$number; fi
    shift
    ;;
  --threads) whole "$1" "$2" 1 1024 && threads=$number && shift ;;
  --gpus) whole "$1" "$2" 1 1024 && gpus=$number && shift ;;
  --max-restarts) whole "$1" "$2" 0 1000000 && max_restarts=$number && shift ;;
  --work-dir) work_dir=$2 && train+=("$1" "$2") && shift ;;
  *) train+=("$1") ;;
  esac
  shift
done
[ -n "$work_dir" ] || wrong "--work-dir W says where the run is kept"
[ -z "$hostfile" ] || [ -r "$hostfile" ] || wrong "$hostfile: cannot be read"

freeanchor=$(find_freeanchor "$launch/..") || wrong "there is no program ${FREEANCHOR:-freeanchor}; build it, or set FREEANCHOR"
command -v mpirun >/dev/null || wrong "there is no mpirun; install Open MPI, or load its module"

# ---- placement ----

# The options of training that a measured step understands, too.
recipe() {
  local i
  for i in "${!train[@]}"; do
    case ${train[i]} in
    --config | --set | --backend) printf '%s\0%s\0' "${train[i]}" "${train[i + 1]:-}" ;;
    --config=* | --set=* | --backend=*) printf '%s\0' "${train[i]}" ;;
    esac
  done
}

# As the log of a run says at each start: "...; N ranks, M of them on HOST, with T threads each; ...".
kept_split() {
  sed -nE 's/.*; ([0-9]+) ranks?, .* with ([0-9]+) threads? each; .*/\1 \2/p' "$work_dir/train.log" 2>/dev/null | tail -n 1
}

take_best_split() {
  local options=() found per_host
  [ -z "$gpus$threads" ] || wrong "--ranks best finds the threads of a rank on processors: leave out --threads and --gpus"
  if read -r ranks threads < <(kept_split); then
    return
  fi
  mpi_allowed || exit
  mapfile -d '' -t options < <(recipe)
  found=$("$launch/split.sh" --cores "$here" "${options[@]}" | tee >(cat >&2) | sed -n 's/^best: .*--ranks \([0-9]*\) --threads \([0-9]*\) .*/\1 \2/p')
  [ -n "$found" ] || wrong "launch/split.sh found no split; give --ranks and --threads"
  read -r per_host threads <<<"$found"
  ranks=$((per_host * hosts))
}

hosts=1
if [ -n "$hostfile" ]; then
  fault=$(check_hosts "$hostfile") || wrong "$fault"
  read -r hosts slots < <(count_hosts "$hostfile")
  [ "$hosts" -ge 1 ] || wrong "$hostfile: names no host"
  ranks=${ranks:-$slots}
  has_remote_shell || while read -r host; do
    is_reached_by_itself "$host" || wrong "there is no ssh on PATH, by which mpirun starts ranks on $host"
  done < <(names "$hostfile")
fi
here=$(physical_cores)
[ "$ranks" != best ] || take_best_split
ranks=${ranks:-${gpus:-1}}
per_host=$(((ranks + hosts - 1) / hosts))
[ "$per_host" -le "${gpus:-$per_host}" ] || wrong "$per_host ranks on a host that has $gpus GPUs: give fewer --ranks"
share=$((here / per_host))
threads=${threads:-$((share > 1 ? share : 1))}

[ "$dry_run" = yes ] || mpi_allowed || exit
mpi_environment "$threads"
on_hosts=()
if [ $((per_host * threads)) -le "$here" ]; then
  mpi_bound "$threads"
else
  mpi_crowded
  environment+=(OMP_WAIT_POLICY=passive)
fi
if [ -n "$hostfile" ]; then
  mpi_hosts "$hostfile"
  mpi_patience
fi
mpi_pass "${environment[@]}"
if [ -n "$gpus" ] && [[ " ${train[*]} " != *" --backend"[\ =]* ]]; then
  train+=(--backend cuda)
fi
starting=$ranks
compose() {
  command=(mpirun "${placement[@]}" "${on_hosts[@]}" -n "$starting" "$freeanchor" train --threads "$threads" "${train[@]}")
}
compose

# counted N NOUN
counted() {
  echo "$1 $2$([ "$1" -eq 1 ] || echo s)"
}
say "$(counted "$ranks" rank) on $(counted "$hosts" host), $(counted "$threads" thread) each, $(counted "$here" core) a host"
[ $((per_host * threads)) -le "$here" ] || say "more threads than cores: ranks take turns, which is slow"
say "$(quoted "${environment[@]}" "${command[@]}")"
[ "$dry_run" = no ] || exit 0

# ---- the run ----

errors=$(mktemp) left=$(mktemp)
trap 'rm -f "$errors" "$left"' EXIT
job='' stopping=no interrupted=no
stop() {
  stopping=yes interrupted=yes
  [ -z "$job" ] || kill -USR1 "$job" 2>/dev/null # mpirun hands it on to all ranks
}
trap stop TERM INT HUP USR1 USR2

# Where a host is lost, the ranks end the job, but mpirun may go on waiting for that host: then it is killed, and its daemons leave.
end_waiting() {
  local waited=0
  while [ "$waited" -lt 20 ]; do
    sleep 1
    ! grep -q ': the job ends' "$errors" || waited=$((waited + 1))
  done
  say "mpirun still waits for a host that does not answer; killing mpirun"
  kill -KILL "$job"
}

# In a session of its own, so that the terminal's ^C and end come to this script alone; what it says is passed on and kept whether
# or not somebody reads it. Leaves the exit code in $code.
run() {
  local waiting
  env FREEANCHOR_LAUNCHER=train.sh "${environment[@]}" setsid "${command[@]}" 2> >(trap '' INT HUP; tee -p "$errors" >&2) &
  job=$!
  end_waiting &
  waiting=$!
  await "$job"
  job=''
  kill "$waiting" 2>/dev/null
}

# What mpirun knows of a host or rank that could not speak for itself, and what that rank did last.
explain() {
  local rank host signal doing advice=''
  host=$(sed -n 's/.*Remote daemon: .* on node //p' "$errors" | head -n 1)
  [ -z "$host" ] || say "mpirun hears nothing of $host any more: that host is down, or the network to it"
  read -r rank host signal < <(mpi_ended "$errors" "$code") || return
  [ ! -f "$work_dir/.ranks" ] || doing=$(tr -d '\000' <"$work_dir/.ranks" | sed -n "s/^rank $rank on [^,]*, beat [0-9]*, [a-z]*, //p")
  [ "$signal" -ne 9 ] || advice="; if nobody did that by hand, the host ran out of memory (its dmesg tells)"
  case $rank in
  '?') say "a rank was ended by signal $signal$advice" ;;
  *) say "rank $rank ($host) was ended by signal $signal in ${doing:-its start}$advice" ;;
  esac
}

# replace OPTION VALUE: among those of training, if it is there.
replace() {
  local i
  for i in "${!train[@]}"; do
    [[ ${train[i]} != "$1" ]] || train[i + 1]=$2
    [[ ${train[i]} != "$1="* ]] || train[i]=$1=$2
  done
}

# With fewer slots than ranks, as many ranks as there are slots, but no more than the images of a step.
leave_out_lost_hosts() {
  local lost slots batch
  lost=$(hosts_left "$hostfile" "$left")
  read -r _ slots < <(count_hosts "$left")
  [ "$slots" -gt 0 ] || {
    say "none of the hosts answers: $lost"
    exit "$code"
  }
  [ -z "$lost" ] || say "left out, since they do not answer: $lost"
  batch=$(sed -n 's/.*"batch": *\([0-9]*\).*/\1/p' "$work_dir/config.json" 2>/dev/null)
  mpi_hosts "$left"
  starting=$(most_ranks "$((slots < ranks ? slots : ranks))" "${batch:-0}")
}

# Which log there is: one that begins anew gets another.
journal() {
  stat -c '%i %s' "$work_dir/log.jsonl" 2>/dev/null
}
first_journal=$(journal)

for ((restart = 0; ; restart++)); do
  run
  case $code in
  0 | 2 | 85) exit "$code" ;;
  esac
  explain
  if grep -q 'not enough slots available' "$errors"; then
    wrong "mpirun has fewer slots than ranks; list hosts with slots=RANKS in a --hostfile"
  fi
  [ "$stopping" = no ] && [ "$restart" -lt "$max_restarts" ] || exit "$code"
  say "failed with $code; restart $((restart + 1)) of $max_restarts"
  [ -z "$hostfile" ] || leave_out_lost_hosts
  # Whatever the first start was to begin with, unless it came to nothing: then an older run would be gone on with.
  [ "$(journal)" = "$first_journal" ] || replace --resume auto
  compose
  sleep 1
done
