# shellcheck shell=bash
# mpi.sh - sourced by scripts that start ranks.
#
# run_ranks N COMMAND...: COMMAND on N ranks of this machine with the cores shared out. Ranks are not bound, so that each rank's
# threads may use any of its share.

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

# mpi_allowed: whether mpirun will start for this user; says what to do where it will not. Nobody but the user decides that.
mpi_allowed() {
  [[ $(id -u) -ne 0 || (-n ${OMPI_ALLOW_RUN_AS_ROOT:-} && -n ${OMPI_ALLOW_RUN_AS_ROOT_CONFIRM:-}) ]] && return
  echo "launch: mpirun refuses to start for root. In a container, where root can do no harm, allow it:" \
    "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; elsewhere use another account" >&2
  return 2
}

# has_remote_shell: whether mpirun has a program that starts commands on other hosts, or was told of one.
has_remote_shell() {
  [ -n "${OMPI_MCA_plm_rsh_agent:-}" ] || type -P ssh >/dev/null || type -P rsh >/dev/null
}

# mpi_environment THREADS: sets the array `environment` to what ranks of that many threads need.
mpi_environment() {
  environment=(OMP_NUM_THREADS="$1" OMPI_MCA_btl_vader_single_copy_mechanism=none)
  has_remote_shell || environment+=(OMPI_MCA_plm_rsh_agent=/bin/false) # mpirun insists on one, also on a single host
}

run_ranks() {
  local ranks=$1 environment
  shift
  mpi_allowed || return
  local share=$(($(cores) / ranks))
  mpi_environment "$((share > 1 ? share : 1))"
  environment+=(OMPI_MCA_rmaps_base_oversubscribe=1)
  [ "$ranks" -le "$(cores)" ] || environment+=(OMPI_MCA_mpi_yield_when_idle=1)
  env "${environment[@]}" mpirun --bind-to none -n "$ranks" "$@"
}
