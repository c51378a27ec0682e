"""Writes detections.bin: detections of small cases, from the reference of tests/parity.

Usage: python3 make_detections.py    (beside this file; needs numpy)

A record, little endian: int32 h w classes seed pre_nms max_per_image n; float32 logit_step delta_scale clip_w
clip_h scale_factor[4]; then n times int32 label, float32 score x1 y1 x2 y2. Logits are noise(seed) * 4
rounded to multiples of logit_step, so that many scores are equal; deltas are noise * delta_scale.
"""
import pathlib
import struct
import sys

import numpy as np

from noise import noisy_head

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "parity"))
from reference.boxes import F, anchors_of
from reference.detections import Options, detections

CASES = (  # h w classes seed pre_nms max_per_image logit_step delta_scale
    (64, 64, 3, 1, 1000, 100, 0.25, 2), (64, 64, 3, 2, 60, 100, 0.25, 2), (64, 96, 5, 3, 200, 30, 0.5, 4),
    (32, 32, 1, 4, 1000, 100, 1, 1), (96, 64, 2, 5, 40, 20, 4, 0), (64, 64, 3, 6, 100, 100, 8, 1),
)


def record(h, w, classes, seed, pre_nms, max_per_image, logit_step, delta_scale):
    logits, deltas = noisy_head(len(anchors_of(h, w)), classes, seed, 4, 0, delta_scale)
    logits = np.floor(logits / F(logit_step)) * F(logit_step)
    clip, scale_factor = (w - 3, h - 5), (1.5, 1.25, 1.5, 1.25)
    options = Options(pre_nms=pre_nms, max_per_image=max_per_image)
    found = detections(logits, deltas, h, w, clip, scale_factor, options)
    rows = b"".join(struct.pack("<i5f", label, score, *box) for label, score, box in zip(*found))
    return struct.pack("<7i8f", h, w, classes, seed, pre_nms, max_per_image, len(found.labels), logit_step,
                       delta_scale, *clip, *scale_factor) + rows


if __name__ == "__main__":
    (HERE / "detections.bin").write_bytes(b"".join(record(*case) for case in CASES))
