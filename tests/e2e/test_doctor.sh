#!/usr/bin/env bash
# The doctor finds nothing wrong with ranks that stand well, and what is wrong with others.
. "$(dirname "$0")/lib.sh"

export OMPI_MCA_mpi_yield_when_idle=1
expect 0 "not looked at: give --work-dir" "$freeanchor" doctor --threads 1
expect 2 "unexpected argument stray" "$freeanchor" doctor stray

echo "-- two ranks"
must run_ranks 2 "$freeanchor" doctor --threads 1 --work-dir "$scratch/w" --json
log=$last_log
for line in 'ok  *freeanchor .* on 2 ranks of 1 host' 'ok  *OpenBLAS  *OpenBLAS [0-9]' 'ok  *HDF5  *HDF5 [0-9]' 'processor' 'memory' \
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

bridge="ip link set lo up && ip link add docker0 type bridge && ip addr add 172.17.0.1/16 dev docker0 && ip link set docker0 up"
if unshare -n sh -c "$bridge" 2>/dev/null; then
  expect 0 "add --mca btl_tcp_if_exclude lo,docker0 to mpirun" unshare -n sh -c "$bridge && exec '$freeanchor' doctor --threads 1"
fi
finish
