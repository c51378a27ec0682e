"""Writes atss.bin: losses and gradients of small cases, from the reference of tests/parity.

Usage: python3 make_atss.py    (beside this file; needs numpy and torch)

A record is that of focal.bin (see make_focal.py), after an int32 k.
"""
import pathlib
import struct

import numpy as np

from make_focal import matched_iou
from make_freeanchor import random_objects
from noise import noisy_head
from reference.atss import assign, loss
from reference.boxes import F, anchors_of, level_rows
from reference.focal import share

HERE = pathlib.Path(__file__).resolve().parent


def cases():
    """(k, h, w, classes, objects, labels, seed, logit scale, logit offset, delta scale, gamma, normalizer)"""
    none, far = np.zeros((0, 4), F), np.array([[1000, 1000, 1010, 1020]], F)
    for seed, n in enumerate((1, 2, 3, 5, 8)):
        yield (9, 32, 32, 3, *random_objects(seed, n, 32, 4), seed, 4, -2, 1, 2, 3 * n)
    for seed in range(10, 13):  # more objects than one level parts
        yield (9, 64, 32, 3, *random_objects(seed, 4 * (seed - 9), 30, 4), seed, 4, -2, 1, 2, 40)
    for k in (1, 2, 4, 1000):  # 1000: a level has fewer
        yield (k, 32, 64, 3, *random_objects(20, 8, 30, 6), 20, 6, 0, 0.5, 2, 60)
    yield (9, 32, 32, 3, *random_objects(21, 4, 30, 6), 21, 4, -2, 1, 1.5, 12)
    yield (9, 32, 32, 3, none, [], 22, 4, -2, 1, 2, 1)
    yield (9, 32, 32, 3, far, [2], 23, 4, -2, 0.1, 2, 1)  # no centre lies in it
    partly = np.array([[-20, -20, 9, 14], [50, 40, 300, 70]], F)
    yield (9, 64, 64, 3, partly, [0, 2], 24, 4, -2, 1, 2, 9)
    twice, labels = random_objects(25, 3, 30, 10)
    yield (9, 32, 64, 3, np.repeat(twice, 3, 0), [0, 0, 1, 1, 1, 1, 2, 0, 2], 25, 4, -2, 1, 2, 30)  # equal IoUs: the first has it
    mirrored = np.array([[4, 8, 28, 24], [12, 8, 36, 24]], F)  # each as near to x = 20 from its side
    yield (9, 32, 64, 3, mirrored, [0, 1], 26, 4, -2, 1, 2, 10)
    tiny = np.array([[16.1, 16.1, 16.4, 16.3], [15.5, 15.5, 16.5, 16.5]], F)  # one without, one with a centre
    yield (9, 32, 32, 3, tiny, [0, 1], 27, 4, -2, 1, 2, 2)
    yield (9, 32, 64, 3, anchors_of(32, 64)[[100, 390]], [1, 2], 28, 4, 3, 0, 2, 10)  # targets of zero


def record(k, h, w, classes, objects, labels, seed, logit_scale, logit_offset, delta_scale, gamma, normalizer):
    anchors, levels = anchors_of(h, w), level_rows(h, w)
    logits, deltas = noisy_head(len(anchors), classes, seed, logit_scale, logit_offset, delta_scale)
    want = loss(logits, deltas, anchors, levels, objects, labels, normalizer, k, gamma=gamma)
    return (struct.pack("<6i3f2d", k, h, w, classes, len(objects), seed, logit_scale, logit_offset, delta_scale, gamma, normalizer)
            + objects.astype("<f4").tobytes() + np.asarray(labels, "<i4").tobytes()
            + struct.pack("<4d", want.cls, want.bbox, share(assign(anchors, levels, objects, k)), matched_iou(deltas, anchors, objects))
            + want.grad_cls.astype("<f4").tobytes() + want.grad_reg.astype("<f4").tobytes())


if __name__ == "__main__":
    (HERE / "atss.bin").write_bytes(b"".join(record(*case) for case in cases()))
