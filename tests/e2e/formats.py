#!/usr/bin/python3
"""Other formats of a COCO file, and what a packed dataset says, for test_formats.sh.

formats.py write COCO.json OUT        OUT/voc, OUT/yolo, OUT/labelme, OUT/cvat.xml
formats.py boxes DIR NAME...          DIR/NAME.txt of DIR/NAME-shards: a line an object: image, class, x y w h; sorted

Boxes of COCO are x y w h from the left upper corner of the image. Pascal VOC names the first and last pixel, counted from 1; YOLO
the middle and sides as shares of the image; LabelMe and CVAT two corners.
"""
import json
import pathlib
import sys
from xml.sax.saxutils import escape, quoteattr

import h5py


def write(coco, out):
    names = {c["id"]: c["name"] for c in coco["categories"]}
    labels = {c["id"]: k for k, c in enumerate(coco["categories"])}
    of = {image["id"]: [] for image in coco["images"]}
    for annotation in coco["annotations"]:
        of[annotation["image_id"]].append(annotation)
    for folder in ("voc", "yolo", "labelme"):
        (out / folder).mkdir(parents=True)
    (out / "yolo/classes.txt").write_text("".join(name + "\n" for name in names.values()))
    cvat = ["<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations><version>1.1</version><meta><task><labels>",
            *(f"<label><name>{escape(name)}</name></label>" for name in names.values()), "</labels></task></meta>"]
    for image in coco["images"]:
        file, w, h = image["file_name"], image["width"], image["height"]
        stem = pathlib.Path(file).stem
        voc = [f"<annotation><filename>{escape(file)}</filename><size><width>{w}</width><height>{h}</height></size>"]
        yolo, shapes = [], []
        cvat.append(f"<image id=\"{image['id']}\" name={quoteattr(file)} width=\"{w}\" height=\"{h}\">")
        for a in of[image["id"]]:
            x, y, bw, bh = a["bbox"]
            name = names[a["category_id"]]
            corners = zip(("xmin", "ymin", "xmax", "ymax"), (x + 1, y + 1, x + bw, y + bh))
            voc.append(f"<object><name>{escape(name)}</name><difficult>0</difficult><bndbox>" +
                       "".join(f"<{key}>{value:g}</{key}>" for key, value in corners) + "</bndbox></object>")
            yolo.append(f"{labels[a['category_id']]} {(x + bw / 2) / w!r} {(y + bh / 2) / h!r} {bw / w!r} {bh / h!r}\n")
            shapes.append({"label": name, "shape_type": "rectangle", "points": [[x, y], [x + bw, y + bh]]})
            cvat.append(f"<box label={quoteattr(name)} xtl=\"{x}\" ytl=\"{y}\" xbr=\"{x + bw}\" ybr=\"{y + bh}\"/>")
        cvat.append("</image>")
        (out / "voc" / (stem + ".xml")).write_text("".join(voc) + "</annotation>\n")
        (out / "yolo" / (stem + ".txt")).write_text("".join(yolo))
        (out / "labelme" / (stem + ".json")).write_text(json.dumps(
            {"version": "5.0.1", "flags": {}, "shapes": shapes, "imagePath": "../images/" + file, "imageData": None,
             "imageHeight": h, "imageWidth": w}))
    (out / "cvat.xml").write_text("".join(cvat) + "</annotations>\n")


def texts(f, key):
    content, offset = f[key][()].tobytes(), f[key + "_offset"][()]
    return [content[first:end].decode() for first, end in zip(offset[:-1], offset[1:])]


def objects(f):
    classes, first = texts(f, "category_name"), f["annotation_offset"][()]
    for i, image in enumerate(texts(f, "file_name")):
        for a in range(first[i], first[i + 1]):
            box = " ".join(f"{side:.6f}" for side in f["bbox"][a])
            yield f"{image} {classes[f['label'][a]]} {box} {'ignored' if f['ignore'][a] else 'used'}"


def boxes(folder):
    lines = []
    for shard in sorted(folder.glob("shard-*.h5")):
        with h5py.File(shard) as f:
            lines += objects(f)
    return "".join(line + "\n" for line in sorted(lines))


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(json.loads(pathlib.Path(sys.argv[2]).read_text()), pathlib.Path(sys.argv[3]))
    else:
        for name in sys.argv[3:]:
            path = pathlib.Path(sys.argv[2], name)
            path.with_suffix(".txt").write_text(boxes(path.with_name(name + "-shards")))
