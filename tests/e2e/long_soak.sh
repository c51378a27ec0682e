#!/usr/bin/env bash
# A long run in which something happens all the time - ranks are killed, stopped, asked to leave - ends in the weights and the loss
# of every step of one that nothing happened to; and in that one the memory of no rank grows.
#
# usage: tests/e2e/long_soak.sh [STEPS]        (default: 2000, about a quarter of an hour on 2 cores)
#
# SEED (default 1) decides what happens and when.
ranks=2
. "$(dirname "$0")/../faults/lib.sh"
export FREEANCHOR=$freeanchor
steps=${1:-2000}
RANDOM=${SEED:-1}

# train WORK_DIR: saves so often that a start is rarely in vain. A run that is asked to leave writes the mean of the steps since its
# last line; with a line a step the same lines are written whenever that is.
train() {
  work=$1 log=$1.log
  "$root/launch/train.sh" --ranks "$ranks" --threads 1 --max-restarts "$steps" "${small[@]}" --work-dir "$work" \
    --val-data "$scratch/shards" --set train.max_steps="$steps" --set train.epochs="$steps" --set train.eval_interval=25 \
    --set train.checkpoint_interval="$steps" --set train.checkpoint_steps=20 --set train.log_interval=1 >>"$log" 2>&1
}

ranks_of_run() {
  pgrep -f -- "^$freeanchor train .*--work-dir $work"
}

# sample: lines "PROCESS KIB" into the file $work.rss, for as long as the run lasts.
sample() {
  local pid
  while kill -0 "$run" 2>/dev/null; do
    for pid in $(ranks_of_run); do
      echo "$pid $(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null)" >>"$work.rss"
    done
    sleep 1
  done
}

# growth: of every process, the mean of its samples in the last fifth of the run over that in the second fifth.
growth() {
  awk 'NF == 2 { n[$1]++; kib[$1, n[$1]] = $2 }
       END { for (p in n) { a = b = 0; fifth = int(n[p] / 5)
               for (i = 1; i <= fifth; i++) { a += kib[p, fifth + i]; b += kib[p, 4 * fifth + i] }
               if (fifth > 0) printf "%.5f\n", b / a } }' "$work.rss"
}

memory_of_log() {
  grep -o '"memory": *[0-9]*' "$work/log.jsonl" | grep -o '[0-9]*$'
}

# ---- nothing happens ----

train "$scratch/calm" &
run=$! work=$scratch/calm
sample
wait "$run" || fail "the undisturbed run ended with $?"
grew=$(growth)
for factor in $grew; do
  holds "$factor < 1.01" "memory of a rank, last fifth of the run over the second"
done
holds "$(echo "$grew" | wc -w) == $ranks" "ranks whose memory was looked at"
after_warm_up=$(memory_of_log | awk '{ line[NR] = $1 } END { print line[int(NR / 5) + 1] }')
holds "$(memory_of_log | tail -n 1) <= 1.01 * $after_warm_up" "peak memory in log.jsonl, at the end and after a fifth"

# ---- something happens ----

declare -A happened
strike() {
  local pids
  mapfile -t pids < <(ranks_of_run)
  [ ${#pids[@]} -eq "$ranks" ] || return # between two starts
  case $((RANDOM % 5)) in
  0 | 1) what="one rank killed" && kill -9 "${pids[RANDOM % ranks]}" ;;
  2) what="all ranks killed" && kill -9 "${pids[@]}" ;;
  3) what="one rank stopped" && kill -STOP "${pids[RANDOM % ranks]}" ;;
  4) what="asked to leave" && kill -USR1 "${pids[RANDOM % ranks]}" ;;
  esac
  happened[$what]=$((${happened[$what]:-0} + 1))
} 2>/dev/null

work=$scratch/stormy code=85
while [ "$code" -eq 85 ]; do
  train "$work" &
  run=$!
  while sleep "$((RANDOM % 20 + 5)).$((RANDOM % 10))" && kill -0 "$run" 2>/dev/null; do
    strike
  done
  wait "$run"
  code=$?
done
holds "$code == 0" "exit code of the last start"
for what in "${!happened[@]}"; do echo "$what: ${happened[$what]} times"; done
holds "$(grep -c "resuming from" "$work.log") > 0" "starts that went on from a checkpoint"
expect 0 "every bit" "$freeanchor" weights diff "$scratch/calm/weights.h5" "$work/weights.h5"
curve() {
  grep '"mode": *"train"' "$1/log.jsonl" | grep -oE '"(step|loss|grad_norm)": *[-0-9.e+]+'
}
cmp <(curve "$scratch/calm") <(curve "$work") || fail "the loss curves differ"
finish
