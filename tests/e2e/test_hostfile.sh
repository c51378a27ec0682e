#!/usr/bin/env bash
# launch/train.sh on a hostfile: a restart leaves out hosts that do not answer, and no more ranks start than share out a step evenly.
. "$(dirname "$0")/lib.sh"

mkdir "$scratch/bin" "$scratch/w"
cat >"$scratch/bin/mpirun" <<'END'
#!/usr/bin/env bash
echo "$*" >>"$SEEN"
cp "$(sed 's/.*--hostfile \([^ ]*\).*/\1/' <<<"$*")" "$SEEN.hosts"
[ "$(wc -l <"$SEEN")" -ge 2 ]
END
cat >"$scratch/ssh" <<'END'
#!/usr/bin/env bash
[[ $1 != node[23] || $2 != true ]] # these do not answer
END
chmod +x "$scratch/bin/mpirun" "$scratch/ssh"
export SEEN=$scratch/seen OMPI_MCA_plm_rsh_agent="$scratch/ssh : ssh" FREEANCHOR=$freeanchor PATH=$scratch/bin:$PATH
unset SLURM_JOB_ID PBS_JOBID LSB_JOBID

printf '# ours\nnode1 slots=2\n\nnode2 slots = 2\nnode3\nnode4 slots=3\nlocalhost\n' >"$scratch/hosts"
echo '{ "train": { "batch": 16, "reference_batch": 7 } }' >"$scratch/w/config.json"
train() {
  rm -f "$SEEN"
  "$root/launch/train.sh" --hostfile "$scratch/hosts" --max-restarts 1 --work-dir "$scratch/w" --resume none "$@"
}

expect 0 "left out, since they do not answer: node2 node3" train
grep -q -- "-n 9 .*--resume none" <(head -n 1 "$SEEN") || fail "the first start: $(head -n 1 "$SEEN")"
grep -q -- "-n 4 .*--resume auto" <(tail -n 1 "$SEEN") || fail "6 slots, 16 images: $(tail -n 1 "$SEEN")"
cmp "$SEEN.hosts" <(printf 'node1 slots=2\nnode4 slots=3\nlocalhost\n') || fail "the hosts left: $(cat "$SEEN.hosts")"

expect 0 "left out" train --ranks 2
grep -q -- "-n 2 " <(tail -n 1 "$SEEN") || fail "2 ranks asked for: $(tail -n 1 "$SEEN")"

printf 'node2 slots=2\nnode3\n' >"$scratch/hosts"
expect 1 "none of the hosts answers: node2 node3" train
finish
