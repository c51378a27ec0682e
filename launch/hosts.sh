# shellcheck shell=bash
# hosts.sh - sourced by train.sh: what a hostfile says, and which of its hosts are still there.

# check_hosts FILE: whether each line is a host with its slots; says which is not. Names reach the command line of ssh, where one
# that begins with - would be an option.
check_hosts() {
  LC_ALL=C awk '
    function refuse(what) { gsub(/[^ -~]/, "?"); print FILENAME ": line " NR ": " what ": " $0; code = 1; exit }
    { sub(/#.*/, "") }
    /^[ \t]*$/ { next }
    $1 !~ /^([A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9:][A-Za-z0-9.:_-]*$/ { refuse("is not the name of a host") }
    { rest = $0; sub(/^[ \t]*[^ \t]+/, "", rest) }
    rest !~ /^([ \t]+[a-z_-]+[ \t]*=[ \t]*[A-Za-z0-9._-]+)*[ \t]*$/ { refuse("expected HOST slots=RANKS") }
    match(rest, /slots[ \t]*=[ \t]*[^ \t]*/) {
      n = substr(rest, RSTART, RLENGTH); sub(/.*=[ \t]*/, "", n)
      if (n !~ /^[0-9]+$/ || n + 0 < 1 || n + 0 > 4096) refuse("expected slots from 1 to 4096")
    }
    END { exit code }' "$1"
}

# lines FILE: those that name a host, without comments.
lines() {
  sed -e 's/[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' "$1"
}

# slots FILE: "HOST RANKS", one a line; a host without slots= has one.
slots() {
  lines "$1" | awk '
       { n = match($0, /slots[ \t]*=[ \t]*[0-9]+/) ? substr($0, RSTART, RLENGTH) : 1; gsub(/[^0-9]/, "", n); print $1, n + 0 }'
}

# count_hosts FILE: the hosts and their ranks.
count_hosts() {
  slots "$1" | awk '{ hosts++; ranks += $2 } END { print hosts + 0, ranks + 0 }'
}

# is_reached_by_itself HOST: no remote shell is needed, since it is this one, or a batch system starts commands there, which ends
# the job where it loses a host.
is_reached_by_itself() {
  [ -z "${SLURM_JOB_ID:-}${PBS_JOBID:-}${LSB_JOBID:-}" ] || return 0
  [[ " localhost 127.0.0.1 $(hostname) $(hostname -s) $(hostname -I) " == *" $1 "* ]]
}

# answers HOST: commands can be started there.
answers() {
  local shell
  is_reached_by_itself "$1" && return
  read -ra shell < <(remote_shell) # it may have options
  [[ ${shell[0]} != *ssh ]] || shell+=(--)
  timeout 20 "${shell[@]}" "$1" true </dev/null >/dev/null 2>&1
}

# names FILE: its hosts, one a line.
names() {
  slots "$1" | awk '{ print $1 }'
}

# hosts_left FILE LEFT: writes those of its lines whose hosts answer, in their order, and names the others. All are asked at once.
hosts_left() {
  local left named i asked=() lost=()
  mapfile -t left < <(lines "$1")
  mapfile -t named < <(names "$1")
  for i in "${!left[@]}"; do
    answers "${named[i]}" &
    asked[i]=$!
  done
  for i in "${!left[@]}"; do
    if wait "${asked[i]}"; then echo "${left[i]}"; else lost+=("${named[i]}"); fi
  done >"$2"
  echo "${lost[*]}"
}

# most_ranks LIMIT BATCH: as many ranks, up to that limit, as find an image of a step each; BATCH 0: not known.
most_ranks() {
  if [ "$2" -gt 0 ] && [ "$2" -lt "$1" ]; then
    echo "$2"
  else
    echo "$1"
  fi
}
