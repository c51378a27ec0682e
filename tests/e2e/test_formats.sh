#!/usr/bin/env bash
# The same annotations in the formats of several tools give the same boxes; what cannot be read is told by file and object.
. "$(dirname "$0")/lib.sh"

python=/usr/bin/python3
"$python" -c 'import h5py' 2>/dev/null || skip "python3-h5py is not installed"
formats() {
  "$python" "$root/tests/e2e/formats.py" "$@"
}

# packed NAME OPTION...: a dataset, whose boxes are compared below, all in one go.
names=()
packed() {
  names+=("$1")
  must "$freeanchor" pack --images "$images" --out "$scratch/$1-shards" "${@:2}"
}

# compare NAME: the boxes in $scratch/NAME.txt are those in $scratch/NAME.want, or those that COCO gave.
compare() {
  local want=$scratch/$1.want
  [ -e "$want" ] || want=$scratch/coco.txt
  if [ -s "$scratch/$1.txt" ] && cmp -s "$want" "$scratch/$1.txt"; then
    echo "ok: boxes of $1: $(wc -l <"$scratch/$1.txt")"
  else
    fail "$1 gives other boxes: $(diff "$want" "$scratch/$1.txt" | head -n 3)"
  fi
}

must "$freeanchor" synth --out "$scratch/synth" --images 12 --classes 3 --seed 3
annotations=$scratch/synth/annotations.json images=$scratch/synth/images
if [ -d "$shared/data/bccd" ]; then
  annotations=$shared/data/bccd/annotations/instances_test.json images=$shared/data/bccd/images
fi
must formats write "$annotations" "$scratch/of"
of_images=$images

packed coco --coco "$annotations"
packed voc --annotations "$scratch/of/voc"
packed yolo --annotations "$scratch/of/yolo"
packed labelme --annotations "$scratch/of/labelme"
packed cvat --annotations "$scratch/of/cvat.xml"

# ---- single files ----

small=$scratch/small images=$scratch/small/images
mkdir -p "$images" "$small"/{voc,yolo,labelme}
cp "$scratch/synth/images/000001.jpg" "$images/a.jpg" # 320x240

# case_of NAME EXPECTED OPTION...: the boxes of one image
case_of() {
  packed "$1" "${@:3}"
  echo "$2" >"$scratch/$1.want"
}

voc() {
  echo "<annotation><filename>a.jpg</filename><size><width>320</width><height>240</height></size>$1</annotation>" >"$small/voc/a.xml"
}
object() {
  echo "<object><name>$1</name><difficult>$2</difficult><bndbox><xmin>$3</xmin><ymin>$4</ymin><xmax>$5</xmax><ymax>$6</ymax></bndbox></object>"
}
voc "$(object cat 1 11 21 40 60)$(object dog 0 1 1 320 240)"
case_of voc-from-1 "a.jpg cat 10.000000 20.000000 30.000000 40.000000 ignored
a.jpg dog 0.000000 0.000000 320.000000 240.000000 used" --annotations "$small/voc" --classes dog,cat
voc "$(object cat 0 0 21 40 60)"
case_of voc-from-0 "a.jpg cat 0.000000 21.000000 40.000000 39.000000 used" --annotations "$small/voc"
sed -i 's|<size>.*</size>|<size><width>0</width><height>0</height></size>|' "$small/voc/a.xml"
case_of voc-size-of-0 "a.jpg cat 0.000000 21.000000 40.000000 39.000000 used" --annotations "$small/voc"

printf 'dog\ncat\n' >"$small/yolo/classes.txt"
echo "1 0.5 0.5 0.25 0.5" >"$small/yolo/a.txt"
case_of yolo-box "a.jpg cat 120.000000 60.000000 80.000000 120.000000 used" --annotations "$small/yolo"
echo "0 0.25 0.25 0.5 0.25 0.375 0.75" >"$small/yolo/a.txt"
case_of yolo-outline "a.jpg dog 80.000000 60.000000 80.000000 120.000000 used" --annotations "$small/yolo"
printf '\357\273\277dog\r\ncat\r\n' >"$small/yolo/classes.txt"
printf '\357\273\2771\t0.5 0.5 0.25 0.5\r\n' >"$small/yolo/a.txt"
echo "0 0.5 0.5 0.25 0.5" >"$small/yolo/b.txt"
case_of yolo-windows "a.jpg cat 120.000000 60.000000 80.000000 120.000000 used" --annotations "$small/yolo"
grep -q "1 label file is left out, .* the first: b.txt" "$last_log" || fail "labels without an image are not told"
rm "$small/yolo/b.txt"
rm "$small/yolo/classes.txt"
printf 'path: x\nnames:\n  0: dog\n  1: "big cat"\nnc: 2\n' >"$small/data.yaml"
echo "1 0.5 0.5 0.25 0.5" >"$small/yolo/a.txt"
case_of yolo-yaml "a.jpg big cat 120.000000 60.000000 80.000000 120.000000 used" --annotations "$small/yolo"

labelme() {
  echo "{\"imagePath\": \"..\\\\images\\\\a.jpg\", \"imageWidth\": 320, \"imageHeight\": 240, \"shapes\": [$1]}" >"$small/labelme/a.json"
}
labelme '{"label": "cat", "shape_type": "circle", "points": [[100, 100], [103, 104]]}, {"label": "x", "shape_type": "point", "points": [[1, 1]]}'
case_of labelme-circle "a.jpg cat 95.000000 95.000000 10.000000 10.000000 used" --annotations "$small/labelme"
# the image is found beside the file by its name where imagePath is the file's own, or one of another machine
for path in a.json '' 'C:\\\\Users\\\\me\\\\DSC 1.JPG'; do
  echo "{\"imagePath\": \"$path\", \"shapes\": [{\"label\": \"cat\", \"points\": [[10, 20], [30, 60]]}]}" >"$small/labelme/a.json"
  case_of "labelme-named-${#path}" "a.jpg cat 10.000000 20.000000 20.000000 40.000000 used" --annotations "$small/labelme"
  grep -q "labelme: 1 image is found by the name of the JSON file" "$last_log" || fail "it is not told that imagePath $path is not taken"
done
cvat() {
  echo "<annotations><image id=\"0\" name=\"a.jpg\" width=\"320\" height=\"240\">$1</image></annotations>" >"$small/cvat.xml"
}
cvat '<polygon label="cat" points="10,20;30,5;25,40"/><mask label="cat" rle="9" left="7" top="8" width="3" height="3"/><box label="cat" xtl="50" ytl="50" xbr="70" ybr="60" rotation="90"/>'
case_of cvat-shapes "a.jpg cat 10.000000 5.000000 20.000000 35.000000 used
a.jpg cat 55.000000 45.000000 10.000000 20.000000 used
a.jpg cat 7.000000 8.000000 3.000000 3.000000 used" --annotations "$small/cvat.xml"

# files as LabelMe 5, CVAT 2 and Ultralytics write them, with all that is of no matter to boxes
own=$root/tests/e2e/formats
case_of labelme-5 "a.jpg cat 10.500000 20.250000 49.500000 59.750000 used
a.jpg cat 30.000000 90.000000 19.000000 19.000000 used
a.jpg dog 100.000000 20.000000 30.000000 40.000000 used" --annotations "$own/labelme"
case_of cvat-2 "a.jpg cat 10.500000 20.250000 49.500000 59.750000 used
a.jpg dog 100.000000 20.000000 30.000000 40.000000 used
a.jpg dog 40.000000 30.000000 20.000000 40.000000 used" --annotations "$own/cvat.xml"
case_of ultralytics "a.jpg cat 120.000000 60.000000 80.000000 120.000000 used
a.jpg hot dog 80.000000 60.000000 80.000000 120.000000 used" --annotations "$own/yolo"

must formats boxes "$scratch" "${names[@]}"
for name in "${names[@]}"; do compare "$name"; done

# ---- what cannot be read ----

refused() {
  expect 2 "$1" "$freeanchor" pack --images "$images" --out "$scratch/none" "${@:2}"
}
voc "<object><name>cat</name></object>"
refused "a.xml: object 1: it has no bndbox" --annotations "$small/voc"
voc "$(object cat 0 5 5 nan 9)"
refused 'its xmax is "nan", which is not a number' --annotations "$small/voc"
voc "$(object cat 0 5 5 9 9)"
refused '"cat" is not one of the 1 classes' --annotations "$small/voc" --classes dog
echo '<annotation><!-- ' >"$small/voc/a.xml"
refused "a.xml, line 1, column 13: this is not XML" --annotations "$small/voc"
echo '<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>' >"$small/voc/a.xml"
refused "declares a document type" --annotations "$small/voc"
sed 's/a.jpg/..\/a.jpg/' "$small/cvat.xml" >"$small/outside.xml"
refused "lies outside of the image folder" --annotations "$small/outside.xml"
cvat '<polygon label="cat" points="10,nan;30,5;25,40"/>'
refused 'its points are not "x,y;x,y": 10,nan;30,5' --annotations "$small/cvat.xml"
echo '<annotations><track id="0"/></annotations>' >"$small/video.xml"
refused "export \"CVAT for images 1.1\" instead" --annotations "$small/video.xml"
echo "7 0.5 0.5 0.1 0.1" >"$small/yolo/a.txt"
refused "a.txt, line 1: its class is 7, where classes go from 0 to 1" --annotations "$small/yolo"
echo "1 0.5 0.5 0.1" >"$small/yolo/a.txt"
refused "it has 3 numbers after its class" --annotations "$small/yolo"
echo "1 nan 0.25 0.5 0.25 0.375 0.75" >"$small/yolo/a.txt"
refused "a.txt, line 1: it is not numbers alone: nan 0.25" --annotations "$small/yolo"
printf '1 0.5 0.5 0.1 0.1\n\0001 0.5 0.5 0.2 0.2\n' >"$small/yolo/a.txt"
refused "a.txt: it is not plain text" --annotations "$small/yolo"
echo "1 160 120 80 120" >"$small/yolo/a.txt"
refused "a.txt, line 1: it has the number 160; YOLO's are shares" --annotations "$small/yolo"
refused "no image in $images has the name of a file of labels, such as yolo/a.txt" --annotations "$small" --format yolo
refused "are given as the folder" --annotations "$small/data.yaml"
rm "$small/data.yaml"
refused "give --classes" --annotations "$small/yolo"
echo '{"a": 1}' >"$small/labelme/a.json"
refused "it is not LabelMe's" --annotations "$small/labelme"
cp "$annotations" "$small/labelme/a.json"
refused "give its own path" --annotations "$small/labelme"
# of two images called as the file none is taken
cp "$images/a.jpg" "$images/a.jpeg"
echo '{"imagePath": "C:\\me\\DSC 1.JPG", "shapes": []}' >"$small/labelme/a.json"
refused "a.json: DSC 1.JPG: there is no such image in $images" --annotations "$small/labelme"
sed -i 's/"imagePath": "[^"]*"/"imagePath": "a.json"/' "$small/labelme/a.json"
refused "its imagePath, a.json, names no image, and $images does not have exactly one image named like this file" --annotations "$small/labelme"
rm "$images/a.jpeg"
refused "are a folder, this is a file" --annotations "$annotations" --format voc
refused "holds no annotations" --annotations "$images"
refused "--annotations is missing"
refused "expected coco, voc, yolo, labelme or cvat" --annotations "$annotations" --format pascal

# ---- a split, on any number of ranks ----

# Two files with one content, under names of their own; a part is the content's, whatever the name and the order.
mkdir "$scratch/twins"
cp "$scratch/synth/images"/*.jpg "$scratch/twins"
"$python" - "$scratch" <<'P' || fail "the twins cannot be made"
import json, shutil, sys
scratch = sys.argv[1]
coco = json.load(open(scratch + "/synth/annotations.json"))
for k, image in enumerate(list(coco["images"])[:6]):
    twin = {**image, "id": 100 + k, "file_name": f"twin{k}.jpg"}
    shutil.copy(f"{scratch}/synth/images/{image['file_name']}", f"{scratch}/twins/{twin['file_name']}")
    coco["images"].insert(0, twin)
json.dump(coco, open(scratch + "/twins.json", "w"))
P
twins=("$freeanchor" pack --coco "$scratch/twins.json" --images "$scratch/twins" --split 0.5/0.5 --seed 3)
expect 0 "6 images whose file is a copy of another's, the first: 0" "${twins[@]}" --out "$scratch/parts"
"$python" - "$scratch" <<'P' || fail "twins are in different parts"
import glob, hashlib, sys, h5py
sides = []
for part in "train", "val":
    names = []
    for path in glob.glob(f"{sys.argv[1]}/parts/{part}/shard-*.h5"):
        with h5py.File(path) as f:
            offset = f["file_name_offset"][()]
            names += [f["file_name"][()].tobytes()[a:b].decode() for a, b in zip(offset[:-1], offset[1:])]
    sides.append(names)
assert len(sides[0]) + len(sides[1]) == 18 and min(map(len, sides)) > 0, sides
content = [{hashlib.sha256(open(f"{sys.argv[1]}/twins/{name}", "rb").read()).digest() for name in side} for side in sides]
assert not content[0] & content[1]
assert len(content[0]) + len(content[1]) == 12
P
# Where few images miss their shares it is said, with a seed that meets them.
split=("$freeanchor" pack --coco "$scratch/synth/annotations.json" --images "$scratch/synth/images" --split 0.5/0.5 --out "$scratch/shares" --json)
for seed in $(seq 0 20); do
  must "${split[@]}" --seed "$seed"
  better=$(grep -o 'where [0-9]* % were asked for: .* with --seed [0-9]* all' "$last_log" | grep -o 'seed [0-9]*' | cut -d ' ' -f 2)
  [ -z "$better" ] || break
done
[ -n "$better" ] || fail "of twenty splits of so few images all meet their shares"
holds "($(number "$last_log" val) - $(number "$last_log" images) / 2)^2 > 1" "the share that is missed"
must "${split[@]}" --seed "$better"
grep -q 'were asked for' "$last_log" && fail "--seed $better misses shares too"
holds "($(number "$last_log" val) - $(number "$last_log" images) / 2)^2 < 1" "the share that is met"
expect 2 "parts: holds the parts of a split; give $scratch/parts/train" "$freeanchor" browse "$scratch/parts"
for split in 0.8/0.3:"are 1.1 in all" 0.5/0.3/0.1/0.1:"at most 3 parts" 1:"from 0.001 to 0.999" /0.5:"--split" x/0.5:"--split"; do
  refused "${split#*:}" --annotations "$annotations" --split "${split%%:*}"
done
refused "--seed means nothing without --split" --annotations "$annotations" --seed 1

# several sources, and three ranks that look at and write a share each: the bytes of one
several=("$freeanchor" pack --shard-mib 1 --threads 1 --coco "$scratch/synth/annotations.json" --images "$scratch/synth/images"
  --annotations "$scratch/of/cvat.xml" --images "$of_images" --coco "$scratch/twins.json" --images "$scratch/twins")
must "${several[@]}" --out "$scratch/alone"
must run_ranks 3 "${several[@]}" --out "$scratch/together"
if diff -r "$scratch/alone" "$scratch/together"; then echo "ok: three ranks write what one does"; else fail "three ranks write other bytes"; fi
must run_ranks 2 "${twins[@]}" --out "$scratch/parts-2"
diff -r "$scratch/parts" "$scratch/parts-2" || fail "two ranks split otherwise"
refused "--images is given 2 times for 3 sources" --annotations a --annotations b --annotations c --images "$images"
echo "no image" >"$scratch/twins/twin2.jpg"
for ranks in 1 3; do
  expect 2 "1 item cannot be used (images: 1, annotations: 0, boxes: 0), the first: image 102: twin2.jpg" \
    run_ranks "$ranks" "${twins[@]}" --out "$scratch/bad"
  grep -q twin2 "$scratch/bad.rejected.txt" || fail "$ranks ranks list nothing"
  [ ! -e "$scratch/bad" ] && [ ! -e "$scratch/bad/train.freeanchor.tmp" ] || fail "$ranks ranks leave something"
done
finish
