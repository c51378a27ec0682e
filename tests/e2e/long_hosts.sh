#!/usr/bin/env bash
# Training on three hosts with names, addresses and a network of their own (hosts.sh), which takes about three minutes. One host is
# cut off: the run starts again on the two that answer and ends with the bits of an undisturbed one. One is lost altogether: the
# run ends with a message. Both in bounded time, and no process is left. Needs root and the package iproute2.
#
# usage: tests/e2e/long_hosts.sh [STEPS]        (default: 30)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/hosts.sh"

[ "$(id -u)" -eq 0 ] || skip "needs root, to make hosts"
command -v ip >/dev/null || skip "needs the package iproute2, to join them"
at_exit 'hosts_stop; rm -rf "$scratch"'
steps=${1:-30}
export FREEANCHOR=$freeanchor OMPI_MCA_mpi_yield_when_idle=1 # hosts share cores
export OMPI_MCA_oob_tcp_keepalive_time=5 OMPI_MCA_oob_tcp_keepalive_intvl=2 OMPI_MCA_oob_tcp_keepalive_probes=3
cd "$scratch" || exit 1

must "$freeanchor" synth --out synth --images 24 --classes 2 --seed 3 --size 64x64
must "$freeanchor" pack --coco synth/annotations.json --images synth/images --out shards
printf 'host%d slots=1\n' 1 2 3 >hosts
hosts_start 3 || skip "hosts cannot be made here"
expect 0 "3 ranks, 1 on host1" on login env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
  mpirun --hostfile hosts "$freeanchor" info --threads 1

# train WORK_DIR OPTION...
train() {
  on login "$root/launch/train.sh" --hostfile hosts --threads 1 --config "$configs/freeanchor_r18_fpn_synth.json" \
    --train-data shards --work-dir "$scratch/$1" --set "data.scale=[64,64]" --set train.batch=6 --set train.epochs=1000 \
    --set train.max_steps="$steps" --set train.checkpoint_steps=4 --set train.keep_checkpoints=2 --set train.eval_interval=0 \
    --set model.calibrate_images=2 --set model.backbone.frozen_stages=4 "${@:2}"
}

# comes_true COMMAND...: it succeeds in 20 s.
comes_true() {
  local begun=$SECONDS
  until "$@" || [ $((SECONDS - begun)) -gt 20 ]; do
    sleep 0.2
  done
  "$@" || fail "after 20 s still not: $*"
}

# nothing_runs HOST
nothing_runs() {
  ! on "$1" pgrep -f '^orted |freeanchor train ' >/dev/null
}

# start WORK_DIR OPTION...: in the background, until it has come to step 6.
start() {
  work=$1
  train "$@" >"$work.log" 2>&1 &
  run=$!
  for _ in $(seq 300); do
    grep -aq "step [6-9]" "$work/.ranks" 2>/dev/null && break
    sleep 0.2
  done
  grep -aq "step [6-9]" "$work/.ranks" || fail "the run does not come to step 6: $(tail -n 2 "$work.log")"
  ! nothing_runs host3 || fail "the run is not on host3"
}

# says TEXT SECONDS: the run does so in that time from now.
says() {
  local begun=$SECONDS
  until grep -q -- "$1" "$work.log" || [ $((SECONDS - begun)) -gt "$2" ]; do
    sleep 0.2
  done
  if grep -q -- "$1" "$work.log"; then
    echo "ok: after $((SECONDS - begun)) s: $(grep -m 1 -- "$1" "$work.log" | cut -c -150)"
  else
    fail "not said in $2 s: $1"
  fi
}

must train whole

start cut --max-restarts 1
unplug 3
says "mpirun hears nothing of host3 any more" 20
says "launch: failed with [1-9]" 5
comes_true nothing_runs host3
says "left out, since they do not answer: host3" 30
wait "$run" || fail "the second start ended with $?: $(tail -n 3 cut.log)"
grep -q "on 2 ranks" cut.log || fail "the second start is not on two hosts"
expect 0 "every bit" "$freeanchor" weights diff whole/weights.h5 cut/weights.h5
plug_in 3

start dead --set watchdog.silence_s=4
unplug 3
host_kill host3
says "rank 2 (host3) has given no sign of life for . s" 15
begun=$SECONDS
wait "$run" && fail "a run that lost a host ended well"
holds "$((SECONDS - begun)) <= 40" "seconds until all has ended"
comes_true nothing_runs host1
comes_true nothing_runs host2
[ "$failures" -eq 0 ] || tail -n 20 ./*.log
finish
