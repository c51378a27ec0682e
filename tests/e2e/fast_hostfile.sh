#!/usr/bin/env bash
# launch/train.sh on a hostfile: a restart leaves out hosts that do not answer, and no more ranks start than a step has images.
. "$(dirname "$0")/lib.sh"

mkdir "$scratch/bin" "$scratch/w"
cat >"$scratch/bin/mpirun" <<'END'
#!/usr/bin/env bash
[ "$1" != --version ] || exit 0
echo "$*" >>"$SEEN"
until [ $# -eq 0 ]; do
  [ "$1" != --hostfile ] || cp "$2" "$SEEN.hosts"
  shift
done
[ -z "$LOG" ] || echo '{}' >>"$LOG" # as a run does that came to its first step
[ "$(wc -l <"$SEEN")" -ge 2 ]
END
cat >"$scratch/bin/their_ssh" <<'END'
#!/usr/bin/env bash
[[ $1 == -- && ($2 != node[23] || $3 != true) ]] # these do not answer
END
chmod +x "$scratch/bin"/*
export SEEN=$scratch/seen LOG=$scratch/w/log.jsonl OMPI_MCA_plm_rsh_agent="their_ssh : ssh" FREEANCHOR=$freeanchor PATH=$scratch/bin:$PATH
unset SLURM_JOB_ID PBS_JOBID LSB_JOBID

printf '# ours\nnode1 slots=2 # not slots=9\n\nnode2 slots = 2\nnode3#x slots=9\nnode4 slots=3\nlocalhost\n' >"$scratch/hosts"
echo '{ "train": { "batch": 16, "reference_batch": 7 } }' >"$scratch/w/config.json"
train() {
  rm -f "$SEEN"
  "$root/launch/train.sh" --hostfile "$scratch/hosts" --max-restarts 1 --work-dir "$scratch/w" --resume none "$@"
}

expect 0 "left out, since they do not answer: node2 node3" train
grep -q -- "-n 9 .*--resume none" <(head -n 1 "$SEEN") || fail "the first start: $(head -n 1 "$SEEN")"
grep -q -- "-n 6 .*--resume auto" <(tail -n 1 "$SEEN") || fail "6 slots, 16 images: $(tail -n 1 "$SEEN")"
LOG='' expect 0 "left out, since they do not answer: node2 node3" train
grep -q -- "--resume none" <(tail -n 1 "$SEEN") || fail "a start that came to nothing: $(tail -n 1 "$SEEN")"
cmp "$SEEN.hosts" <(printf 'node1 slots=2\nnode4 slots=3\nlocalhost\n') || fail "the hosts left: $(cat "$SEEN.hosts")"

sed -i 's/16/4/' "$scratch/w/config.json"
expect 0 "left out" train
grep -q -- "-n 4 " <(tail -n 1 "$SEEN") || fail "6 slots, 4 images: $(tail -n 1 "$SEEN")"
expect 0 "left out" train --ranks 2
grep -q -- "-n 2 " <(tail -n 1 "$SEEN") || fail "2 ranks asked for: $(tail -n 1 "$SEEN")"

echo "-- what is no host"
# refuse LINE TEXT: nothing starts with this line in the hostfile.
refuse() {
  printf 'node1 slots=2\n%b\n' "$1" >"$scratch/hosts"
  expect 2 "line 2: $2" train
  [ ! -e "$SEEN" ] || fail "started with $1"
}
refuse '-oProxyCommand=touch${IFS}/tmp/x' "is not the name of a host"
refuse '  -l' "is not the name of a host"
refuse 'node1;reboot slots=2' "is not the name of a host"
refuse '$(reboot)' "is not the name of a host"
refuse '@node1' "is not the name of a host"
refuse 'me@-node1' "is not the name of a host"
refuse 'node\0331 slots=2' "is not the name of a host"
refuse 'node2 slots=2\r' "expected HOST slots=RANKS"
refuse 'node2 slots=2; reboot' "expected HOST slots=RANKS"
refuse 'node2 slots=99999999999' "expected slots from 1 to 4096"
refuse 'node2 slots=0' "expected slots from 1 to 4096"
printf '%s\n' 'me@node1.example.org slots = 2 max_slots=4 # ours' '  10.0.0.7' 'fd00::7 slots=03' >"$scratch/hosts"
expect 0 "6 ranks on 3 hosts" train --dry-run
FREEANCHOR=$scratch expect 2 "there is no program $scratch; build it" train --dry-run
mkdir "$scratch/hydra"
printf '#!/bin/sh\necho "HYDRA build details:"\n' >"$scratch/hydra/mpirun" && chmod +x "$scratch/hydra/mpirun"
PATH=$scratch/hydra:$PATH expect 0 " -hosts me@node1.example.org:2,10.0.0.7:1,fd00::7:3 -n 6 $(quoted "$freeanchor")" train --dry-run
mkdir "$scratch/few"
for program in bash env awk sed dirname hostname nproc taskset lscpu grep cat paste id rm; do
  ln -s "$(readlink -f "$(command -v "$program")")" "$scratch/few/$program"
done
cp "$scratch/bin/mpirun" "$scratch/few"
slim() { (unset OMPI_MCA_plm_rsh_agent && PATH=$scratch/few train --dry-run "$@"); }
expect 2 "there is no ssh on PATH, by which mpirun starts ranks on me@node1.example.org" slim
echo 'localhost slots=2' >"$scratch/hosts"
expect 0 "OMPI_MCA_plm_rsh_agent=/bin/false" slim

echo "-- the quota of a control group"
made=$scratch/made
mkdir -p "$made/proc/self" "$made/sys/fs/cgroup/slice/job"
echo '29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate' >"$made/proc/self/mountinfo"
echo '0::/slice/job' >"$made/proc/self/cgroup"
echo 'max 100000' >"$made/sys/fs/cgroup/slice/job/cpu.max"
holds "\"$(cpu_quota "$made")\" == \"\"" "without a limit"
echo '350000 100000' >"$made/sys/fs/cgroup/slice/cpu.max"
holds "$(cpu_quota "$made") == 3" "cores by a quota of 3.5 above the own group"
echo '50000 100000' >"$made/sys/fs/cgroup/slice/job/cpu.max"
holds "$(cpu_quota "$made") == 1" "cores by a quota of half a core"

echo "-- numbers, and what a dry run leaves"
cp -r "$scratch/w" "$scratch/before"
touch "$scratch/w/train.log" "$scratch/before/train.log"
expect 0 "2 ranks on 1 host, 1 thread each" train --ranks=02 --threads=01 --dry-run
expect 0 "8 ranks on 1 host, 9 threads each" train --ranks 08 --threads 09 --dry-run
diff -r "$scratch/before" "$scratch/w" || fail "a dry run wrote"
for number in 0 -1 x 1x "" 99999999999999999999 1e3; do
  expect 2 "--ranks $number: expected a whole number from 1 to 1000000" train --ranks "$number" --dry-run
done
expect 2 "--threads 1025: expected a whole number from 1 to 1024" train --threads=1025
expect 0 "--work-dir $(quoted "$scratch/w") --resume auto" "$root/launch/train.sh" --work-dir="$scratch/w" --resume auto --dry-run

echo "-- a shell takes what a dry run prints"
# printed: that command, without the launcher's name.
printed() { train --dry-run "$@" 2>&1 | sed -n 's/^launch: \([A-Z].*mpirun.*\)/\1/p'; }
# shellcheck disable=SC2088 # a shell would expand it
given=(--work-dir "$scratch/it's a run" --val-data '' --set "data.scale=[96,64]" --set 'model.name=$HOME' --config '~/c.json')
received=$(
  mpirun() { printf '<%s>' "$OMP_NUM_THREADS" "$@"; }
  eval "$(printed --threads 1 "${given[@]}")"
)
[[ $received == "<1>"*"$(printf '<%s>' "${given[@]}")" ]] || fail "a shell takes $(printed "${given[@]}") as $received"
expect 0 " train --threads 1 --work-dir $(quoted "$scratch/w") --resume none --set train.lr=0.01" train --threads 1 --set train.lr=0.01 --dry-run

printf 'node2 slots=2\nnode3\n' >"$scratch/hosts"
expect 1 "none of the hosts answers: node2 node3" train
finish
