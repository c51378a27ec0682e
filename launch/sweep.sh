#!/usr/bin/env bash
# Trains a recipe as it is and with one key changed at a time, as ablations do: one run after another, each in a folder of its own
# below the work directory. The same command continues a sweep that was stopped: finished runs are skipped, and one that was interrupted
# is resumed. At the end it prints a table and writes a page with the curves of all runs.
#
# usage: launch/sweep.sh [--vary KEY=VALUE,VALUE...]... [--seeds S,S...] [--list | --start | --table | --dry-run] --work-dir W
#                        [options of launch/train.sh and freeanchor train]
#
#   --vary KEY=V,V     numbers or words to set a key to, besides the recipe's own; may be repeated, and then one key is changed at a
#                      time (default: the method's constants on either side of the paper's: loss.bag_size, box_threshold,
#                      smooth_l1_weight, alpha, gamma)
#   --seeds S,S        train every run with each of these seeds (default: with the recipe's own)
#   --list             only print the runs, one per line: its name and its options
#   --start            as --list, but also keep or check W/sweep.txt, for jobs that train the runs (slurm/sweep.sbatch)
#   --table            only print the table of the finished runs and write W/report.html
#   --dry-run          only print the commands
#
# W/sweep.txt keeps the options and the recipe that the runs were started with; the sweep cannot be continued with others. Where and how
# it computes may change: --hostfile, --ranks, --threads, --gpus, --max-restarts, --stage; and so may --vary and --seeds.
#
# Exit codes are those of freeanchor train; a run that fails ends the sweep.
set -uo pipefail
launch=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$launch/mpi.sh"

wrong() {
  echo "launch/sweep.sh: $*; see launch/sweep.sh --help" >&2
  exit 2
}

with_value='vary|seeds|work-dir|hostfile|ranks|threads|gpus|max-restarts|stage'
value='[A-Za-z0-9_.+-]+'
vary=() seeds='' what=run work_dir='' train=() place=()
while [ $# -gt 0 ]; do
  [[ ! $1 =~ ^--($with_value)= ]] || set -- "${1%%=*}" "${1#*=}" "${@:2}" # --seeds=2 is --seeds 2
  [[ ! $1 =~ ^--($with_value)$ || $# -gt 1 ]] || wrong "$1 needs a value"
  case $1 in
  --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
  --list | --start | --table | --dry-run) what=${1#--} ;;
  --vary)
    [[ $2 =~ ^[a-z0-9_.]+=$value(,$value)*$ ]] || wrong "--vary ${2@Q}: expected KEY=VALUE,VALUE..., each a number or a word"
    vary+=("$2") && shift
    ;;
  --seeds) [[ $2 =~ ^[0-9]+(,[0-9]+)*$ ]] || wrong "--seeds ${2@Q}: expected whole numbers with commas between" && seeds=$2 && shift ;;
  --work-dir) work_dir=$2 && shift ;;
  --hostfile | --ranks | --threads | --gpus | --max-restarts | --stage) place+=("$1" "$2") && shift ;;
  *) train+=("$1") ;;
  esac
  shift
done
[ -n "$work_dir" ] || wrong "--work-dir W says where the runs are kept"
[ ${#vary[@]} -gt 0 ] || vary=('loss.bag_size=40,60,100' 'loss.box_threshold=0.5,0.7' 'loss.smooth_l1_weight=0.5,1'
  'loss.alpha=0.25,0.75' 'loss.gamma=1.5,2.5')

# ---- the runs ----

# The name of each and what it sets, with a tab between: the recipe as it is, then every value; all of one seed before the next.
# A name is one component of a path, by which the report tells runs apart.
runs() {
  local seed one value key list
  local -a values
  IFS=, read -ra list <<<"${seeds:--}"
  for seed in "${list[@]}"; do
    local suffix='' by_seed=''
    [ "$seed" = - ] || suffix=,seed_$seed by_seed=" --seed $seed"
    printf '%s\t%s\n' "recipe$suffix" "$by_seed"
    for one in "${vary[@]}"; do
      key=${one%%=*}
      IFS=, read -ra values <<<"${one#*=}"
      for value in "${values[@]}"; do
        printf '%s\t%s\n' "$key=$value$suffix" "$by_seed --set $key=$value"
      done
    done
  done | awk '!seen[$0]++'
}

# What makes results comparable: the options of train on one line, then the recipe.
started_with() {
  local word
  printf '%q ' "${train[@]}"
  echo
  for word in "${train[@]#--config=}"; do
    [[ $word != *.json || ! -f $word ]] || cat "$word"
  done
}

# Until a run has begun, its options may be mended.
keep_or_refuse() {
  local kept=$work_dir/sweep.txt begun=("$work_dir"/*/config.json) new
  if [ -e "$kept" ] && [ -e "${begun[0]}" ]; then
    cmp -s "$kept" <(started_with) ||
      wrong "$kept: this sweep was started with another recipe or other options ($(head -n 1 "$kept")); take those, or another --work-dir"
    return
  fi
  new=$work_dir/.sweep.$HOSTNAME.$$
  mkdir -p "$work_dir" && started_with >"$new" && mv -f "$new" "$kept" || exit 1
}

# Only a run that came to its end has weights beside its log.
is_done() {
  [ -f "$work_dir/$1/weights.h5" ]
}

# number NAME KEY: that of the last evaluation in the run's log, with four decimals; a dash where there is none.
number() {
  local found
  found=$(grep -s '"mode":"val"' "$work_dir/$1/log.jsonl" | tail -n 1 | grep -oE "\"$2\":[-+.0-9e]+")
  [ -n "$found" ] && LC_ALL=C printf '%.4f' "${found#*:}" || printf -- -
}

print_table() {
  local name options folders=()
  echo "| run | AP | AP50 | AP75 |"
  echo "|---|---|---|---|"
  while IFS=$'\t' read -r name options; do
    is_done "$name" || continue
    folders+=("$work_dir/$name")
    echo "| $name | $(number "$name" bbox_mAP) | $(number "$name" bbox_mAP_50) | $(number "$name" bbox_mAP_75) |"
  done < <(runs)
  [ ${#folders[@]} -gt 0 ] || return 0
  "$freeanchor" report --out "$work_dir/report.html" "${folders[@]}" >/dev/null && echo "curves: $work_dir/report.html"
}

# train OPTION...: one run to its end; its exit code is in $code.
train() {
  "$launch/train.sh" "$@" &
  run=$!
  [ "$stopped" = no ] || kill -USR1 "$run" # of a signal just before there was a run to hear it
  await "$run"
  run=''
  [ "$stopped $code" != "yes $((128 + $(kill -l USR1)))" ] || code=85 # ended before it could listen, and so before it trained
}

# A signal is passed on to the run, which saves and ends with 85, and so does the sweep; also where it comes between two runs.
stop() {
  stopped=yes interrupted=yes
  [ -z "$run" ] || kill -USR1 "$run" 2>/dev/null
}

train_all() {
  local name options words dry=() stopped=no interrupted run='' code
  [ "$what" != dry-run ] || dry=(--dry-run)
  trap stop TERM INT HUP USR1 USR2
  while IFS=$'\t' read -r name options <&3; do
    read -ra words <<<"$options"
    if [ "$what" = run ] && is_done "$name"; then
      echo "sweep: $name is done"
      continue
    fi
    [ "$stopped" = no ] || return 85
    echo "sweep: $name"
    [ "$what" = dry-run ] || mkdir -p "$work_dir/$name" || return
    train "${dry[@]}" "${place[@]}" --work-dir "$work_dir/$name" "${train[@]}" "${words[@]}"
    [ "$code" -eq 0 ] || return "$code"
  done 3< <(runs)
  trap - TERM INT HUP USR1 USR2
}

freeanchor=$(find_freeanchor "$launch/..") || wrong "there is no program ${FREEANCHOR:-freeanchor}; build it, or set FREEANCHOR"
case $what in
list) runs ;;
start) keep_or_refuse && runs ;;
table) print_table ;;
dry-run) train_all ;;
run) keep_or_refuse && train_all && print_table ;;
esac
