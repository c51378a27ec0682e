#!/usr/bin/env bash
# The report of a run says what `score` says, needs nothing outside of itself, and names stay names.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/report.sh"

make_run "$scratch"
report=$scratch/w/report.html
must "$freeanchor" report "$scratch/w" --results "$scratch/results.json"
"$freeanchor" score --coco "$scratch/s/annotations.json" --results "$scratch/results.json" --json >"$scratch/score"

# holds_row ROW KEY COLUMN: the number in a column of a row of the table of classes is that of score.
in_report() {
  local want
  want=$(printf '%.3f' "$(number "$scratch/score" "$1")")
  if grep -q '<tr class=all><td>all classes' "$report" && grep '<tr class=all><td>all classes' "$report" | grep -q ">$want<"; then
    echo "ok: $1 $want"
  else
    fail "$1 $want is not in the row of all classes"
  fi
}
in_report bbox_mAP
in_report bbox_mAP_50
in_report bbox_mAP_75
in_report F1
in_report score_threshold
holds "$(number "$scratch/score" bbox_mAP) > 0.1" "there is something to compare"

grep -qE 'https?:|<script|src=|@import|url\(' "$report" && fail "the report asks for something outside of itself"
grep -q '&lt;script&gt;' "$report" || fail "the class of a hostile name is not named"
[ "$(grep -c 'data:image/jpeg;base64,' "$report")" -ge 1 ] || fail "there are no pictures"
grep -q 'AP was still rising, from 0.400 to 0.600' "$report" || fail "it is not told that AP was still rising"
grep -q 'What costs most' "$report" || fail "it is not told where the run errs most"
grep -q '>none<' "$report" || fail "a class without objects has no AP"

# Without detections it has the curves and says how to get the rest; two runs stand side by side; what is wrong is said.
must "$freeanchor" report "$scratch/w" --out "$scratch/curves.html"
grep -q 'freeanchor eval --weights' "$scratch/curves.html" || fail "the way to detections is not told"
grep -q '<figure class=chart>' "$scratch/curves.html" || fail "there are no curves"
must "$freeanchor" report "$scratch/w" "$scratch/w" --out "$scratch/two.html"
grep -q '2 runs side by side' "$scratch/two.html" || fail "two runs are not side by side"
sed 's/"box":/"crate":/; s/"class_AP":{"nowhere":null,/"class_AP":{/' "$scratch/w/log.jsonl" >"$scratch/other.jsonl"
cp -r "$scratch/w" "$scratch/other"
mv "$scratch/other.jsonl" "$scratch/other/log.jsonl"
must "$freeanchor" report "$scratch/w" "$scratch/other" --out "$scratch/two.html"
for row in 'alert(1)&lt;/script&gt;</td><td>0.720</td><td>0.720' 'box</td><td>0.480</td><td>none' 'crate</td><td>none</td><td>0.480' 'nowhere</td><td>none</td><td>none'; do
  [ "$(grep -c "$row</td></tr>" "$scratch/two.html")" = 1 ] || fail "side by side, AP by class has no row $row"
done
sed -i 's/,"class_AP":{[^}]*}//' "$scratch/other/log.jsonl"
must "$freeanchor" report "$scratch/w" "$scratch/other" --out "$scratch/two.html"
grep -q 'Some runs did not tell their AP by class' "$scratch/two.html" || fail "it is not told why a run has no AP by class"
expect 2 "no work directory given" "$freeanchor" report
expect 2 "log.jsonl" "$freeanchor" report "$scratch/s"
expect 2 "for the report of one run" "$freeanchor" report "$scratch/w" "$scratch/w" --data "$scratch/shards"
echo '[{"image_id": 99999, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}]' >"$scratch/unknown.json"
expect 2 "unknown.json: result 0 is of image 99999" "$freeanchor" report "$scratch/w" --results "$scratch/unknown.json"

# What stands in the way of a part of it is told as it is, and what is no report of ours stays.
cp -r "$scratch/w" "$scratch/moved"
sed -i 's|"val": "[^"]*"|"val": "/nowhere/val"|' "$scratch/moved/config.json"
printf '{"mode":"tra\n' >>"$scratch/moved/log.jsonl"
must "$freeanchor" report "$scratch/moved"
grep -q 'need the data that was evaluated on: /nowhere/val' "$scratch/moved/report.html" || fail "it is not told which data are missing"
expect 2 "--results needs the data that they are of: /nowhere/val" "$freeanchor" report "$scratch/moved" --results "$scratch/results.json"
echo precious >"$scratch/notes.txt"
expect 2 "is not a report of this program" "$freeanchor" report "$scratch/w" --out "$scratch/notes.txt"
[ "$(cat "$scratch/notes.txt")" = precious ] || fail "a file of the user is gone"

# kept FILE LINE: the report of a run that kept these detections.
kept() {
  mkdir -p "$scratch/w/evaluation"
  cp "$1" "$scratch/w/evaluation/step_300.json"
  echo "step_300.json $2" >"$scratch/w/evaluation/best"
  must "$freeanchor" report "$scratch/w"
}
hash=$(grep -o '"content_hash": *"[0-9a-f]*"' "$scratch/shards/manifest.json" | grep -o '[0-9a-f]\{16\}')
kept "$scratch/results.json" "0.5 0.5 12 $hash"
grep -q '<h2>Confusion' "$report" || fail "detections that were kept are not shown"
kept "$scratch/results.json" "0.5 0.5 12 00000000000000ff"
grep -q 'do not fit the data: .* is of other images' "$report" || fail "detections of other data are not noticed"
kept "$scratch/unknown.json" "0.5 0.5 12"
grep -q 'do not fit the data: .* is of image 99999' "$report" || fail "detections of unknown images are not noticed"
grep -q '<figure class=chart>' "$report" || fail "and so there are no curves"
finish
