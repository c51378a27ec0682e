#!/usr/bin/env bash
# what: the network, forward and backward, in each precision against PyTorch in float64; losses against the CPU's
# target: fp32 1e-4 and 1e-3; tf32 1e-2, bf16 5e-2 of a tensor's largest, cosine >= 0.99; losses 2e-2
# seconds: 80
. "$(dirname "$0")/../lib.sh"
has_modules "$PYTHON" h5py torch torchvision || skip "$PYTHON lacks h5py or PyTorch"
networks=(r18 r50) size=64x96
is_fake && networks=(r18) size=32x32 # of so small maps one ReLU that falls to the other side is much: bf16 is off
"$PYTHON" "$root/tests/gpu/parity.py" "$size" "${networks[@]}" >"$scratch/table" 2>"$scratch/errors" || fail "the comparison broke: $(tail -n 1 "$scratch/errors")"

# judge 'EXPRESSION' NAME: bf16 is not judged at the fake device's size.
judge() {
  case $2 in
    *bf16*) goal "$1" "$2" ;;
    *) holds "$1" "$2" ;;
  esac
}

while IFS=$'\t' read -r name error limit; do
  figure "$name" "$error"
  case $limit in
    '>='*) holds "$error $limit" "$name" ;;
    *) judge "$error == $error && $error <= $limit" "$name" ;;
  esac
done <"$scratch/table"
holds "$(wc -l <"$scratch/table") > 0" "there is something to compare"
finish
