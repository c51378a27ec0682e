"""ATSS, adaptive training sample selection (Zhang et al., CVPR 2020, algorithm 1), by whole matrices in numpy, and the loss of focal.py
on what it selects.

A position has nine anchors here. As in the authors' code for more than one, the k nearest positions of a level bring all of theirs; the
deviation is torch.std's (n - 1 below the sum; of a single candidate, where that has none, 0). Anchors without an object are negative;
none is left out.
"""
import numpy as np

from reference.boxes import F, iou
from reference.focal import GAMMA, NEGATIVE, RETINANET_STD, loss_of

K, ANCHORS_OF_POSITION = 9, 9


def centres(boxes):
    return (boxes[:, :2] + boxes[:, 2:]) * F(0.5)


def candidates(anchors, levels, objects, k, per_position):
    """For each object the rows of its candidates. levels: slices of anchors."""
    chosen = [[] for _ in objects]
    for level in levels:
        first = np.arange(level.start, level.stop, per_position)
        gap = centres(anchors[first])[None] - centres(objects)[:, None]
        distance = gap[..., 0] * gap[..., 0] + gap[..., 1] * gap[..., 1]
        for i, row in enumerate(distance):
            for position in first[np.argsort(row, kind="stable")[:k]]:
                chosen[i].extend(range(position, position + per_position))
    return chosen


def threshold(overlaps):
    overlaps = overlaps.astype(np.float64)
    return overlaps.mean() + (overlaps.std(ddof=1) if len(overlaps) > 1 else 0)


def assign(anchors, levels, objects, k=K, per_position=ANCHORS_OF_POSITION):
    """For each anchor the index of its object, or NEGATIVE."""
    if len(objects) == 0:
        return np.full(len(anchors), NEGATIVE)
    overlaps, points = iou(objects, anchors), centres(anchors)
    claims = np.full(overlaps.shape, -1, F)
    for i, rows in enumerate(candidates(anchors, levels, objects, k, per_position)):
        x1, y1, x2, y2 = objects[i]
        inside = (points[:, 0] > x1) & (points[:, 0] < x2) & (points[:, 1] > y1) & (points[:, 1] < y2)
        positive = np.zeros(len(anchors), bool)
        positive[rows] = overlaps[i, rows].astype(np.float64) >= threshold(overlaps[i, rows])
        positive &= inside
        claims[i, positive] = overlaps[i, positive]
    return np.where(claims.max(0) >= 0, claims.argmax(0), NEGATIVE)


def loss(logits, deltas, anchors, levels, objects, labels, normalizer, k=K, std=RETINANET_STD, gamma=GAMMA):
    return loss_of(assign(anchors, levels, objects, k), logits, deltas, anchors, objects, labels, normalizer, std, gamma)
