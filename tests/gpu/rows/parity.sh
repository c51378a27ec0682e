#!/usr/bin/env bash
# what: the network, forward and backward, in each precision against PyTorch in float64; losses against the CPU's
# target: fp32 1e-4 and 1e-3; tf32 1e-2, bf16 5e-2 of a tensor's largest, cosine >= 0.99; losses 2e-2
# seconds: 80
. "$(dirname "$0")/../lib.sh"
python3 -c 'import h5py, torch, torchvision' 2>/dev/null || skip "python3 lacks h5py or PyTorch"
networks="r18 r50"
is_fake && networks=r18
# shellcheck disable=SC2086
python3 "$root/tests/gpu/parity.py" $networks >"$scratch/table" 2>"$scratch/errors" || fail "the comparison broke: $(tail -n 1 "$scratch/errors")"
while IFS=$'\t' read -r name error limit; do
  figure "$name" "$error"
  case $limit in
    '>='*) holds "$error $limit" "$name" ;;
    *) holds "$error == $error && $error <= $limit" "$name" ;;
  esac
done <"$scratch/table"
holds "$(wc -l <"$scratch/table") > 0" "there is something to compare"
finish
