"""Writes freeanchor.bin: losses and gradients of small cases, from the reference of tests/parity.

Usage: python3 make_freeanchor.py    (beside this file; needs numpy and torch)

A record, little endian: int32 h w classes objects seed; float32 logit_scale logit_offset delta_scale; float64
gamma normalizer; float32 boxes (objects, 4); int32 labels; float64 positive negative bag_probability
matched_iou; float32 grad_cls (anchors, classes), grad_reg (anchors, 4). Inputs are noise(seed) scaled.
"""
import pathlib
import struct
import sys

import numpy as np

from noise import noisy_head

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "parity"))
from reference.boxes import F, anchors_of, iou
from reference.freeanchor import loss


def random_objects(seed, n, size, least):
    rng = np.random.RandomState(seed)
    wh = rng.uniform(least, size, (n, 2)) * rng.uniform(0.2, 1, (n, 1))
    wh = np.maximum(wh, least)
    xy = rng.uniform(0, 1, (n, 2)) * np.maximum(size - wh, 0)
    return np.concatenate([xy, xy + wh], 1).astype(F), rng.randint(0, 3, n)


def object_at_threshold():
    """A box whose best IoU with the anchors of a 32x32 image is 0.6 to the last bit."""
    anchors = anchors_of(32, 32)
    for y1 in np.arange(0, 13, 0.25):
        box = np.array([[0, y1, 32, F(y1 + 19.2)]], F)
        if iou(box, anchors).max() == F(0.6):
            return box
    raise AssertionError("no such box")


def cases():
    """(h, w, classes, objects, labels, seed, logit scale, logit offset, delta scale, gamma, normalizer)"""
    none = np.zeros((0, 4), F)
    for seed, n in enumerate((1, 2, 3, 5, 8)):
        yield (32, 32, 3, *random_objects(seed, n, 32, 4), seed, 4, -2, 3, 2, n)
    yield (64, 64, 3, *random_objects(10, 6, 64, 8), 10, 3, -1, 2, 2, 9)
    yield (64, 96, 3, *random_objects(11, 12, 60, 8), 11, 6, 0, 0.5, 2, 12)
    yield (32, 32, 3, *random_objects(12, 4, 32, 4), 12, 4, -2, 3, 1.5, 4)
    yield (32, 32, 3, none, [], 13, 4, -2, 1, 2, 0)
    yield (32, 32, 3, none, [], 14, 4, -2, 1, 2, 7)
    yield (32, 32, 3, *random_objects(15, 100, 32, 2), 15, 4, -2, 2, 2, 100)
    twice, labels = random_objects(16, 3, 32, 6)
    yield (32, 32, 3, np.repeat(twice, 3, 0), [0, 0, 1, 1, 1, 1, 2, 0, 2], 16, 4, -2, 2, 2, 9)
    yield (16, 16, 3, *random_objects(17, 2, 16, 4), 17, 4, -2, 2, 2, 2)
    for extreme in (40, 100):
        for sign in (1, -1):
            yield (32, 32, 3, *random_objects(18, 3, 32, 6), 18, 0, sign * extreme, 1, 2, 3)
        yield (32, 32, 3, *random_objects(19, 3, 32, 6), 19, extreme, 0, 1, 2, 3)
    yield (32, 32, 3, *random_objects(20, 3, 32, 6), 20, 0, 0, 0, 2, 3)
    yield (32, 32, 3, object_at_threshold(), [1], 21, 4, -2, 0, 2, 1)
    yield (32, 32, 3, anchors_of(32, 32)[[94, 40]], [1, 2], 22, 4, 3, 0, 2, 2)  # a target of zero


def record(h, w, classes, objects, labels, seed, logit_scale, logit_offset, delta_scale, gamma, normalizer):
    anchors = anchors_of(h, w)
    logits, deltas = noisy_head(len(anchors), classes, seed, logit_scale, logit_offset, delta_scale)
    want = loss(logits, deltas, anchors, objects, labels, normalizer, gamma)
    return (struct.pack("<5i3f2d", h, w, classes, len(objects), seed, logit_scale, logit_offset, delta_scale,
                        gamma, normalizer)
            + objects.astype("<f4").tobytes() + np.asarray(labels, "<i4").tobytes()
            + struct.pack("<4d", want.positive, want.negative, want.bag_probability, want.matched_iou)
            + want.grad_cls.astype("<f4").tobytes() + want.grad_reg.astype("<f4").tobytes())


if __name__ == "__main__":
    (HERE / "freeanchor.bin").write_bytes(b"".join(record(*case) for case in cases()))
