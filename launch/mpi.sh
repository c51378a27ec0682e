# shellcheck shell=bash disable=SC2034
# mpi.sh - sourced by scripts that start ranks.
#
# run_ranks N COMMAND...: COMMAND on N ranks of this machine with the cores shared out. Ranks are not bound, so that each rank's
# threads may use any of its share.

# find_freeanchor FOLDER: the program FREEANCHOR where that is set, else that of the clone or the installation that FOLDER is the root
# of, else the one on PATH.
find_freeanchor() {
  local program
  for program in "$1/build/release/freeanchor" "$1/../../bin/freeanchor"; do
    [ -z "${FREEANCHOR:-}" ] || break
    ! type -P "$program" || return 0
  done
  type -P "${FREEANCHOR:-freeanchor}"
}

# quoted WORD...: prints the words as a shell reads them back; of NAME=VALUE at most the value is in quotes.
quoted() {
  local word name words=()
  for word in "$@"; do
    name=''
    [[ ! $word =~ ^[A-Za-z_][A-Za-z0-9_.]*= ]] || name=${BASH_REMATCH[0]}
    word=${word#"$name"}
    [[ $name$word != '' && $word =~ ^[A-Za-z0-9_./:=,+@%^-]*$ ]] || word=${word@Q}
    words+=("$name$word")
  done
  echo "${words[*]}"
}

# cpu_folders ROOT: the control groups, of version 1 or 2, that this shell's processor time may be limited by; the innermost first.
cpu_folders() {
  local root=${1%/} number controllers group shown mount
  while IFS=: read -r number controllers group; do
    [[ $number$controllers == 0 || ,$controllers, == *,cpu,* ]] || continue
    read -r shown mount < <(awk -v version="${controllers:+1}" '
      { for (i = 7; $i != "-" && i < NF; i++); kind = $(i + 1); options = "," $(i + 3) "," }
      version ? kind == "cgroup" && options ~ /,cpu,/ : kind == "cgroup2" { print $4, $5; exit }' "$root/proc/self/mountinfo") || continue
    group=$mount${group#"${shown%/}"}
    while [[ ${group%/} == "$mount"/* ]]; do
      echo "$root${group%/}"
      group=${group%/*}
    done
    echo "$root$mount"
  done <"$root/proc/self/cgroup"
}

# cpu_quota ROOT: the whole cores whose time those control groups allow, at least 1; nothing where they set no limit.
cpu_quota() {
  local folder
  while read -r folder; do
    cat "$folder/cpu.max" 2>/dev/null || paste "$folder"/cpu.cfs_{quota,period}_us 2>/dev/null
  done < <(cpu_folders "$1") | awk '$1 + 0 > 0 && $2 + 0 > 0 { quota = $1 / $2; if (!n++ || quota < least) least = quota }
                               END { if (n) print (least > 1 ? int(least) : 1) }'
}

# cores: as many as this shell may keep busy.
cores() {
  local quota all
  all=$(nproc) quota=$(cpu_quota /)
  echo "$((${quota:-$all} < all ? quota : all))"
}

# physical_cores: the same, where two hardware threads of one core count once.
physical_cores() {
  local mask here quota
  mask=$(taskset -cp $$ 2>/dev/null | sed 's/.*: //')
  here=$(lscpu -p=CPU,CORE,SOCKET 2>/dev/null | awk -F, -v mask="$mask" '
    BEGIN { n = split(mask, part, ","); for (i = 1; i <= n; i++) { split(part[i] "-" part[i], e, "-"); from[i] = e[1]; to[i] = e[2] } }
    !/^#/ { for (i = 1; i <= n; i++) if ($1 + 0 >= from[i] + 0 && $1 + 0 <= to[i] + 0) core[$2 "," $3] = 1 }
    END { for (c in core) cores++; print cores + 0 }')
  [ "${here:-0}" -ge 1 ] || here=$(cores)
  quota=$(cpu_quota /)
  echo "$((${quota:-$here} < here ? quota : here))"
}

# ---- what differs between launchers ----
#
# mpirun is that of Open MPI up to 4 (openmpi4), of Open MPI 5 (openmpi5), which is PRRTE's, or of MPICH and its kin (hydra).

# know_mpi: sets $mpi to which it is. What does not say is taken for the first.
know_mpi() {
  [ -z "${mpi:-}" ] || return 0
  case $(mpirun --version 2>/dev/null) in
  *"(Open MPI) "[1-4].*) mpi=openmpi4 ;;
  *"(Open MPI) "* | *PRRTE*) mpi=openmpi5 ;;
  *HYDRA* | *"Intel(R) MPI"*) mpi=hydra ;;
  *) mpi=openmpi4 ;;
  esac
}

# mpi_allowed: whether mpirun will start for this user; says what to do where it will not. Nobody but the user decides that.
mpi_allowed() {
  know_mpi
  [[ $mpi == hydra || $(id -u) -ne 0 || (-n ${OMPI_ALLOW_RUN_AS_ROOT:-} && -n ${OMPI_ALLOW_RUN_AS_ROOT_CONFIRM:-}) ]] && return
  echo "launch: mpirun refuses to start for root. In a container, where root can do no harm, allow it:" \
    "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; elsewhere use another account" >&2
  return 2
}

# remote_shell: by what mpirun starts commands on other hosts: ssh, unless it is told otherwise.
remote_shell() {
  local told=${OMPI_MCA_plm_rsh_agent:-${PRTE_MCA_plm_ssh_agent:-${HYDRA_LAUNCHER_EXEC:-}}} said=''
  know_mpi
  if [ "$mpi" = openmpi4 ]; then # its files of settings may say so, too
    said=$(ompi_info --parsable --level 9 --param plm rsh 2>/dev/null | sed -n 's/.*:plm_rsh_agent:value:"\{0,1\}\([^":]*\).*/\1/p')
  fi
  told=${said:-$told}
  told=${told%%:*}
  echo "${told:-ssh}"
}

# has_remote_shell: whether mpirun has a program that starts commands on other hosts, or was told of one.
has_remote_shell() {
  [ -n "${OMPI_MCA_plm_rsh_agent:-}${PRTE_MCA_plm_ssh_agent:-}" ] || type -P ssh >/dev/null || type -P rsh >/dev/null
}

# mpi_environment THREADS: sets the array `environment` to what ranks of that many threads need. Copies from each other's memory are
# what containers forbid. Open MPI 4 insists on a remote shell, also on a single host.
mpi_environment() {
  know_mpi
  environment=(OMP_NUM_THREADS="$1")
  case $mpi in
  openmpi4)
    environment+=(OMPI_MCA_btl_vader_single_copy_mechanism=none)
    has_remote_shell || environment+=(OMPI_MCA_plm_rsh_agent=/bin/false)
    ;;
  openmpi5) environment+=(OMPI_MCA_smsc=^cma) ;;
  esac
}

# mpi_bound THREADS: sets the array `placement` to flags that give each thread a core of its own.
mpi_bound() {
  know_mpi
  case $mpi in
  hydra) placement=(-bind-to core:"$1") ;;
  *) placement=(--map-by "slot:PE=$1" --bind-to core) ;;
  esac
}

# mpi_crowded: to flags and variables for ranks that take turns: more of them than cores, none bound.
mpi_crowded() {
  know_mpi
  case $mpi in
  hydra) placement=() ;;
  *) placement=(--bind-to none --oversubscribe) && environment+=(OMPI_MCA_mpi_yield_when_idle=1) ;;
  esac
}

# mpi_hosts FILE: sets the array `on_hosts` to flags that start ranks on the hosts of a file with lines HOST slots=RANKS.
mpi_hosts() {
  know_mpi
  case $mpi in
  hydra) on_hosts=(-hosts "$(slots "$1" | awk '{ printf "%s%s:%d", comma, $1, $2; comma = "," }')") ;;
  *) on_hosts=(--hostfile "$1") ;;
  esac
}

# mpi_patience: variables with which mpirun misses a host that is silent after 60 s instead of 8 minutes, where it can be told.
mpi_patience() {
  know_mpi
  [ "$mpi" = openmpi4 ] || return 0
  environment+=("OMPI_MCA_oob_tcp_keepalive_time=${OMPI_MCA_oob_tcp_keepalive_time:-30}"
    "OMPI_MCA_oob_tcp_keepalive_intvl=${OMPI_MCA_oob_tcp_keepalive_intvl:-10}"
    "OMPI_MCA_oob_tcp_keepalive_probes=${OMPI_MCA_oob_tcp_keepalive_probes:-3}")
}

# mpi_pass NAME=VALUE...: adds flags to `placement` that carry these variables of OpenMP to other hosts; MPICH carries all.
mpi_pass() {
  local setting
  know_mpi
  for setting in "$@"; do
    [[ $mpi == hydra || $setting != OMP_* ]] || placement+=(-x "${setting%%=*}")
  done
}

# mpi_ended FILE CODE: "RANK HOST SIGNAL" of the rank that a signal ended, as mpirun said in that file. MPICH's names neither rank nor
# host there, but ends with the signal's number, with which no rank ends by itself.
mpi_ended() {
  { tr '\n' ' ' <"$1" && echo; } | sed -nE \
    's/.*process rank ([0-9]+) with PID [0-9]+ on node ([^ ]+) exited on +signal ([0-9]+).*/\1 \2 \3/p'
  [[ $mpi != hydra || $2 -lt 3 || $2 -gt 31 ]] || echo "? ? $2"
}

run_ranks() {
  local ranks=$1 environment
  shift
  mpi_allowed || return
  local share=$(($(cores) / ranks)) flags=(--bind-to none)
  mpi_environment "$((share > 1 ? share : 1))"
  case $mpi in
  openmpi4) environment+=(OMPI_MCA_rmaps_base_oversubscribe=1) ;;
  openmpi5) environment+=(PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe) ;;
  hydra) flags=() ;;
  esac
  [ "$ranks" -le "$(cores)" ] || environment+=(OMPI_MCA_mpi_yield_when_idle=1)
  env "${environment[@]}" mpirun "${flags[@]}" -n "$ranks" "$@"
}

# await PID: until that child has ended; its exit code is in $code. Traps run meanwhile, and set interrupted=yes, since a signal ends wait
# with a code of its own. By wait alone, bash would wait for ever where the signal comes as the child ends.
await() {
  while kill -0 "$1" 2>/dev/null; do sleep 0.1; done
  interrupted=yes
  while [ "$interrupted" = yes ]; do
    interrupted=no
    wait "$1" 2>/dev/null
    code=$?
  done
}
