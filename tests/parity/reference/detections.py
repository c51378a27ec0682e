"""Detections of one image from the head's outputs, as at test time: numpy in float32, step by step.

Equal scores keep the order of the candidates: level, anchor, class. exp is an argument, for its last bit
differs between libraries and decides the order of scores that are next to each other.
"""
from typing import NamedTuple

import numpy as np

from reference import boxes
from reference.boxes import F, FREEANCHOR_STD, anchors_of, decode, level_rows


class Options(NamedTuple):
    score_threshold: float = 0.05
    pre_nms: int = 1000
    nms_iou: float = 0.5
    max_per_image: int = 100
    std: tuple = FREEANCHOR_STD


class Found(NamedTuple):
    labels: np.ndarray  # (D)
    scores: np.ndarray  # (D) float32, falling
    boxes: np.ndarray  # (D, 4) float32, pixels of the original image


def sigmoid(logits, exp):
    with np.errstate(over="ignore"):
        return F(1) / (F(1) + exp(-logits))


def level_candidates(logits, deltas, anchors, clip, scale_factor, options, exp):
    classes = logits.shape[1]
    scores = sigmoid(logits, exp).reshape(-1)
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > F(options.score_threshold)][:options.pre_nms]
    found = decode(anchors[order // classes], deltas[order // classes], options.std, exp)
    limit = np.array([*clip, *clip], F)
    return np.clip(found, F(0), limit) / np.asarray(scale_factor, F), scores[order], order


def candidates(logits, deltas, h, w, clip, scale_factor, options=Options(), exp=boxes.exp):
    """Boxes and scores of all levels before NMS, and which they are: anchor * classes + class."""
    anchors = anchors_of(h, w)
    found, scores, pairs = [], [], []
    for rows in level_rows(h, w):
        parts = level_candidates(logits[rows], deltas[rows], anchors[rows], clip, scale_factor, options, exp)
        found.append(parts[0])
        scores.append(parts[1])
        pairs.append(parts[2] + rows.start * logits.shape[1])
    return np.concatenate(found), np.concatenate(scores), np.concatenate(pairs)


def suppressed_by(best, others, threshold):
    """Which of the others overlap the best box too much: inter > threshold * union."""
    wh = np.maximum(np.minimum(best[2:], others[:, 2:]) - np.maximum(best[:2], others[:, :2]), F(0))
    inter = wh[:, 0] * wh[:, 1]
    area = (best[2] - best[0]) * (best[3] - best[1])
    areas = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    return inter > F(threshold) * (area + areas - inter)


def shift_apart(found, labels):
    """Moves the classes beyond each other, so that one pass of NMS treats them apart; the float32 rounding of
    the moved corners is part of the recipe."""
    return found + (labels.astype(F) * (found.max() + F(1)))[:, None]


def nms(shifted, scores, threshold, limit):
    """Indices kept, best first."""
    alive = np.argsort(-scores, kind="stable")
    kept = []
    while len(alive) and len(kept) < limit:
        best, alive = alive[0], alive[1:]
        kept.append(best)
        alive = alive[~suppressed_by(shifted[best], shifted[alive], threshold)]
    return np.array(kept, int)


def detections(logits, deltas, h, w, clip, scale_factor, options=Options(), exp=boxes.exp):
    """clip is (width, height) of the image before padding; resized = original * scale_factor (x y x y)."""
    found, scores, pairs = candidates(logits, deltas, h, w, clip, scale_factor, options, exp)
    labels = pairs % logits.shape[1]
    if len(found) == 0:
        return Found(labels, scores, found)
    kept = nms(shift_apart(found, labels), scores, options.nms_iou, options.max_per_image)
    return Found(labels[kept], scores[kept], found[kept])
