#!/usr/bin/env python3
"""Detections of an ONNX model by ONNX Runtime, compared with those of freeanchor detect, for fast_onnx.sh.

onnx_boxes.py pictures FOLDER N W H           N pictures (PNG) of discs and squares, none larger than W x H
onnx_boxes.py compare X.onnx FOUND FOLDER S   FOUND: what detect --score S wrote, of pictures that it did not resize

What follows the model is done here anew: threshold, the best 1000 pairs of each level, and greedy NMS by class.
"""
import json
import pathlib
import struct
import sys
import zlib

import numpy as np

PRE_NMS, IOU, MOST = 1000, 0.5, 100


def write_png(path, rgb):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    h, w, _ = rgb.shape
    rows = b"".join(b"\0" + row.tobytes() for row in rgb)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def read_png(path):
    """Of those written above: no filter, one chunk."""
    data = path.read_bytes()
    w, h = struct.unpack(">II", data[16:24])
    n = struct.unpack(">I", data[33:37])[0]
    rows = np.frombuffer(zlib.decompress(data[41:41 + n]), np.uint8).reshape(h, 1 + 3 * w)
    return rows[:, 1:].reshape(h, w, 3)


def pictures(folder, n, w, h):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for i in range(n):
        # the longer side, or the shorter, is the largest there can be, so that nothing is resized
        size = (h, int(rng.integers(h, w + 1))) if i % 2 else (int(rng.integers(h // 2, h + 1)), w)
        rgb = rng.integers(0, 60, (*size, 3)).astype(np.uint8)
        y, x = np.mgrid[:size[0], :size[1]]
        for _ in range(6):
            r, cy, cx = rng.integers(6, 24), rng.integers(size[0]), rng.integers(size[1])
            inside = np.hypot(y - cy, x - cx) < r if rng.random() < 0.5 else (abs(y - cy) < r) & (abs(x - cx) < r)
            rgb[inside] = rng.integers(60, 256, 3)
        write_png(folder / f"{i:02}.png", rgb)


def level_ends(h, w, stride):
    h, w = (-(-side // 32) * 32 // stride for side in (h, w))
    ends = [0]
    for _ in range(5):
        ends.append(ends[-1] + 9 * h * w)
        h, w = (h + 1) // 2, (w + 1) // 2
    return ends


def overlap(box, boxes):
    inter = np.maximum(np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]), 0).prod(1)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return inter, (box[2:] - box[:2]).prod() + area - inter


def detections(boxes, scores, ends, least):
    found = []
    for first, end in zip(ends[:-1], ends[1:]):
        part = scores[first:end].ravel()
        order = np.argsort(-part, kind="stable")[:PRE_NMS]
        found += [(part[k], first + k // scores.shape[1], k % scores.shape[1]) for k in order if part[k] > least]
    found.sort(key=lambda f: -f[0])
    kept = []
    for score, anchor, label in found:
        same = np.array([box for _, box, other in kept if other == label]).reshape(-1, 4)
        inter, union = overlap(boxes[anchor], same)
        if not (inter > IOU * union).any():
            kept.append((score, boxes[anchor], label))
    return [k for k in kept[:MOST] if (k[1][2:] > k[1][:2]).all()]


def compare(model, found, folder, least):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    classes = json.loads(metadata["classes"])
    worst_box = worst_score = n = 0
    for entry in json.loads((found / "detections.json").read_text()):
        rgb = read_png(folder / pathlib.Path(entry["file"]).name)
        boxes, scores = session.run(None, {"image": rgb.transpose(2, 0, 1)[None].astype(np.float32)})
        ends, = (ends for stride in (4, 8) if (ends := level_ends(*rgb.shape[:2], stride))[-1] == len(boxes[0]))
        mine = detections(boxes[0], scores[0], ends, least)
        assert len(mine) == len(entry["detections"]), (entry["file"], len(mine), len(entry["detections"]))
        for theirs in entry["detections"]:
            x, y, w, h = theirs["bbox"]
            box = np.array([x, y, x + w, y + h])
            # near-equal scores may come in another order
            differences = [(abs(b - box).max(), abs(s - theirs["score"])) for s, b, label in mine
                           if classes[label] == theirs["class"]]
            box_difference, score_difference = min(differences)
            worst_box, worst_score, n = max(worst_box, box_difference), max(worst_score, score_difference), n + 1
    print(f"{n} detections: boxes within {worst_box:.2g} px, scores within {worst_score:.2g}")
    return n > 0 and worst_box <= 1e-3 and worst_score <= 1e-5


if __name__ == "__main__":
    if sys.argv[1] == "pictures":
        pictures(pathlib.Path(sys.argv[2]), *map(int, sys.argv[3:]))
    elif not compare(sys.argv[2], pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4]), float(sys.argv[5])):
        sys.exit("the model of ONNX and detect differ")
