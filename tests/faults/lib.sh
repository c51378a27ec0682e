# shellcheck shell=bash disable=SC2034
# lib.sh - sourced by the tests of failures: a small run over $ranks ranks in the background, to which things happen.
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"

ranks=${ranks:-2}
hold_thread=$(dirname "$freeanchor")/tests/hold_thread
held='' # the process that holds a thread

# However the test ends, what it started ends too.
tidy() {
  local left
  left=$(pgrep -f -- "--work-dir $scratch/")
  # shellcheck disable=SC2086
  [ -z "$left$held" ] || kill -9 $left $held 2>/dev/null
  umount -l "$scratch"/disk 2>/dev/null
  rm -rf "$scratch"
}
at_exit tidy
trap 'exit 1' TERM INT

must "$freeanchor" synth --out "$scratch/synth" --images 8 --classes 2 --seed 3 --size 64x64
must "$freeanchor" pack --coco "$scratch/synth/annotations.json" --images "$scratch/synth/images" --out "$scratch/shards"

export OMPI_MCA_mpi_yield_when_idle=1 # tests share the cores
small=(--config "$small_config" --train-data "$scratch/shards" --threads 1
  --set "data.scale=[64,64]" --set train.batch="$ranks" --set train.eval_interval=0 --set model.calibrate_images="$ranks"
  --set data.loader_threads=1 --set model.backbone.frozen_stages=4 --set train.keep_checkpoints=2
  --set watchdog.silence_s=4 --set model.backbone.base_channels=64) # steps that last, so that things can happen in them
endless=(--set train.epochs=100000 --set train.checkpoint_interval=100000)

# start WORK_DIR OPTION...: a run in the background; $run is its process, $log what it says.
start() {
  work=$1 log=$1.log
  shift
  rm -f "$work/.ranks" # of a run before
  run_ranks "$ranks" "$freeanchor" train "${small[@]}" --work-dir "$work" "$@" >"$log" 2>&1 &
  run=$!
}

# roll: what every rank of the run says that it is doing.
roll() {
  [ ! -e "$work/.ranks" ] || tr -d '\000' <"$work/.ranks"
}

# wait_step N: until all ranks are past that step.
wait_step() {
  local i
  for i in $(seq 600); do
    [ "$(roll | awk -v n="$1" '/step/ { sub(/.*step /, ""); if ($0 + 0 > n) past++ } END { print past + 0 }')" -eq "$ranks" ] && return
    sleep 0.05
  done
  fail "the run does not come to step $1: $(tail -n 2 "$log")"
}

# wait_for N WORDS: until so many ranks say that.
wait_for() {
  local i
  for i in $(seq 600); do
    [ "$(roll | grep -c -- "$2")" -eq "$1" ] && return
    sleep 0.05
  done
  fail "$1 ranks never say \"$2\": $(tail -n 2 "$log")"
}

# pid_of RANK: the process of a rank of the run.
pid_of() {
  local pid
  for pid in $(pgrep -f -- "--work-dir $work"); do
    grep -zqsxE "(OMPI_COMM_WORLD|PMI)_RANK=$1" "/proc/$pid/environ" && echo "$pid" && return
  done
}

# doing RANK [STATE]: "step 3, saving, checkpoint"; nothing if it is in another state ("running", "waiting") than that.
doing() {
  roll | sed -n "s/^rank $1 on [^,]*, beat [0-9]*, ${2:-[a-z]*}, //p"
}

# hold THREAD: it stands still, all else of its process goes on; until release. The thread that works has the number of its process.
hold() {
  "$hold_thread" "$1" >/dev/null 2>&1 &
  held=$!
}

release() {
  kill "$held" 2>/dev/null
  wait "$held" 2>/dev/null
  held=''
}

# can_hold: whether one thread of a process can be stopped here.
can_hold() {
  local sleeper can
  sleep 60 &
  sleeper=$!
  hold "$sleeper" && sleep 0.3
  grep -q '^State:.*tracing' "/proc/$sleeper/status"
  can=$?
  release
  kill "$sleeper"
  return "$can"
}

# find_writer PID: sets $thread to that of its threads which writes a checkpoint. It is soon done: no process is started to look.
find_writer() {
  local folder name
  for folder in "/proc/$1/task"/*; do
    name=''
    thread=${folder##*/}
    { read -r name <"$folder/comm"; } 2>/dev/null
    [ "$name" != errand ] || return 0
  done
  return 1
}

# is_held THREAD: once it stands still, which takes a moment; not if it is gone before.
is_held() {
  local i
  for i in $(seq 100); do
    grep -qs '^State:.*tracing' "/proc/$1/status" && return
    [ -e "/proc/$1" ] || return
    sleep 0.01
  done
  return 1
}

# catch_save RANK: holds the thread that writes a checkpoint, beside the one that works, while the checkpoint is not whole.
catch_save() {
  local i pid='' thread
  for i in $(seq 3000); do
    pid=${pid:-$(pid_of "$1")}
    if find_writer "$pid"; then
      hold "$thread"
      is_held "$thread" && compgen -G "$work/checkpoints/*.tmp" >/dev/null && return
      release
    fi
    sleep 0.02
  done
  fail "rank $1 is never seen writing a checkpoint"
  return 1
}

# catch RANK PHASE [STATE]: holds the rank in that phase: "start", "first step", "step", "evaluation" or "saving"; or in the "sum
# of gradients" over ranks; and in that state, if it is given. Of ranks that save nothing of their own, saving cannot be held.
catch() {
  local i pid='' pattern="^step [0-9]*, $2," state=${3:-}
  if [ "$2" = saving ]; then
    catch_save "$1"
    return
  fi
  [ "$2" != step ] || pattern='^step [0-9]*, [a-z -]*$'
  [ "$2" != "sum of gradients" ] || pattern='^step [1-9][0-9]*, sum of gradients$'
  for i in $(seq 1000); do
    if doing "$1" "$state" | grep -q "$pattern"; then
      pid=${pid:-$(pid_of "$1")}
      hold "$pid"
      sleep 0.5 # for a beat of the roll
      doing "$1" "$state" | grep -q "$pattern" && return
      release
    fi
    sleep 0.02
  done
  fail "rank $1 is never seen in $2"
  return 1
}

# ends CODE SECONDS TEXT: the run ends in that time with that exit code (nonzero: any but 0, 2 and 85), says TEXT once, and
# leaves no process.
ends() {
  local wanted=$1 limit=$2 text=$3 begun=$SECONDS code said
  while kill -0 "$run" 2>/dev/null && [ $((SECONDS - begun)) -le "$limit" ]; do
    sleep 0.1
  done
  if kill -0 "$run" 2>/dev/null; then
    fail "the run has not ended after $limit s"
    kill -9 $(pgrep -f -- "--work-dir $work") 2>/dev/null
  fi
  wait "$run"
  code=$?
  case $wanted/$code in
  nonzero/0 | nonzero/2 | nonzero/85) fail "exit code $code" ;;
  nonzero/* | "$code/$code") ;;
  *) fail "exit code $code, expected $wanted" ;;
  esac
  said=$(grep -c -- "$text" "$log")
  [ "$said" -eq 1 ] || fail "said $said times: $text"
  [ "$said" -eq 1 ] || tail -n 5 "$log"
  [ -z "$(pgrep -f -- "--work-dir $work")" ] || fail "processes are left over"
  echo "ok: ended with $code after $((SECONDS - begun)) s: $(grep -m 1 -- "$text" "$log" | cut -c -180)"
}

# stops: the run ends as one that was asked to, all ranks after the same step, which is saved.
stops() {
  local step
  ends 85 60 "stopped on request after step"
  step=$(grep -o 'stopped on request after step [0-9]*' "$log" | grep -o '[0-9]*$')
  grep -qs "\"step\": *$step,*$" "$work"/checkpoints/*/manifest.json || fail "step $step is not saved"
  # the step there may be the one before: what a rank does is looked at a few times a second
  [ "$(roll | grep -c ", left, step ")" -eq "$ranks" ] || fail "not all ranks left: $(roll)"
}

# signal_to one|all NAME: to a random rank, or to all of them.
signal_to() {
  local r first=0 last=$((ranks - 1))
  [ "$1" = all ] || first=$((RANDOM % ranks)) last=$first
  for r in $(seq "$first" "$last"); do
    kill "-$2" "$(pid_of "$r")"
  done
}
