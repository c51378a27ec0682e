#!/usr/bin/env bash
# Images a second of two ranks against one, of one thread each, on this machine: freeanchor's, and beside it, in turns, those of
# PyTorch's DistributedDataParallel over gloo. Prints a table, and what becomes of the time: two ranks that do not communicate
# share the memory's bandwidth and the last-level cache; what is lost besides is the sum of gradients.
#
# usage: tests/bench/scaling.sh [--size HxW] [--steps N] [--rounds N]       defaults 800x1344, 3, 2
#
# FREEANCHOR is the program (default: the release build); PYTHON the interpreter of the peer, which needs torch.
. "$(dirname "$0")/../e2e/lib.sh"

size=800x1344 steps=3 rounds=2
while [ $# -gt 0 ]; do
  case $1 in
    --size) size=$2 ;;
    --steps) steps=$2 ;;
    --rounds) rounds=$2 ;;
    *) echo "unknown option $1"; exit 2 ;;
  esac
  shift 2
done
config=$configs/freeanchor_r50_fpn_1x_coco.json
python=python3
for candidate in ${PYTHON:-} python3 /usr/bin/python3; do
  "$candidate" -c 'import torch' 2>/dev/null && python=$candidate && break
done
mpi_environment 1
peer=("$python" -W ignore "$root/tests/bench/peers/ddp.py")
ours=("$freeanchor" bench)
words=(--size "$size" --steps "$steps" --threads 1)

# keep NAME VALUE: one more value of that name.
keep() {
  echo "$2" >>"$scratch/$1"
}

# median NAME
median() {
  sort -g "$scratch/$1" 2>/dev/null | awk '{ v[NR] = $1 } END { if (NR) printf "%.4f", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

# member FILE OBJECT KEY: a number of an object within a report.
member() {
  tail -n 1 "$1" | grep -o "\"$2\":{[^}]*}" >"$scratch/object"
  number "$scratch/object" "$3"
}

measure_ours() {
  must env "${environment[@]}" taskset -c 0 "${ours[@]}" step --config "$config" "${words[@]}" --json
  keep one "$(number "$last_log" step_s)"
  must env "${environment[@]}" mpirun -n 2 --bind-to core "${ours[@]}" overlap --config "$config" "${words[@]}" --json
  keep alone "$(number "$last_log" alone_s)"
  keep canonical "$(member "$last_log" canonical during_s)"
  keep allreduce "$(member "$last_log" allreduce during_s)"
}

measure_peer() {
  "$python" -c 'import torch, torchvision' 2>/dev/null || return
  must "${peer[@]}" 1 "${words[@]}"
  keep peer_one "$(number "$last_log" step_s)"
  must "${peer[@]}" 2 "${words[@]}"
  keep peer_two "$(number "$last_log" step_s)"
}

# row WORDS ONE TWO: of the seconds of a step on one rank and on two.
row() {
  awk -v words="$1" -v one="$(median "$2")" -v two="$(median "$3")" \
    'BEGIN { if (one && two) printf "| %s | %.3f | %.3f | %.3f |\n", words, 1 / one, 2 / two, 2 * one / two;
             else printf "| %s | - | - | - |\n", words }'
}

for _ in $(seq "$rounds"); do
  measure_ours
  measure_peer
done
echo "R-50, one image of $size a rank and step, one thread a rank; median of $rounds rounds of $steps steps"
echo
echo "| images a second | 1 rank | 2 ranks | times |"
echo "|---|---|---|---|"
row "freeanchor, canonical" one canonical
row "freeanchor, allreduce" one allreduce
row "freeanchor, two ranks that do not communicate" one alone
row "PyTorch DDP, gloo" peer_one peer_two
echo
echo "target: >= 1.9 times"
