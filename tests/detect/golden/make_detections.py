"""Writes detections.bin: detections of small cases, from a plain implementation of the single-scale test.

Usage: python3 make_detections.py    (beside this file; needs numpy)

A record, little endian: int32 h w classes seed pre_nms max_per_image n; float32 logit_step delta_scale clip_w
clip_h scale_factor[4]; then n times int32 label, float32 score x1 y1 x2 y2. Logits are noise(seed) * 4 rounded
to multiples of logit_step, so that many scores are equal; deltas are noise * delta_scale.
"""
import os
import struct

import numpy as np

from reference import F, anchors_of, decode, noise, pyramid


def level_candidates(logits, deltas, anchors, clip, scale_factor, pre_nms):
    classes = logits.shape[1]
    scores = (F(1) / (F(1) + np.exp(-logits))).reshape(-1)
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > F(0.05)][:pre_nms]
    boxes = decode(anchors[order // classes], deltas[order // classes])
    limit = np.array([*clip, *clip], F)
    return np.clip(boxes, F(0), limit) / np.asarray(scale_factor, F), scores[order], order % classes


def suppresses(a, b, threshold):
    w = max(min(a[2], b[2]) - max(a[0], b[0]), F(0))
    h = max(min(a[3], b[3]) - max(a[1], b[1]), F(0))
    inter = w * h
    return inter > F(threshold) * ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter)


def nms(boxes, scores, labels, threshold):
    shifted = boxes + (labels.astype(F) * (boxes.max() + F(1)))[:, None]
    alive = list(np.argsort(-scores, kind="stable"))
    kept = []
    while alive:
        best = alive.pop(0)
        kept.append(best)
        alive = [k for k in alive if not suppresses(shifted[best], shifted[k], threshold)]
    return kept


def detections(logits, deltas, h, w, clip, scale_factor, pre_nms, max_per_image):
    anchors, first, parts = anchors_of(h, w), 0, []
    for _, fh, fw in pyramid(h, w):
        rows = slice(first, first + fh * fw * 9)
        first = rows.stop
        parts.append(level_candidates(logits[rows], deltas[rows], anchors[rows], clip, scale_factor, pre_nms))
    boxes, scores, labels = (np.concatenate(column) for column in zip(*parts))
    if len(boxes) == 0:
        return []
    kept = nms(boxes, scores, labels, 0.5)[:max_per_image]
    return [(int(labels[k]), scores[k], *boxes[k]) for k in kept]


def check_appendix():
    """The published numbers of the toy case."""
    j = np.arange(774)[:, None]
    for n, count, first in ((0, 99, (2, 0.4999998, 20.329430, 0, 41.333332, 19.939167)),
                            (1, 100, (1, 0.4999987, 21.692160, 4.0427184, 41.333332, 33.490047))):
        logits = (2 * np.sin(0.37 * j + 1.3 * np.arange(3) + 0.5 * n) - 2).astype(F)
        deltas = (0.5 * np.cos(0.11 * j + 0.7 * np.arange(4) + 0.3 * n)).astype(F)
        got = detections(logits, deltas, 64, 64, (62, 60), (1.5, 1.6, 1.5, 1.6), 1000, 100)
        assert len(got) == count and np.allclose(got[0], first, rtol=1e-6), (len(got), got[0])


CASES = (  # h w classes seed pre_nms max_per_image logit_step delta_scale
    (64, 64, 3, 1, 1000, 100, 0.25, 2), (64, 64, 3, 2, 60, 100, 0.25, 2), (64, 96, 5, 3, 200, 30, 0.5, 4),
    (32, 32, 1, 4, 1000, 100, 1, 1), (96, 64, 2, 5, 40, 20, 4, 0), (64, 64, 3, 6, 100, 100, 8, 1),
)

if __name__ == "__main__":
    check_appendix()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "detections.bin"), "wb") as out:
        for h, w, classes, seed, pre_nms, max_per_image, logit_step, delta_scale in CASES:
            n_anchors = len(anchors_of(h, w))
            values = noise(seed, n_anchors * (classes + 4))
            split = n_anchors * classes
            logits = (np.floor(values[:split] * F(4) / F(logit_step)) * F(logit_step)).reshape(-1, classes)
            deltas = (values[split:] * F(delta_scale)).reshape(-1, 4)
            clip, scale_factor = (w - 3, h - 5), (1.5, 1.25, 1.5, 1.25)
            rows = detections(logits, deltas, h, w, clip, scale_factor, pre_nms, max_per_image)
            out.write(struct.pack("<7i8f", h, w, classes, seed, pre_nms, max_per_image, len(rows), logit_step,
                                  delta_scale, *clip, *scale_factor))
            for row in rows:
                out.write(struct.pack("<i5f", *row))
