#!/usr/bin/env bash
# Ranks that were started differently end at once, with one sentence that names the first thing that differs.
. "$(dirname "$0")/lib.sh"

config=$small_config
must "$freeanchor" synth --out "$scratch/synth" --images 2 --classes 2 --seed 1 --size 64x64
must "$freeanchor" pack --coco "$scratch/synth/annotations.json" --images "$scratch/synth/images" --out "$scratch/shards"
train="train --config '$config' --train-data '$scratch/shards' --work-dir '$scratch/w'"
export OMPI_MCA_mpi_yield_when_idle=1

# both "ARGUMENTS OF RANK 0" "ARGUMENTS OF RANK 1": starts the two; the second is $stranger where that is set.
both() {
  two_ranks "'$freeanchor' $1" "'${stranger:-$freeanchor}' $2" 2>&1
}

# apart TEXT ARGUMENTS ARGUMENTS: the two ranks end with 2, and TEXT is in the one line that they say.
apart() {
  local said got
  said=$(both "$2" "$3")
  got=$?
  said=$(grep '^freeanchor' <<<"$said")
  if [ "$got" -eq 2 ] && [[ $said == *"$1"* && $said != *$'\n'* ]]; then
    echo "ok: $said"
  else
    fail "exit code $got, expected 2; expected one line with \"$1\", read \"$said\": $3"
  fi
}

host=$(hostname)
apart "rank 1 ($host): train.batch is 8 here and 4 on rank 0 ($host)" "$train --set train.batch=4" "$train --set train.batch=8"
echo "{\"base\": [\"$config\"], \"train\": {\"lr\": 0.5}}" >"$scratch/b.json"
apart "train.lr is 0.5 here" "$train" "train --config '$scratch/b.json' --train-data '$scratch/shards' --work-dir '$scratch/w'"
apart "the next argument is --init-from here and nothing on rank 0" "$train" "$train --init-from x.h5"
apart "the command is eval here and train on rank 0" "$train" "eval --config '$config' --weights w.h5 --data '$scratch/shards'"
apart "rank 1 ($host): unknown option --confg" "$train" "train --confg '$config'"
apart "synth is one process" "$train" "synth --out '$scratch/z'"
[ ! -e "$scratch/w" ] || fail "a refused run has made its work directory"

echo "-- what may differ"
echo "{\"base\": [\"$config\"]}" >"$scratch/same.json"
expect 0 "2 ranks, 2 on $host" both "info --config '$config' --threads 1" "info --config '$scratch/same.json' --threads 2 -v"

echo "-- another version"
stranger=$scratch/freeanchor
LC_ALL=C sed 's/\x000\.1\.0\x00/\x000.1.9\x00/g' "$freeanchor" >"$stranger" && chmod +x "$stranger"
if [ "$("$stranger" --version 2>/dev/null)" = "freeanchor 0.1.9" ]; then
  apart "the version of freeanchor is 0.1.9 here and 0.1.0 on rank 0" "$train" "$train"
else
  echo "not looked at: the version does not stand by itself in this build"
fi
finish
