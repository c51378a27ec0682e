#!/usr/bin/env bash
# launch/train.sh says how it places ranks, starts again after a rank was killed, and the weights are those of an undisturbed run.
. "$(dirname "$0")/lib.sh"
export FREEANCHOR=$freeanchor
train() {
  "$root/launch/train.sh" --ranks 2 "${small[@]}" --set train.epochs=2 --set train.checkpoint_steps=3 --work-dir "$@"
}

expect 2 "expected a whole number" "$root/launch/train.sh" --ranks two
expect 2 "--work-dir" "$root/launch/train.sh" --ranks 2
expect 2 "did you mean train.batch" train "$scratch/wrong" --max-restarts 3 --set train.bach=4
[ ! -e "$scratch/wrong/train.log" ] || fail "wrong input was tried again"
must train "$scratch/whole"

work=$scratch/killed
train "$work" --max-restarts 2 >"$scratch/log" 2>&1 &
run=$!
wait_step 3
kill -9 "$(pid_of 1)"
wait "$run" || fail "the run ended with $?: $(tail -n 3 "$scratch/log")"
grep -q "OMP_NUM_THREADS=1.*mpirun" "$scratch/log" || fail "the command and its environment are not printed"
grep -E "(rank 1 .*|a rank) was ended by signal 9( in step|;)" "$work/train.log" || fail "the rank that was killed is not named"
grep "restart 1 of 2" "$work/train.log" || fail "there was no restart"
must "$freeanchor" weights diff "$scratch/whole/weights.h5" "$work/weights.h5"
finish
