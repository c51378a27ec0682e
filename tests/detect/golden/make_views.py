"""Writes views.bin: detections of pictures that were looked at in several views, merged before one NMS.

Usage: python3 make_views.py    (beside this file; needs numpy)

A record, little endian: int32 n_views classes pre_nms n; for each view int32 h w seed mirrored, float32 clip_w clip_h scale_x scale_y;
then n times int32 label, float32 score x1 y1 x2 y2. Logits are noise(seed) * 8 - 6, deltas noise * 2.
"""
import pathlib
import struct
import sys

import numpy as np

from noise import noisy_head

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "parity"))
from reference.boxes import F, anchors_of
from reference.detections import Options, candidates, nms, shift_apart

# A picture of 80 by 60, at three scales: h w clip_w clip_h
SIZES = ((64, 64, 60, 45), (64, 96, 80, 60), (96, 128, 120, 90))
PICTURE = (80, 60)


def views_of(seed, sizes, mirrors):
    for k, size in enumerate(sizes):
        for mirrored in (0, 1)[:1 + mirrors]:
            yield (*size[:2], 10 * seed + 2 * k + mirrored, mirrored, *size[2:])


def look(view, classes, options):
    h, w, seed, mirrored, clip_w, clip_h = view
    logits, deltas = noisy_head(len(anchors_of(h, w)), classes, seed, 8, -6, 2)
    boxes, scores, pairs = candidates(logits, deltas, h, w, (clip_w, clip_h), (1, 1, 1, 1), options)
    if mirrored:
        boxes = np.stack([F(clip_w) - boxes[:, 2], boxes[:, 1], F(clip_w) - boxes[:, 0], boxes[:, 3]], 1)
    scale = np.array([clip_w / PICTURE[0], clip_h / PICTURE[1]] * 2, F)
    return boxes / scale, scores, pairs % classes


def record(seed, classes, pre_nms, sizes, mirrors):
    options, views = Options(pre_nms=pre_nms), list(views_of(seed, sizes, mirrors))
    boxes, scores, labels = (np.concatenate(parts) for parts in zip(*(look(view, classes, options) for view in views)))
    kept = nms(shift_apart(boxes, labels), scores, 0.5, 100)
    head = struct.pack("<4i", len(views), classes, pre_nms, len(kept))
    told = b"".join(struct.pack("<4i4f", *view, view[4] / PICTURE[0], view[5] / PICTURE[1]) for view in views)
    return head + told + b"".join(struct.pack("<i5f", labels[k], scores[k], *boxes[k]) for k in kept)


if __name__ == "__main__":
    RECORDS = [record(seed, 1 + seed % 4, (1000, 50)[seed % 2], SIZES[:1 + seed % 3], seed // 3 % 2) for seed in range(20)]
    (HERE / "views.bin").write_bytes(b"".join(RECORDS))
