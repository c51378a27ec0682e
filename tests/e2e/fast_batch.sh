#!/usr/bin/env bash
# The batch scripts of slurm/ with stand-ins for SLURM's and our programs: what starts, and what becomes of each exit code and signal.
# The real ones are in long_slurm.sh.
. "$(dirname "$0")/lib.sh"

mkdir "$scratch/bin"
cat >"$scratch/bin/mpirun" <<'END'
#!/usr/bin/env bash
[ "$1" != --version ] || exit 0
echo "${0##*/} $*" >"$SEEN"
until [ "$CODE" != stop ] || [ -e w/stop ]; do sleep 0.05; done
[ "$CODE" != stop ] || exit 85
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
LAUNCHER=rsh expect 2 "LAUNCHER is mpirun or srun" job 0 train C.json w
expect 2 "" job 2 train C.json w
expect 1 "" job 1 train C.json w
[ ! -e "$SEEN.requeue" ] || fail "a failure was requeued"
expect 0 "goes back into the queue" job 85 train C.json w
[ "$(cat "$SEEN.requeue")" = "requeue 17" ] || fail "asked of SLURM: $(cat "$SEEN.requeue")"
REFUSED=1 expect 85 "submit it again" job 85 train C.json w

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
