#!/usr/bin/env bash
# What a person has stays as it is: no run removes, prunes or writes anything but its own, whatever links, copies and pipes stand in
# its way; and a checkpoint that cannot be read is not taken for one that is not there.
ranks=1
. "$(dirname "$0")/lib.sh"
small+=(--set model.backbone.base_channels=16) # nothing has to happen in a step

outside=$scratch/outside # nothing in it may change
mkdir -p "$outside/folder"
for name in file folder/shard-00000.h5 folder/notes; do
  echo "precious $name" >"$outside/$name"
done
hashes() {
  find "$outside" -type f -exec sha256sum {} + | sort
}
run() {
  timeout 60 "$freeanchor" train "${small[@]}" --set train.checkpoint_steps=1 --work-dir "$@"
}
same() {
  diff -r "$1" "$2" >/dev/null || fail "$2 is not what it was"
}
work=$scratch/w

echo "-- links, copies and a packing at work in a work directory, over a run that sweeps and prunes"
must run "$outside/run" --set train.max_steps=2 --set train.keep_checkpoints=0
must run "$work" --set train.max_steps=2 --set train.keep_checkpoints=1
checkpoints=$work/checkpoints
cp -r "$checkpoints/step_2" "$checkpoints/paper-result"
cp -r "$checkpoints/step_2" "$checkpoints/step_2.bak"
cp -r "$outside/run/checkpoints/step_2" "$checkpoints/step_0"
ln -s "$outside/run/checkpoints/step_1" "$checkpoints/step_1"
ln -s "$outside/folder" "$checkpoints/epoch_9.freeanchor.tmp"
ln -s "$outside/folder" "$work/folder.freeanchor.tmp"
ln -s "$outside/file" "$work/config.json.freeanchor.tmp"
ln -s "$outside/file" "$checkpoints/latest.freeanchor.tmp"
ln -s "$outside/folder" "$checkpoints/step_3.freeanchor.tmp"
mkdir "$work/packing.freeanchor.tmp"
echo "being packed" >"$work/packing.freeanchor.tmp/shard-00000.h5"
(exec 9>"$work/packing.freeanchor.tmp/.lock" && flock 9 && exec sleep 100) &
packing=$!
cp -r "$checkpoints/paper-result" "$checkpoints/step_0" "$scratch"
before=$(hashes)
must run "$work" --set train.max_steps=4 --set train.keep_checkpoints=1
kill "$packing"
[ "$(hashes)" = "$before" ] || fail "what links lead to has changed"
[ -s "$work/packing.freeanchor.tmp/shard-00000.h5" ] || fail "a packing at work was swept"
same "$scratch/paper-result" "$checkpoints/paper-result"
same "$scratch/paper-result" "$checkpoints/step_2.bak"
same "$scratch/step_0" "$checkpoints/step_0"
[ -e "$checkpoints/step_1/manifest.json" ] || fail "a link to another run's checkpoint is gone"
[ ! -e "$checkpoints/step_2" ] && [ ! -e "$checkpoints/step_3" ] && [ -e "$checkpoints/step_4" ] ||
  fail "the run's own checkpoints are not pruned"
must run "$scratch/other" --set train.max_steps=5
cp -r "$scratch/other/checkpoints/step_5" "$checkpoints/of-another-run"
expect 2 "is the newest checkpoint there, and another run made it" run "$work" --set train.max_steps=6
rm -r "$checkpoints/of-another-run"
expect 2 "was trained with another model.coder_std" run "$work" --set train.max_steps=6 --set "model.coder_std=[1,1,1,1]"
expect 2 "there are no weights to start from" run "$work" --resume none --set model.init=weights
[ -e "$checkpoints/step_4" ] || fail "--resume none of a run that is refused has moved the checkpoints"

echo "-- checkpoints that cannot be read"
cp -r "$work" "$scratch/again"
mv "$checkpoints" "$scratch/away" && mkdir "$checkpoints"
expect 2 "holds no checkpoint, though log.jsonl tells" run "$work" --set train.max_steps=5
rm -r "$checkpoints" && mkdir -p "$checkpoints/epoch_1"
ln -s manifest.json "$checkpoints/epoch_1/manifest.json"
expect 1 "epoch_1/manifest.json" run "$work" --set train.max_steps=5
ln -s nowhere "$scratch/again/checkpoints.new"
mv "$scratch/again/checkpoints" "$scratch/far" && mv "$scratch/again/checkpoints.new" "$scratch/again/checkpoints"
expect 1 "again/checkpoints: is a link to what is not there" run "$scratch/again" --set train.max_steps=5
ln -sfn "$scratch/far" "$scratch/again/checkpoints" # checkpoints elsewhere, by a link
rm "$checkpoints/epoch_1/manifest.json"
echo "half" >"$checkpoints/epoch_1/manifest.json"
expect 2 "none of the 1 checkpoints there can be used" run "$work" --set train.max_steps=5
[ -e "$work/log.jsonl" ] && [ -s "$checkpoints/epoch_1/manifest.json" ] || fail "a refused run has changed something"
must run "$work" --set train.max_steps=1 --resume none
[ -s "$work"/checkpoints.before_*/epoch_1/manifest.json ] || fail "--resume none does not keep the checkpoints"
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
chmod 755 "$scratch"
if [ "$(id -u)" -ne 0 ] || ! "${nobody[@]}" test -x "$freeanchor" -a -r "$scratch/shards/manifest.json"; then
  echo "skipped: only root can run as nobody, who must be able to read the program"
else
  chown -R 65534 "$work"
  chmod 555 "$checkpoints"
  expect 1 "a checkpoint could not be saved: $checkpoints" "${nobody[@]}" env HOME="$work" \
    "$freeanchor" train "${small[@]}" --work-dir "$work" --set train.max_steps=5
fi

echo "-- files that are kept: links, pipes and further names are not written to"
work=$scratch/again
before=$(hashes)
for name in log.jsonl .ranks; do
  mv "$work/$name" "$scratch/kept"
  ln -s "$outside/file" "$work/$name"
  expect 1 "$work/$name: is a link" run "$work" --set train.max_steps=5
  rm "$work/$name"
  mv "$scratch/kept" "$work/$name"
done
mv "$work/train.log" "$scratch/kept"
mkfifo "$work/train.log"
expect 1 "$work/train.log: is not a plain file" run "$work" --set train.max_steps=5
rm "$work/train.log"

[ -e "$scratch/far/step_4/manifest.json" ] || fail "checkpoints elsewhere are gone"

echo "-- output where somebody has planted links"
mkdir "$scratch/out"
config=$small_config
for name in 000001.jpg detections.json results.json weights.safetensors shards.rejected.txt; do
  ln -s "$outside/file" "$scratch/out/$name.freeanchor.tmp"
done
must "$freeanchor" detect --weights "$work/weights.h5" --score 0 --out "$scratch/out" "$scratch/synth/images/000001.jpg"
must "$freeanchor" eval --weights "$work/weights.h5" --data "$scratch/shards" --out "$scratch/out/results.json" \
  --set "data.scale=[64,64]"
must "$freeanchor" weights export "$work/weights.h5" --out "$scratch/out/weights.safetensors"
sed 's/"bbox": *\[[^]]*\]/"bbox": [5, 5, 0, 0]/' "$scratch/synth/annotations.json" >"$scratch/bad.json"
expect 2 "cannot be used" "$freeanchor" pack --coco "$scratch/bad.json" --images "$scratch/synth/images" --out "$scratch/out/shards"
[ -s "$scratch/out/shards.rejected.txt" ] || fail "the list of what is wrong is not written"
ln -s "$outside/folder" "$scratch/out/staged.freeanchor.tmp"
expect 2 "is not a directory" "$freeanchor" pack --coco "$scratch/synth/annotations.json" --images "$scratch/synth/images" \
  --out "$scratch/out/staged"
[ "$(hashes)" = "$before" ] || fail "what links lead to has changed"
finish
