#!/usr/bin/env bash
# The batch scripts of slurm/ on a real SLURM of two nodes, which this starts for itself: a chain of pack, train and eval; a
# training that the time limit stops and one that a signal stops, requeued until they are done, with the weights of an undisturbed
# one to the last bit, by mpirun and by srun; an array of seeds. Needs the packages slurm-wlm and munge.
#
# usage: tests/e2e/long_slurm.sh [STEPS]        (default: 200, which must take this machine longer than 45 seconds)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/slurm.sh"

[ -z "$(slurm_missing)" ] || skip "needs SLURM: there is no $(slurm_missing | xargs)"
at_exit 'slurm_stop; rm -rf "$scratch"'
steps=${1:-200} few=40
config=$configs/freeanchor_r18_fpn_synth.json
small=(--set "data.scale=[64,64]" --set train.batch=4 --set train.epochs=1000 --set train.eval_interval=0
  --set train.checkpoint_interval=1000 --set model.calibrate_images=2 --set model.backbone.frozen_stages=4)
nodes=(--nodes=2 --ntasks-per-node=1 --cpus-per-task=1)
export FREEANCHOR=$freeanchor FREEANCHOR_HOME=$root OMPI_MCA_mpi_yield_when_idle=1
cd "$scratch" || exit 1

must "$freeanchor" synth --out synth --images 24 --classes 2 --seed 3 --size 64x64
must "$freeanchor" pack --coco synth/annotations.json --images synth/images --out shards
must run_ranks 2 "$freeanchor" train --config "$config" --work-dir whole --train-data shards --threads 1 "${small[@]}" \
  --set train.max_steps="$steps" --set train.checkpoint_steps="$few" --set train.keep_checkpoints=0
if ! slurm_start 2; then
  tail "$slurm"/*.log "$slurm"/node*/log
  fail "SLURM does not start"
  finish
fi
sinfo --version

# same WEIGHTS WEIGHTS
same() {
  expect 0 "every bit" "$freeanchor" weights diff "$1" "$2"
}

# requeued JOB: it was, at least once.
requeued() {
  holds "$(slurm_field "$1" Restarts) >= 1" "times that job $1 was requeued"
}

slurm_submit --cpus-per-task=1 "$root/slurm/pack.sbatch" synth/annotations.json synth/images packed
pack=$job
slurm_submit "${nodes[@]}" --time=1 --signal=B:USR1@20 --dependency="afterok:$pack" "$root/slurm/train.sbatch" \
  "$config" limited --train-data packed "${small[@]}" --set train.max_steps="$steps"
limited=$job
slurm_submit "${nodes[@]}" --dependency="afterok:$limited" "$root/slurm/eval.sbatch" \
  limited packed --json
eval=$job
slurm_wait "$pack" COMPLETED 30
slurm_wait "$limited" COMPLETED 300
requeued "$limited"
same whole/weights.h5 limited/weights.h5
slurm_wait "$eval" COMPLETED 60
holds "$(number "eval-$eval.out" bbox_mAP) >= 0" "AP of the weights"

LAUNCHER=srun slurm_submit "${nodes[@]}" "$root/slurm/train.sbatch" "$config" signalled --train-data packed "${small[@]}" \
  --set train.max_steps="$few"
for _ in $(seq 300); do
  grep -q "step [1-9]" signalled/.ranks 2>/dev/null && break
  sleep 0.2
done
scancel --batch --signal=USR1 "$job"
slurm_wait "$job" COMPLETED 120
requeued "$job"
same "whole/checkpoints/step_$few" signalled/weights.h5

slurm_submit --array=0-1 --ntasks-per-node=1 --cpus-per-task=1 "$root/slurm/seeds.sbatch" "$config" seeds \
  --train-data packed "${small[@]}" --set train.max_steps="$few"
slurm_wait "$job" COMPLETED 120
same "whole/checkpoints/step_$few" seeds/seed_0/weights.h5 # seed 0 is the default
expect 1 "differ" "$freeanchor" weights diff seeds/seed_0/weights.h5 seeds/seed_1/weights.h5

[ "$failures" -eq 0 ] || tail -n 20 ./*.out "$slurm"/*.log "$slurm"/node*/log
finish
