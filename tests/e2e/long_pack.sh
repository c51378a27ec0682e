#!/usr/bin/env bash
# As many images as COCO train2017 has are packed on one rank and on two: time, memory, the same bytes; and opened by 1 to 32 processes.
#
# usage: tests/e2e/long_pack.sh [IMAGES]      (default 118287; takes about 2 GB of disk for each 40000)
. "$(dirname "$0")/lib.sh"

n=${1:-118287}
python=/usr/bin/python3

# Files of 500 scenes, many times; their names and ids are all different.
must "$freeanchor" synth --out "$scratch/scenes" --images 500 --classes 20 --seed 1 --size 320x240
"$python" - "$scratch" "$n" <<'P' || fail "the annotations cannot be made"
import json, os, sys
scratch, n = sys.argv[1], int(sys.argv[2])
coco = json.load(open(scratch + "/scenes/annotations.json"))
of = {image["id"]: [] for image in coco["images"]}
for annotation in coco["annotations"]:
    of[annotation["image_id"]].append(annotation)
images, annotations = [], []
for i in range(n):
    scene = coco["images"][i % len(coco["images"])]
    folder = f"{scratch}/many/{i // 1000:03d}"
    if i % 1000 == 0:
        os.makedirs(folder)
    name = f"{i // 1000:03d}/{i % 1000:03d}.jpg"
    os.link(f"{scratch}/scenes/images/{scene['file_name']}", f"{scratch}/many/{name}")
    images.append({**scene, "id": i + 1, "file_name": name})
    for annotation in of[scene["id"]]:
        annotations.append({**annotation, "id": len(annotations) + 1, "image_id": i + 1})
json.dump({**coco, "images": images, "annotations": annotations}, open(scratch + "/many.json", "w"))
P

# timed NAME COMMAND...: seconds, those of processors, and the largest resident set of a process in MiB, on a line.
timed() {
  local name=$1 begin end
  shift
  begin=$(date +%s.%N)
  /usr/bin/env time -f "%U %S %M" -o "$scratch/$name.memory" "$@" >"$scratch/$name.log" 2>&1 || fail "$name: $(tail -n 3 "$scratch/$name.log")"
  end=$(date +%s.%N)
  tail -n 1 "$scratch/$name.memory" | awk -v name="$name" -v s="$(echo "$end $begin" | awk '{ print $1 - $2 }')" \
    '{ printf "%s: %.1f s, %.1f s of processors, %d MiB at most\n", name, s, $1 + $2, $3 / 1024 }'
}

pack=("$freeanchor" pack --coco "$scratch/many.json" --images "$scratch/many" --threads 1)
timed one "${pack[@]}" --out "$scratch/one"
timed two bash -c '. "$0/launch/mpi.sh"; run_ranks 2 "$@"' "$root" "${pack[@]}" --out "$scratch/two"
if diff -r "$scratch/one" "$scratch/two"; then echo "ok: the same bytes"; else fail "two ranks write other bytes"; fi
rm -r "$scratch/two"
du -sm "$scratch/one"

# Opened by the first process of the host for all, and by each for itself.
for ranks in 1 2 4 8 16 32; do
  must run_ranks "$ranks" "$freeanchor" bench open --data "$scratch/one" --threads 1
  cat "$last_log"
done
finish
