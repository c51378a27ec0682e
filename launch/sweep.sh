#!/usr/bin/env bash
# Trains a recipe as it is and with one key changed at a time, as ablations do: one run after another, each in a folder of its own
# below the work directory. Started again it goes on: a run that is done is left out, one that was interrupted is resumed. At the end a
# table, and a page with the curves of all runs.
#
# usage: launch/sweep.sh [--vary KEY=VALUE,VALUE...]... [--seeds S,S...] [--list] [--table] [--dry-run] --work-dir W
#                        [options of launch/train.sh and freeanchor train]
#
#   --vary KEY=V,V     values of a key, beside the recipe's own; several times: each key by itself (default: the method's constants
#                      on either side of the paper's: loss.bag_size, box_threshold, smooth_l1_weight, alpha, gamma)
#   --seeds S,S        every run with each of these seeds (default: the recipe's own alone)
#   --list             print a run a line, its name and its options, and do nothing
#   --table            print the table of the runs that are there and write W/report.html, and train nothing
#   --dry-run          print the commands and do nothing
#
# Exit codes are those of freeanchor train; a run that fails ends the sweep.
set -uo pipefail
launch=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$launch/mpi.sh"

wrong() {
  echo "launch/sweep.sh: $*; see launch/sweep.sh --help" >&2
  exit 2
}

vary=() seeds='' what=run work_dir='' train=()
while [ $# -gt 0 ]; do
  case $1 in # --seeds=2 is --seeds 2
  --vary=* | --seeds=* | --work-dir=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
  esac
  case $1 in
  --vary | --seeds | --work-dir) [ $# -gt 1 ] || wrong "$1 needs a value" ;;
  esac
  case $1 in
  --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
  --list | --table | --dry-run) what=${1#--} ;;
  --vary) [[ $2 =~ ^[a-z0-9_.]+=[^,/]+(,[^,/]+)*$ ]] || wrong "--vary $2: expected KEY=VALUE,VALUE..." && vary+=("$2") && shift ;;
  --seeds) [[ $2 =~ ^[0-9]+(,[0-9]+)*$ ]] || wrong "--seeds $2: expected whole numbers with commas between" && seeds=$2 && shift ;;
  --work-dir) work_dir=$2 && shift ;;
  *) train+=("$1") ;;
  esac
  shift
done
[ -n "$work_dir" ] || wrong "--work-dir W says where the runs are kept"
[ ${#vary[@]} -gt 0 ] || vary=('loss.bag_size=40,60,100' 'loss.box_threshold=0.5,0.7' 'loss.smooth_l1_weight=0.5,1'
  'loss.alpha=0.25,0.75' 'loss.gamma=1.5,2.5')

# ---- the runs ----

# The name of each and what it sets, by a tab: the recipe as it is, then every value; all of one seed before the next.
runs() {
  local seed one value key list
  local -a values
  IFS=, read -ra list <<<"${seeds:--}"
  for seed in "${list[@]}"; do
    local suffix='' by_seed=''
    [ "$seed" = - ] || suffix=/seed_$seed by_seed=" --seed $seed"
    printf '%s\t%s\n' "recipe$suffix" "$by_seed"
    for one in "${vary[@]}"; do
      key=${one%%=*}
      IFS=, read -ra values <<<"${one#*=}"
      for value in "${values[@]}"; do
        printf '%s\t%s\n' "$key=$value$suffix" "$by_seed --set $key=$value"
      done
    done
  done
}

# Only a run that came to its end has weights beside its log.
is_done() {
  [ -f "$work_dir/$1/weights.h5" ]
}

# number NAME KEY: that of the last evaluation in the run's log; a dash where there is none.
number() {
  local found
  found=$(grep -s '"mode":"val"' "$work_dir/$1/log.jsonl" | tail -n 1 | grep -oE "\"$2\":[-+.0-9e]+")
  echo "${found#*:}" | grep . || echo -
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
  local interrupted=yes run
  "$launch/train.sh" "$@" &
  run=$!
  trap 'interrupted=yes; kill -USR1 "$run" 2>/dev/null' TERM INT HUP USR1 USR2 # the run saves and ends with 85, and so does this
  while [ "$interrupted" = yes ]; do # a signal ends wait with a code of its own
    interrupted=no
    wait "$run"
    code=$?
  done
  trap - TERM INT HUP USR1 USR2
}

train_all() {
  local name options words dry=()
  [ "$what" != dry-run ] || dry=(--dry-run)
  while IFS=$'\t' read -r name options <&3; do
    read -ra words <<<"$options"
    if [ "$what" = run ] && is_done "$name"; then
      echo "sweep: $name is done"
      continue
    fi
    echo "sweep: $name"
    [ "$what" = dry-run ] || mkdir -p "$work_dir/$name" || return
    train "${dry[@]}" --work-dir "$work_dir/$name" "${train[@]}" "${words[@]}"
    [ "$code" -eq 0 ] || return "$code"
  done 3< <(runs)
}

freeanchor=$(find_freeanchor "$launch/..") || wrong "there is no program ${FREEANCHOR:-freeanchor}; build it, or set FREEANCHOR"
case $what in
list) runs ;;
table) print_table ;;
dry-run) train_all ;;
run) train_all && print_table ;;
esac
