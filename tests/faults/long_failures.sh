#!/usr/bin/env bash
# No failure hangs: each is made several times on 4 ranks, in every phase of a run in turn and at random moments. The job ends
# within a bound, with an exit code that says failure and one message that names rank, host, step, phase and cause, and no process
# of it is left. Where it may help, launch/train.sh restarts once more: then the run ends in the weights of one that met nothing.
#
# usage: tests/faults/long_failures.sh [REPEATS] [FAILURE...]        (default: 10, all)
#
# SEED (default 1) decides ranks and moments. Prints a table: what ends a job that was struck, and after how long at most.
ranks=4
. "$(dirname "$0")/lib.sh"
export FREEANCHOR=$freeanchor
repeats=${1:-10}
failures_wanted=("${@:2}")
[ ${#failures_wanted[@]} -gt 0 ] || failures_wanted=(killed stopped stuck memory disk shard nan)
RANDOM=${SEED:-1}

host=$(hostname)
phases=(start "first step" step evaluation saving)
table=$scratch/table
disk=$scratch/disk

# Saves and evaluates after every second step.
short=(--val-data "$scratch/shards" --set train.eval_interval=1 --set train.epochs=8 --set train.log_interval=2
  --set data.bad_sample_budget=0)

# launch OPTION...: the run under the launcher, in the background; $run and $log are as start leaves them.
launch() {
  log=$scratch/log
  rm -rf "$work"
  "$root/launch/train.sh" --ranks "$ranks" --threads 1 "${small[@]}" "${short[@]}" --work-dir "$work" "$@" >"$log" 2>&1 &
  run=$!
}

# A whole number from $1 to $2.
any() {
  echo $(($1 + (RANDOM * 32768 + RANDOM) % ($2 - $1 + 1)))
}

# A random rank, held in the phase whose turn it is. A state so small has no part for every rank to save; rank 0 has one.
catch_one() {
  local phase=${phases[$1 % ${#phases[@]}]}
  rank=$(any 0 $((ranks - 1)))
  [ "$phase" != saving ] || rank=0
  catch "$rank" "$phase"
  pid=$(pid_of "$rank")
}

# ---- the failures ----
#
# NAME TURN OPTION...: starts the run with these options of the launcher and strikes. $cause: what the message must say; $bound:
# seconds from then on; $code: the exit code, where it is not just that of a failure.

killed() {
  launch "${@:2}"
  catch_one "$1"
  kill -9 "$pid"
  bound=10 cause="rank $rank ($host) was ended by signal 9 in step [0-9]*, [a-z ,-]*;"
}

stopped() {
  launch "${@:2}"
  catch_one "$1"
  kill -STOP "$pid"
  release
  bound=12 cause="rank $rank ($host) has given no sign of life for . s; it was in step [0-9]*, [a-z ,-]*:"
}

# The first weights take their time on a machine that is busy.
stuck() {
  launch "${@:2}" --set watchdog.start_s=15 --set watchdog.step_s=5 --set watchdog.evaluate_s=5 --set watchdog.save_s=5
  catch_one "$1"
  bound=30 cause="rank $rank ($host) \\(has been\\|stands still\\) in [0-9a-z ,\`'-]* \\(for [0-9]* s\\|all others\\)"
}

# By turns, what the rank may have from its start on is too little, or it gets no more after its first step. With less than that
# MPI does not start, and says so in its own words. A warning of a checkpoint that is not complete may come before the end.
memory() {
  rank=$(any 0 $((ranks - 1)))
  bound=30 cause="\\(^freeanchor train:\\|^launch:\\| ERROR\\) .*rank $rank ($host)"
  cause+="\\(: .*out of memory\\|: .*cannot be started\\|.* was ended by signal\\)"
  if [ $(($1 % 2)) -eq 0 ]; then
    printf '#!/bin/bash\n[ '"$own_rank"' != %d ] || ulimit -v %d\nexec %q "$@"\n' \
      "$rank" "$(any 300000 640000)" "$freeanchor" >"$scratch/limited"
    chmod +x "$scratch/limited"
    FREEANCHOR=$scratch/limited launch "${@:2}"
  else
    launch "${@:2}"
    catch "$rank" "first step"
    pid=$(pid_of "$rank")
    prlimit --pid "$pid" --as="$(awk -v more="$(any 0 4000)" '/^VmSize/ { print ($2 + more) * 1024 }' "/proc/$pid/status")"
    release
  fi
}

# A checkpoint that finds no room in the middle of a run is only warned of; the last one is waited for until there is room. A run
# that has not begun ends.
disk() {
  mkdir -p "$disk"
  umount -l "$disk" 2>/dev/null
  mount -t tmpfs -o size=400m none "$disk" || return
  work=$disk/w
  launch "${@:2}" --set train.keep_checkpoints=1
  catch_one "$1"
  head -c 400m /dev/zero >"$disk/filler" 2>/dev/null
  release
  bound=60 cause="^freeanchor train: .*rank [0-3] ($host): .*\\(No space left\\|make room\\)"
  while kill -0 "$run" 2>/dev/null && ! grep -q "waits for room" "$log"; do
    sleep 0.1
  done
  ! grep -q "waits for room" "$log" && return
  rm "$disk/filler"
  code=0 cause="wrote .*/weights.h5"
}

# By turns images to train on and images to evaluate on.
shard() {
  local data=$scratch/damaged at
  rm -rf "$data"
  cp -r "$scratch/shards" "$data"
  launch "${@:2}" "--$([ $(($1 % 2)) -eq 0 ] && echo train || echo val)-data" "$data"
  catch_one "$1"
  at=$(LC_ALL=C grep -abo $'\xff\xd8\xff' "$data/shard-00000.h5" | cut -d : -f 1 | sed -n "$(any 1 8)p")
  head -c 64 /dev/zero | dd of="$data/shard-00000.h5" bs=1 seek=$((at + 300)) conv=notrunc status=none
  release
  bound=20 code=2 cause="rank [0-3] ($host): .*shard-00000.h5: the checksum of record"
}

# A weight decay that makes weights grow, by a factor that decides after how many steps they overflow.
nan() {
  launch "${@:2}" --set train.weight_decay=1 --set train.lr="$(any 4 100)" --set train.clip_norm=0 \
    --set train.warmup_steps="$(any 0 3)"
  bound=40 code=2 cause="rank [0-3] ($host): step [0-9]*: the \\(loss\\|gradient\\) of image"
}

# ---- the table ----

must "$root/launch/train.sh" --ranks "$ranks" --threads 1 "${small[@]}" "${short[@]}" --work-dir "$scratch/whole"

for failure in "${failures_wanted[@]}"; do
  longest=0
  for turn in $(seq "$repeats"); do
    work=$scratch/w code=nonzero
    "$failure" "$turn"
    struck=$EPOCHREALTIME
    ends "$code" "$bound" "$cause"
    longest=$(awk -v a="$struck" -v b="$EPOCHREALTIME" -v l="$longest" 'BEGIN { print (b - a > l ? b - a : l) }')
  done
  printf '%-8s %5d %8.1f s (%d s allowed)  %s\n' "$failure" "$repeats" "$longest" "$bound" \
    "$(grep -m 1 -- "$cause" "$log" | grep -o 'rank [0-9] (.*' | cut -c -150)" >>"$table"
  case $failure in
  shard | nan) continue ;; # would be the same again
  disk) continue ;;        # goes on by itself
  esac
  work=$scratch/w
  "$failure" 1 --max-restarts 1
  ends 0 120 "restart 1 of 1"
  expect 0 "every bit" "$freeanchor" weights diff "$scratch/whole/weights.h5" "$work/weights.h5"
done
echo
cat "$table"
finish
