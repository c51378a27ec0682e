#!/usr/bin/env bash
# The batch scripts of slurm/, and sweeps, with stand-ins for SLURM's and our programs: what starts, and what becomes of each exit code
# and signal.
# The real ones are in long_slurm.sh.
. "$(dirname "$0")/lib.sh"

mkdir "$scratch/bin"
cat >"$scratch/bin/mpirun" <<'END'
#!/usr/bin/env bash
[ "$1" != --version ] || exit 0
echo "${0##*/} $*" >"$SEEN"
until [ "$CODE" != stop ] || [ -e w/stop ]; do sleep 0.05; done
[ "$CODE" != stop ] || exit 85
if [ "$CODE" = late ]; then trap '' USR1 && kill -USR1 "$SWEEP" && exit; fi
exit "$CODE"
END
cp "$scratch/bin/mpirun" "$scratch/bin/srun"
cp "$scratch/bin/mpirun" "$scratch/freeanchor"
cat >"$scratch/bin/scontrol" <<'END'
#!/usr/bin/env bash
[ "$1" != show ] || exit 0
echo "$*" >"$SEEN.requeue"
exit "${REFUSED:-0}"
END
chmod +x "$scratch"/bin/* "$scratch/freeanchor"
export PATH=$scratch/bin:$PATH SEEN=$scratch/seen FREEANCHOR=$scratch/freeanchor FREEANCHOR_HOME=$root SLURM_JOB_ID=17
export SLURM_CPUS_PER_TASK=3 SLURM_ARRAY_TASK_ID=4
cd "$scratch" || exit 1

# job CODE SCRIPT ARGUMENT...: freeanchor ends with that code; "stop": with 85 once it is asked to. Ends the subshell it is in.
job() {
  rm -f "$SEEN" "$SEEN.requeue"
  CODE=$1 exec bash "$root/slurm/$2.sbatch" "${@:3}"
}

seen() {
  grep -q -- "$1" "$SEEN" || fail "not started with $1: $(cat "$SEEN")"
}

expect 0 "mpirun" job 0 train C.json "w w" --seed 3
seen "^mpirun --map-by slot:PE=3 --bind-to core $FREEANCHOR train --work-dir w w --resume auto --config C.json --seed 3 --threads 3$"
LAUNCHER=srun expect 0 "srun" job 0 eval C.json W.h5 shards --json
seen "^srun --mpi=pmix --cpus-per-task=3 .*freeanchor eval --config C.json --weights W.h5 --data shards --json --threads 3$"
expect 0 "" job 0 seeds C.json w
seen "train --work-dir w/seed_4 .*--seed 4"
expect 0 "" job 0 pack A.json photos shards --fix drop
seen "^freeanchor pack --coco A.json --images photos --out shards --threads 3 --fix drop$"

without_array() { (unset SLURM_ARRAY_TASK_ID && job 0 seeds C.json w); }
expect 1 "sbatch --array=0-4" without_array
[ ! -e "$SEEN" ] || fail "started without a seed: $(cat "$SEEN")"
expect 1 "sbatch slurm/train.sbatch CONFIG" job 0 train C.json
LAUNCHER=rsh expect 2 "LAUNCHER must be mpirun or srun" job 0 train C.json w
expect 2 "" job 2 train C.json w
expect 1 "" job 1 train C.json w
[ ! -e "$SEEN.requeue" ] || fail "a failure was requeued"
expect 0 "goes back into the queue" job 85 train C.json w
[ "$(cat "$SEEN.requeue")" = "requeue 17" ] || fail "asked of SLURM: $(cat "$SEEN.requeue")"
REFUSED=1 expect 85 "submit it again" job 85 train C.json w

# A sweep is a run after another, or a job a run: the same ones.
sweep() { # CODE OPTION...
  rm -f "$SEEN"
  (CODE=$1 SWEEP=$BASHPID exec "$root/launch/sweep.sh" --work-dir s "${@:2}")
}
[ "$(sweep 0 --list | wc -l)" -eq 12 ] || fail "a sweep's runs: $(sweep 0 --list)"
names=$(sweep 0 --list --vary loss.alpha=0.5,1e-3,0.5 --vary loss.alpha=0.5 --seeds 1,2,1 | cut -f 1 | tr '\n' ' ')
[ "$names" = "recipe,seed_1 loss.alpha=0.5,seed_1 loss.alpha=1e-3,seed_1 recipe,seed_2 loss.alpha=0.5,seed_2 loss.alpha=1e-3,seed_2 " ] ||
  fail "runs with values and seeds given twice: $names"
for wrong in loss.alpha loss.alpha= loss.alpha=1,,2 'loss.alpha=1 2' $'loss.alpha=1\n2' model.coder_std=[1,1,1,1]; do
  expect 2 "expected KEY=VALUE" sweep 0 --list --vary "$wrong"
done
of_sweep() { SLURM_ARRAY_TASK_ID=$1 job 0 sweep s --vary loss.alpha=0.25,0.75 --config C.json --seeds 7; }
expect 0 "mpirun" of_sweep 2
seen "train --work-dir s/loss.alpha=0.75,seed_7 --resume auto --config C.json --seed 7 --set loss.alpha=0.75 --threads 3$"
expect 0 "run 3 of 3" of_sweep 3
expect 0 "--set loss.gamma=3" sweep 0 --vary loss.gamma=3 --config C.json --dry-run
[ ! -e s/recipe ] || fail "a dry run makes folders"
expect 2 "" sweep 2 --vary loss.gamma=3 --config C.jsn
mkdir -p s/recipe
echo '{"mode":"val","epoch":1,"bbox_mAP":0.25,"bbox_mAP_50":0.5}' >s/recipe/log.jsonl
touch s/recipe/{config.json,weights.h5}
expect 2 "started with another recipe or other options (--config C.jsn )" sweep 0 --vary loss.gamma=3 --config C.json
rm s/sweep.txt
echo '{}' >C.json
expect 0 "| recipe | 0.2500 | 0.5000 | - |" sweep 0 --vary loss.gamma=3 --config C.json
expect 85 "sweep: loss.gamma=3" sweep 85 --vary loss.gamma=3,4 --config C.json
seen "train .*--work-dir s/loss.gamma=3 --config C.json --set loss.gamma=3$"
expect 1 "recipe is done" sweep 1 --vary loss.gamma=3 --ranks 2 --config C.json
expect 85 "sweep: loss.gamma=3" sweep late --vary loss.gamma=3,4 --config C.json
[ ! -e s/loss.gamma=4 ] || fail "a sweep that was asked to stop as a run ended began the next"
for other in "--config C.json --seed 3" "--config D.json"; do
  # shellcheck disable=SC2086
  expect 2 "or other options (--config C.json )" sweep 0 --vary loss.gamma=3 $other
done
echo '{"base": "D.json"}' >C.json
expect 2 "or other options (--config C.json )" of_sweep 2
expect 2 "started with another recipe" sweep 0 --vary loss.gamma=3 --config C.json
[ ! -e "$SEEN" ] || fail "started with another recipe: $(cat "$SEEN")"

for signal in USR1 TERM; do
  rm -f "$SEEN"
  job stop train C.json w >"$scratch/log" &
  timeout 20 bash -c 'until [ -e "$SEEN" ]; do sleep 0.05; done'
  kill -"$signal" $!
  wait $! || fail "stopped by $signal: $?"
  grep -q "asked to stop" "$scratch/log" || fail "$signal was not heard: $(cat "$scratch/log")"
  [ -e "$SEEN.requeue" ] || fail "stopped by $signal, but not requeued"
  [ ! -e w/stop ] || fail "the stop file is left"
done
finish
