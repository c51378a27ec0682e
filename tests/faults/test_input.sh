#!/usr/bin/env bash
# Images or weights that are bad end a run on all ranks with one sentence that says where.
. "$(dirname "$0")/lib.sh"

cp -r "$scratch/shards" "$scratch/damaged"
for at in $(LC_ALL=C grep -abo $'\xff\xd8\xff' "$scratch/damaged/shard-00000.h5" | cut -d : -f 1); do # where a JPEG begins
  head -c 64 /dev/zero | dd of="$scratch/damaged/shard-00000.h5" bs=1 seek=$((at + 300)) conv=notrunc status=none
done
mv "$scratch/shards" "$scratch/whole" && mv "$scratch/damaged" "$scratch/shards"
start "$scratch/shard" --set data.bad_sample_budget=0
ends 2 60 "^freeanchor train: .*shard-00000.h5: the checksum of record"
rm -r "$scratch/shards" && mv "$scratch/whole" "$scratch/shards"

python=$(for p in python3 /usr/bin/python3; do "$p" -c 'import h5py' 2>/dev/null && echo "$p" && break; done)
[ -n "$python" ] || finish
must "$freeanchor" train "${small[@]}" --set train.max_steps=1 --work-dir "$scratch/first"
"$python" - "$scratch/first/weights.h5" <<'PYTHON'
import sys, h5py
with h5py.File(sys.argv[1], "r+") as file:
    file["bbox_head.retina_cls.bias"][0] = float("nan")
PYTHON
start "$scratch/nan" --init-from "$scratch/first/weights.h5"
ends 2 60 "^freeanchor train: $scratch/first/weights.h5: bbox_head.retina_cls.bias: element 0 is nan, but weights are finite"
finish
