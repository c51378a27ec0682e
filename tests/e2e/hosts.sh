# shellcheck shell=bash disable=SC2154
# hosts.sh - sourced by tests: hosts on this machine. Each has its own name, address, processes and a core, in namespaces that its
# first process keeps. Cables lead to a switch in one more, called login, from where jobs are started. They share the file system.
# Needs root and the package iproute2; nothing outside the namespaces is changed.

network=10.99.0
declare -A first_process # of each host, as seen from outside

# on HOST COMMAND...
on() {
  nsenter --target "${first_process[$1]}" --net --uts --pid --mount --wdns="$PWD" -- "${@:2}"
}

# host_start NAME CORES OPTION...: a host without a network, with those options of unshare.
host_start() {
  local unshare
  taskset -c "$2" unshare "${@:3}" --net --uts --mount --fork \
    bash -c 'hostname "$0"; mount --bind "$1" /etc/hosts; exec sleep infinity' "$1" "$scratch/names" 2>/dev/null &
  unshare=$!
  disown
  for _ in $(seq 50); do
    first_process[$1]=$(pgrep -P "$unshare") && [ "$(on "$1" hostname 2>/dev/null)" = "$1" ] && break
    sleep 0.1
  done
  on "$1" ip link set lo up
}

# hosts_start N: host1 to hostN and login.
hosts_start() {
  local i
  echo "127.0.0.1 localhost" >"$scratch/names"
  for i in $(seq "$1"); do
    echo "$network.$i host$i" >>"$scratch/names"
  done
  host_start login "0-$(($(cores) - 1))" &&
    on login ip link add switch type bridge &&
    on login ip address add "$network.254/24" dev switch &&
    on login ip link set switch up || return
  for i in $(seq "$1"); do
    host_start "host$i" "$(((i - 1) % $(cores)))" --pid --mount-proc &&
      on login ip link add "port$i" type veth peer name eth0 netns "${first_process[host$i]}" &&
      on login ip link set "port$i" master switch up &&
      on "host$i" ip address add "$network.$i/24" dev eth0 &&
      on "host$i" ip link set eth0 up || return
  done
  write_agent
}

# unplug I, plug_in I: the cable of host I.
unplug() {
  on login ip link set "port$1" down
}

plug_in() {
  on login ip link set "port$1" up
}

# host_kill HOST: with all that runs there.
host_kill() {
  kill -9 "${first_process[$1]}"
}

# What ssh is elsewhere: it needs the cable, and hears nothing from a host whose cable is unplugged, not even of its end.
write_agent() {
  export OMPI_MCA_plm_rsh_agent=$scratch/agent
  {
    echo '#!/bin/bash'
    declare -p first_process
    cat <<'END'
host=$1
shift
plugged_in() {
  ip -oneline link show up | grep -q " port${host#host}@"
}
plugged_in || exit 255
nsenter --target "${first_process[$host]}" --net --uts --pid --mount -- /bin/sh -c "$*"
code=$?
until plugged_in || [ "$(ps -o ppid= $$)" -eq 1 ]; do
  sleep 0.5
done
exit "$code"
END
  } >"$scratch/agent"
  chmod +x "$scratch/agent"
}

hosts_stop() {
  local host
  for host in "${!first_process[@]}"; do
    kill -9 "${first_process[$host]}" 2>/dev/null
  done
}
