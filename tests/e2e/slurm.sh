# shellcheck shell=bash disable=SC2034,SC2154
# slurm.sh - sourced by tests: a private SLURM on this machine, of nodes with one core each, with files of its own in
# $scratch/slurm. Needs the packages slurm-wlm and munge. Nobody else's SLURM is touched. A job may have one rank a node: the
# nodes have one host name, by which Open MPI names the memory that ranks of a node share.

slurm=$scratch/slurm
export SLURM_CONF=$slurm/slurm.conf

# The programs of it that are not there.
slurm_missing() {
  local program
  for program in munged slurmctld slurmd sbatch; do
    command -v "$program" >/dev/null || echo "$program"
  done
}

# The nodes' temporary folders (TmpFS) must differ: for srun --mpi=pmix each makes a folder there that is named by the job alone.
slurm_config() { # NODES PORT
  local user host node
  user=$(id -un) host=$(hostname -s)
  cat <<END
ClusterName=freeanchor
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$2
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$slurm/munge/socket,cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$slurm/state
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmctldLogFile=$slurm/slurmctld.log
SlurmdSpoolDir=$slurm/%n/spool
SlurmdPidFile=$slurm/%n.pid
SlurmdLogFile=$slurm/%n/log
TmpFS=$slurm/%n/tmp
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
END
  for node in $(seq "$1"); do
    echo "NodeName=node$node NodeHostname=$host NodeAddr=127.0.0.1 Port=$(($2 + node)) CPUs=1"
  done
  echo "PartitionName=all Nodes=ALL Default=YES State=UP"
}

# slurm_start NODES: each node's daemon, and so its jobs, keeps to one core of the machine.
slurm_start() {
  local nodes=$1 node
  mkdir -p "$slurm/munge" "$slurm/state"
  chmod 755 "$scratch" # munge wants clients to see its socket
  head -c 1024 /dev/urandom >"$slurm/munge/key"
  chmod 600 "$slurm/munge/key"
  slurm_config "$nodes" "$((20000 + RANDOM % 1000 * 10))" >"$SLURM_CONF"
  munged --socket="$slurm/munge/socket" --key-file="$slurm/munge/key" --pid-file="$slurm/munge.pid" \
    --log-file="$slurm/munge/log" --seed-file="$slurm/munge/seed" || return
  slurmctld || return
  for node in $(seq "$nodes"); do
    mkdir -p "$slurm/node$node/spool" "$slurm/node$node/tmp"
    taskset -c "$(((node - 1) % $(cores)))" slurmd -N "node$node" || return
  done
  for _ in $(seq 100); do
    [ "$(sinfo -h -N -t idle 2>/dev/null | wc -l)" -eq "$nodes" ] && return
    sleep 0.2
  done
  return 1
}

# What was started under our configuration, the daemons included.
slurm_processes() {
  grep -lszx "SLURM_CONF=$SLURM_CONF" /proc/[0-9]*/environ | grep -v "/$$/" | cut -d / -f 3
}

slurm_stop() {
  local file
  scancel --user="$(id -un)" 2>/dev/null
  for _ in $(seq 50); do
    [ -n "$(squeue -h 2>/dev/null)" ] || break
    sleep 0.2
  done
  for file in "$slurm"/*.pid; do
    [ ! -e "$file" ] || kill "$(cat "$file")" 2>/dev/null
  done
  sleep 1
  # shellcheck disable=SC2046
  kill -9 $(slurm_processes) 2>/dev/null
}

# slurm_submit OPTION... SCRIPT ARGUMENT...: sets $job.
slurm_submit() {
  job=$(sbatch --parsable "$@") || fail "sbatch does not take: $*"
}

slurm_field() { # JOB FIELD
  scontrol show job "$1" 2>/dev/null | tr ' ' '\n' | sed -n "s/^$2=//p" | sort -u
}

# slurm_wait JOB STATE SECONDS
slurm_wait() {
  for _ in $(seq "$((5 * $3))"); do
    [ "$(slurm_field "$1" JobState)" = "$2" ] && return
    sleep 0.2
  done
  fail "job $1 is $(slurm_field "$1" JobState) after $3 s, not $2"
}
