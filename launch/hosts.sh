# shellcheck shell=bash
# hosts.sh - sourced by train.sh: what a hostfile says, and which of its hosts are still there.

# count_hosts FILE: the hosts and their ranks; a host without slots= has one.
count_hosts() {
  awk '/^[ \t]*(#|$)/ { next }
       { n = match($0, /slots *= *[0-9]+/) ? substr($0, RSTART, RLENGTH) : 1; gsub(/[^0-9]/, "", n); hosts++; ranks += n }
       END { print hosts + 0, ranks + 0 }' "$1"
}

# By what mpirun starts commands on other hosts: ssh, unless it is told otherwise.
remote_shell() {
  ompi_info --parsable --level 9 --param plm rsh | sed -n 's/.*:plm_rsh_agent:value:"\{0,1\}\([^":]*\).*/\1/p'
}

# answers HOST: commands can be started there. A batch system starts them by itself, and ends the job where it loses a host.
answers() {
  [ -z "${SLURM_JOB_ID:-}${PBS_JOBID:-}${LSB_JOBID:-}" ] || return 0
  [[ " localhost $(hostname) $(hostname -s) $(hostname -I) " != *" $1 "* ]] || return 0
  # shellcheck disable=SC2046 # it may have options
  timeout 20 $(remote_shell) "$1" true </dev/null >/dev/null 2>&1
}

# hosts_left FILE LEFT: writes those of its lines whose hosts answer, in their order, and names the others. All are asked at once.
hosts_left() {
  local lines hosts i asked=() lost=()
  mapfile -t lines < <(grep -vE '^[[:space:]]*(#|$)' "$1")
  mapfile -t hosts < <(printf '%s\n' "${lines[@]}" | awk '{ print $1 }')
  for i in "${!lines[@]}"; do
    answers "${hosts[i]}" &
    asked[i]=$!
  done
  for i in "${!lines[@]}"; do
    if wait "${asked[i]}"; then echo "${lines[i]}"; else lost+=("${hosts[i]}"); fi
  done >"$2"
  echo "${lost[*]}"
}

# most_ranks LIMIT BATCH: as many ranks, up to that limit, as share out the images of a step evenly.
most_ranks() {
  local ranks=$1
  while [ $(($2 % ranks)) -ne 0 ]; do
    ranks=$((ranks - 1))
  done
  echo "$ranks"
}
