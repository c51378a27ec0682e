#!/usr/bin/env bash
# Faults that a device would punish are planted in a copy of the source, one after another; on the far backend each makes a test fail
# that passes without it.
#
# usage: tests/far/long_planted.sh        (some minutes of building)
. "$(dirname "$0")/../e2e/lib.sh"
copy=$scratch/source
mkdir "$copy"
(cd "$root" && git ls-files -z | xargs -0 cp --parents -t "$copy") || exit
cd "$copy" || exit
must cmake --preset release
export OMP_WAIT_POLICY=passive OMPI_MCA_mpi_yield_when_idle=1 FA_TEST_BACKEND=far FA_SOURCE_DIR=$copy FA_BINARY_DIR=$copy/build/release

# passes TARGET RANKS
passes() {
  cmake --build --preset release --target "$1" >"$scratch/build" 2>&1 || { tail -n 20 "$scratch/build"; fail "$1 cannot be built"; return 1; }
  timeout 200 mpirun --oversubscribe --bind-to none -n "$2" "$(find build/release/src -type f -name "$1")" >"$scratch/out" 2>&1
}

# planted WHAT FILE SED TARGET RANKS
planted() {
  local what=$1 file=$2 edit=$3 target=$4 ranks=$5
  cp "$file" "$scratch/kept"
  sed -i -E "$edit" "$file"
  if cmp -s "$file" "$scratch/kept"; then
    fail "$what: nothing was changed in $file"
  elif passes "$target" "$ranks"; then
    fail "$what: $target passes"
  else
    echo "ok: $what: $target fails ($(grep -oE 'Segmentation fault|signal [0-9]+|[0-9]+ FAILED TEST|far: .*' "$scratch/out" | head -n 1))"
  fi
  cp "$scratch/kept" "$file"
  touch "$file"
}

for sound in "test_net_workspace 1" "test_lane_lane 1" "test_lane_recorded 1" "test_comm_mpi_reducer 2" "test_backend_flat 1"; do
  # shellcheck disable=SC2086
  if passes $sound; then echo "ok: sound: $sound"; else fail "sound: $sound"; fi
done
planted "the host follows pointers in SGD" src/backend/flat.c 's/ops_of\(value\)->sgd\(/fa_host_flat_ops.sgd(/' test_backend_flat 1
planted "a bucket leaves before its ticket" src/backend/flat.c \
  's/return fa_ticket_reached\(window->ticket, ready\);/*ready = true; return window->flat != NULL ? FA_OK : FA_EIO;/' test_comm_mpi_reducer 2
planted "rows of the head are read too early" src/lane/stage.c 's/return fa_backend_synchronize\(queue\);/return FA_OK;/' test_lane_lane 1
planted "a loss is read before it is there" src/lane/learn.c 's/^        if \(reached\)/        if (true)/' test_lane_lane 1
planted "a recording is asked for although its memory has moved" src/lane/recorded.c 's/if \(!fa_recording_holds\(.*\)\)/if (work == NULL)/' \
  test_lane_recorded 1
planted "an image does not wait for its weights" src/net/forward.c 's/^ *fa_backend_follow\(workspace->queue, model->folded\);//' \
  test_net_workspace 1
# Its task runs on the queue of the model, beside those of the lanes.
forget='/^static fa_status do_unfold/i \
static fa_status do_forget(void *argument) \
{ \
    const struct work *work = argument; \
    struct fa_weights *near = NEAR(weights, work->object); \
    const size_t n = (size_t)near->desc.out_channels * (size_t)near->desc.in_channels * 49; \
    float *zeros = calloc(n, sizeof *zeros); \
    const fa_status status = fa_weights_load(near, zeros, NULL, zeros); \
    free(zeros); \
    return status; \
} \
static void weights_forget(struct fa_weights *weights) \
{ \
    ask(weights->backend, do_forget, (struct work){.object = weights}); \
}
s/\.weights_fold = weights_fold,/.weights_fold = weights_fold, .weights_forget = weights_forget,/'
planted "filters are forgotten while a lane uses them" tests/far/far.c "$forget" test_lane_lane 1
planted "gradients are added before they are there" src/comm/reducer.c 's/^ *fa_backend_follow\(fa_flat_backend\(reducer->sum\), ticket\);/(void)ticket;/' \
  test_comm_mpi_reducer 2
finish
