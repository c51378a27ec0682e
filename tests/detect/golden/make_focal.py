"""Writes focal.bin: losses and gradients of small cases, from the reference of tests/parity.

Usage: python3 make_focal.py    (beside this file; needs numpy and torch)

A record is that of freeanchor.bin (see make_freeanchor.py), gamma being the focal exponent, with float64 cls
bbox share matched_iou. Deltas are in units of 1.
"""
import pathlib
import struct

import numpy as np

from make_freeanchor import random_objects
from noise import noisy_head
from reference.boxes import F, RETINANET_STD, anchors_of, decode, iou
from reference.focal import assign, loss, share

HERE = pathlib.Path(__file__).resolve().parent


def object_at(threshold):
    """A box of which some anchors of a 32x32 image have this IoU to the last bit, but not as the best."""
    anchors = anchors_of(32, 32)
    for w in np.arange(8, 40, 0.25):
        for h in (w, w * 0.8, w * 1.25, 12.8, 25.6):
            box = np.array([[0, 0, w, h]], F)
            overlaps = iou(box, anchors)
            if (overlaps == threshold).any() and overlaps.max() > threshold:
                return box
    raise AssertionError("no such box")


def cases():
    """(h, w, classes, objects, labels, seed, logit scale, logit offset, delta scale, gamma, normalizer)"""
    none, far = np.zeros((0, 4), F), np.array([[1000, 1000, 1010, 1020]], F)
    for seed, n in enumerate((1, 2, 3, 5, 8)):
        yield (32, 32, 3, *random_objects(seed, n, 32, 4), seed, 4, -2, 1, 2, 3 * n)
    yield (64, 64, 3, *random_objects(10, 6, 64, 8), 10, 3, -1, 1, 2, 60)
    yield (64, 96, 3, *random_objects(11, 12, 60, 8), 11, 6, 0, 0.5, 2, 120)
    yield (32, 32, 3, *random_objects(12, 4, 32, 4), 12, 4, -2, 1, 1.5, 12)
    yield (32, 32, 3, *random_objects(12, 4, 32, 4), 12, 4, -2, 1, 0, 12)
    yield (32, 32, 3, none, [], 13, 4, -2, 1, 2, 1)
    yield (32, 32, 3, none, [], 14, 4, -2, 1, 2, 7)
    yield (32, 32, 3, *random_objects(15, 100, 32, 2), 15, 4, -2, 1, 2, 100)
    twice, labels = random_objects(16, 3, 32, 6)
    yield (32, 32, 3, np.repeat(twice, 3, 0), [0, 0, 1, 1, 1, 1, 2, 0, 2], 16, 4, -2, 1, 2, 30)
    yield (16, 16, 3, *random_objects(17, 2, 16, 4), 17, 4, -2, 1, 2, 6)
    for extreme in (40, 100):
        for sign in (1, -1):
            yield (32, 32, 3, *random_objects(18, 3, 32, 6), 18, 0, sign * extreme, 1, 2, 10)
        yield (32, 32, 3, *random_objects(19, 3, 32, 6), 19, extreme, 0, 1, 2, 10)
    yield (32, 32, 3, *random_objects(20, 3, 32, 6), 20, 0, 0, 0, 2, 10)
    for threshold in (F(0.5), F(0.4)):
        yield (32, 32, 3, object_at(threshold), [1], 21, 4, -2, 0, 2, 10)
    yield (32, 32, 3, anchors_of(32, 32)[[94, 40]], [1, 2], 22, 4, 3, 0, 2, 10)  # a target of zero
    equal_best = np.array([[8, 8, 16, 16], [0, 0, 32, 32]], F)
    yield (32, 32, 3, equal_best, [0, 1], 23, 4, -2, 1, 2, 10)
    yield (32, 32, 3, far, [2], 24, 4, -2, 0.1, 2, 207)  # no anchor meets it, so it takes all,
    two = np.concatenate([far, twice])  # but the best ones of the objects after it
    yield (32, 32, 3, two, [2, 0, 1, 1], 25, 4, -2, 0.1, 2, 207)


def matched_iou(deltas, anchors, objects):
    if len(objects) == 0:
        return 0
    return iou(objects, decode(anchors, deltas, RETINANET_STD)).max(1).astype(np.float64).sum()


def record(h, w, classes, objects, labels, seed, logit_scale, logit_offset, delta_scale, gamma, normalizer):
    anchors = anchors_of(h, w)
    logits, deltas = noisy_head(len(anchors), classes, seed, logit_scale, logit_offset, delta_scale)
    want = loss(logits, deltas, anchors, objects, labels, normalizer, gamma=gamma)
    return (struct.pack("<5i3f2d", h, w, classes, len(objects), seed, logit_scale, logit_offset, delta_scale,
                        gamma, normalizer)
            + objects.astype("<f4").tobytes() + np.asarray(labels, "<i4").tobytes()
            + struct.pack("<4d", want.cls, want.bbox, share(assign(anchors, objects)),
                          matched_iou(deltas, anchors, objects))
            + want.grad_cls.astype("<f4").tobytes() + want.grad_reg.astype("<f4").tobytes())


if __name__ == "__main__":
    (HERE / "focal.bin").write_bytes(b"".join(record(*case) for case in cases()))
