#!/usr/bin/env bash
# The doctor finds nothing wrong with ranks that stand well, and what is wrong with others.
. "$(dirname "$0")/lib.sh"

export OMPI_MCA_mpi_yield_when_idle=1
expect 0 "not looked at: give --work-dir" "$freeanchor" doctor --threads 1
expect 2 "unexpected argument stray" "$freeanchor" doctor stray

[ "$(cores)" -ge 2 ] || skip "two ranks take turns on one core, which the doctor finds wrong"
echo "-- two ranks"
must run_ranks 2 "$freeanchor" doctor --threads 1 --work-dir "$scratch/w" --json
log=$last_log
for line in 'ok  *freeanchor .* on 2 ranks of 1 host' 'ok  *blas  *OpenBLAS [0-9]' 'ok  *HDF5  *HDF5 [0-9]' 'processor' 'memory' \
  'shared mem .* MiB free in /dev/shm, 8 are needed' \
  'all-reduce .*32 MiB [0-9]' 'ok  *work dir .*can be written' 'ok  *locks' 'disk .* MB/s' 'room .* GiB free'; do
  grep -qE "^$line|^(ok|note)  *$line" "$log" || fail "no line like: $line"
done
grep -E '^(ok|note|problem) ' "$log" | cut -c -150
holds "$(number "$log" problems) == 0" "problems"
holds "$(tail -n 1 "$log" | grep -o '"seconds":' | wc -l) == 5" "sizes of the all-reduce"
holds "$(number "$log" disk_bytes_per_s) > 0 && $(number "$log" free_bytes) > 0" "the disk"
[ -z "$(find "$scratch/w" -name '*.tmp')" ] || fail "the doctor leaves files behind"

echo "-- what is wrong"
crowd=$(($(cores) + 1))
expect 1 "$crowd ranks take turns on" run_ranks "$crowd" "$freeanchor" doctor --threads 1
expect 1 "problem  work dir" run_ranks 2 "$freeanchor" doctor --threads 1 --work-dir /proc/nowhere

echo "-- what is scarce, where the machine lets us make it so"
know_mpi
if [ "$mpi" = hydra ]; then
  echo "skipped: MPICH itself does not start without shared memory"
elif unshare -m mount -t tmpfs -o size=6m tmpfs /dev/shm 2>/dev/null; then
  small="mount -t tmpfs -o size=6m tmpfs /dev/shm && . '$root/launch/mpi.sh' && run_ranks 2 '$freeanchor' doctor --threads 1"
  expect 1 "problem  shared mem  /dev/shm has less room" unshare -m bash -c "$small"
else
  echo "skipped: no other file system may be mounted here"
fi
of_all="threads     1 for this rank, $(getconf _NPROCESSORS_ONLN) cores on this machine"
if [ "$(nproc)" -gt 1 ]; then
  expect 0 "$of_all; its affinity lets it run on 1" taskset -c 0 "$freeanchor" info
fi
# within_quota COMMAND...: in a control group of version 1 or 2 that has the time of one and a half cores.
within_quota() { bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"; }
for group in /sys/fs/cgroup/cpu/freeanchor-test-$$ /sys/fs/cgroup/freeanchor-test-$$; do
  mkdir "$group" 2>/dev/null || continue
  [ ! -e "$group/cpu.cfs_quota_us" ] || { echo 150000 >"$group/cpu.cfs_quota_us"; } 2>/dev/null && [ -e "$group/cgroup.procs" ] && break
  [ ! -e "$group/cpu.max" ] || { echo "150000 100000" >"$group/cpu.max"; } 2>/dev/null && [ -e "$group/cgroup.procs" ] && break
  rmdir "$group"
done
if [ -d "$group" ] && within_quota true 2>/dev/null; then
  expect 0 "$of_all; the quota of its control group is the time of 1.5" within_quota "$freeanchor" info
  expect 1 "has the time of 1.5 cores (a quota, as of a container) for 2 threads" within_quota "$freeanchor" doctor --threads 2
  expect 0 "1" within_quota bash -c ". '$root/launch/mpi.sh' && cores"
else
  echo "skipped: no control group with a quota can be made here"
fi
[ ! -d "$group" ] || rmdir "$group"

echo "-- without ssh"
mkdir "$scratch/bin"
for program in mpirun orted env bash; do ln -s "$(readlink -f "$(command -v "$program")")" "$scratch/bin/$program"; done
expect 0 "1 rank of 1 thread" env PATH="$scratch/bin" "$freeanchor" doctor --threads 1

bridge="ip link set lo up && ip link add docker0 type bridge && ip addr add 172.17.0.1/16 dev docker0 && ip link set docker0 up"
if [ "$mpi" != hydra ] && unshare -n sh -c "$bridge" 2>/dev/null; then # whose ranks do not hang there
  expect 0 "add --mca btl_tcp_if_exclude lo,docker0 to mpirun" unshare -n sh -c "$bridge && exec '$freeanchor' doctor --threads 1"
fi
finish
