#!/usr/bin/env bash
# What a terminal sends to one process that trains: its Ctrl-C and its end stop the run with its state saved, unless they are ignored,
# and nobody has to read what the run prints. A Ctrl-C ends all other commands at once, and leaves no output that is not whole.
ranks=1
. "$(dirname "$0")/lib.sh"

# In place of mpirun. Bash has background processes ignore Ctrl-C, which a test of it cannot use.
run_ranks() {
  exec env --default-signal=INT,HUP,PIPE "${ignoring[@]}" "${@:2}"
}
ignoring=()

for signal in INT HUP; do
  start "$scratch/w" "${endless[@]}"
  wait_step 0
  kill "-$signal" "$run"
  stops
done
grep -q "resuming from" "$log" || fail "the second run does not go on from what the first one saved"

# as under nohup
ignoring=(env --ignore-signal=INT,HUP)
start "$scratch/w" "${endless[@]}"
wait_step 0
kill -INT "$run" && kill -HUP "$run"
sleep 1
kill -TERM "$run"
stops
ignoring=()

# nobody reads any more
mkfifo "$scratch/pipe.log"
head -n 1 "$scratch/pipe.log" >/dev/null &
start "$scratch/pipe" --set train.max_steps=4 --set train.log_interval=1
wait "$run"
holds "$? == 0" "exit code of a run whose reader left"
holds "$(grep -c 'Epoch \[' "$scratch/pipe/train.log") == 4" "steps in its train.log"
must "$freeanchor" train "${small[@]}" --work-dir "$scratch/closed" --set train.max_steps=1 --set train.log_interval=1 >&- 2>&-
holds "$(grep -c 'Epoch \[' "$scratch/closed/train.log") == 1" "steps in train.log of a run without standard streams"

# interrupted SECONDS COMMAND...: what others make is there as a whole, or not at all; 130 is what a shell says of a Ctrl-C.
interrupted() {
  env --default-signal=INT "$freeanchor" "${@:2}" >/dev/null 2>&1 &
  sleep "$1"
  kill -INT $! 2>/dev/null
  wait $!
  code=$?
}
large=(--config "$small_config" --weights "$scratch/pipe/weights.h5" --set "data.scale=[800,800]" --set model.backbone.base_channels=64)
must "$freeanchor" synth --out "$scratch/many" --images 60 --classes 2 --seed 3 --size 64x64
interrupted 0.5 eval "${large[@]}" --data "$scratch/shards" --out "$scratch/results.json"
holds "$code == 130" "exit code of an interrupted eval"
[ ! -e "$scratch/results.json" ] || fail "an interrupted eval leaves results"
interrupted 0.5 detect "${large[@]}" --out "$scratch/pictures" "$scratch"/many/images/*
holds "$code == 130" "exit code of an interrupted detect"
[ ! -e "$scratch/pictures/detections.json" ] || fail "an interrupted detect leaves a list"
for at in 0.01 0.03 0.05; do
  interrupted $at pack --coco "$scratch/many/annotations.json" --images "$scratch/many/images" --out "$scratch/packed"
  [ ! -e "$scratch/packed" ] || must "$freeanchor" bench loader --config "$small_config" --data "$scratch/packed" --images 1
  rm -rf "$scratch/packed"
  holds "$code == 130 || $code == 0" "exit code of a pack interrupted after $at s"
done
finish
