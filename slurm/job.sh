# shellcheck shell=bash disable=SC2154
# job.sh - sourced by the batch scripts here, which set $home and (all but pack) $launcher: starts freeanchor on the ranks of the job
# and carries a training over time limits.
. "$home/launch/mpi.sh"

freeanchor=$(find_freeanchor "$home") || {
  echo "job: there is no program ${FREEANCHOR:-freeanchor}; build it in $home, or set FREEANCHOR" >&2
  exit 2
}
threads=${SLURM_CPUS_PER_TASK:-1}
gpus=${SLURM_GPUS_ON_NODE:-0}

# on_ranks COMMAND OPTION...: freeanchor on all ranks of the job, each thread on a core of its own. srun is told the cores of a
# rank again, since it does not always take them from sbatch. A rank that is gone ends the others within --wait seconds. Where the
# job was given GPUs, a rank takes that of its number on the node, and so has to see them all.
on_ranks() {
  local start environment placement
  if [ "$gpus" -gt 0 ] && [[ " $* " != *" --backend"[\ =]* ]]; then
    set -- "$@" --backend cuda
  fi
  case $launcher in
  mpirun) mpi_allowed && mpi_bound "$threads" && start=(mpirun "${placement[@]}") || return ;;
  srun) start=(srun --mpi=pmix --cpus-per-task="$threads" --cpu-bind=cores --wait=120) ;;
  *) echo "job: LAUNCHER must be mpirun or srun, not $launcher" >&2 && return 2 ;;
  esac
  [[ $launcher != srun || $gpus -eq 0 ]] || start+=(--gpu-bind=none)
  mpi_environment "$threads"
  echo "job: $(quoted "${environment[@]}" "${start[@]}" "$freeanchor" "$@" --threads "$threads")"
  env "${environment[@]}" "${start[@]}" "$freeanchor" "$@" --threads "$threads"
}

# train_or_requeue WORK_DIR OPTION...: trains to the end. USR1 or TERM, which SLURM sends this script ahead of the time limit or
# when the nodes are wanted for others, stops the run by its stop file: that works at any moment, under either launcher. Stopped
# with its state saved (85), the job goes back into the queue. Ends the script.
train_or_requeue() {
  local work_dir=$1 training code interrupted
  shift
  mkdir -p "$work_dir" || exit 1
  trap 'interrupted=yes; echo "job: asked to stop"; touch "$work_dir/stop"' USR1 TERM
  on_ranks train --work-dir "$work_dir" --resume auto "$@" &
  training=$!
  await "$training"
  rm -f "$work_dir/stop" # of a signal that came too late
  [ "$code" -eq 85 ] || exit "$code"
  scontrol requeue "$SLURM_JOB_ID" && echo "job: stopped with state saved, goes back into the queue" && exit 0
  echo "job: stopped with state saved; submit it again to go on"
  exit 85
}
