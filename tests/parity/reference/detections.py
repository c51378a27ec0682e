"""Detections of one image from the head's outputs, as at test time: numpy in float32, step by step.

Equal scores keep the order of the candidates: level, anchor, class.
"""
from typing import NamedTuple

import numpy as np

from reference.boxes import F, FREEANCHOR_STD, anchors_of, decode, exp, level_rows


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


def sigmoid(logits):
    with np.errstate(over="ignore"):
        return F(1) / (F(1) + exp(-logits))


def level_candidates(logits, deltas, anchors, clip, scale_factor, options):
    classes = logits.shape[1]
    scores = sigmoid(logits).reshape(-1)
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > F(options.score_threshold)][:options.pre_nms]
    boxes = decode(anchors[order // classes], deltas[order // classes], options.std)
    limit = np.array([*clip, *clip], F)
    return np.clip(boxes, F(0), limit) / np.asarray(scale_factor, F), scores[order], order % classes


def suppressed_by(best, boxes, threshold):
    """Which of the boxes overlap the best one too much: inter > threshold * union."""
    wh = np.maximum(np.minimum(best[2:], boxes[:, 2:]) - np.maximum(best[:2], boxes[:, :2]), F(0))
    inter = wh[:, 0] * wh[:, 1]
    area = (best[2] - best[0]) * (best[3] - best[1])
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return inter > F(threshold) * (area + areas - inter)


def nms(boxes, scores, labels, threshold, limit):
    """Indices kept, best first. One pass treats the classes apart: each is shifted beyond the one before."""
    shifted = boxes + (labels.astype(F) * (boxes.max() + F(1)))[:, None]
    alive = np.argsort(-scores, kind="stable")
    kept = []
    while len(alive) and len(kept) < limit:
        best, alive = alive[0], alive[1:]
        kept.append(best)
        alive = alive[~suppressed_by(shifted[best], shifted[alive], threshold)]
    return np.array(kept, int)


def detections(logits, deltas, h, w, clip, scale_factor, options=Options()):
    """clip is (width, height) of the image before padding; resized = original * scale_factor (x y x y)."""
    anchors = anchors_of(h, w)
    parts = [level_candidates(logits[rows], deltas[rows], anchors[rows], clip, scale_factor, options)
             for rows in level_rows(h, w)]
    boxes, scores, labels = (np.concatenate(column) for column in zip(*parts))
    if len(boxes) == 0:
        return Found(labels, scores, boxes)
    kept = nms(boxes, scores, labels, options.nms_iou, options.max_per_image)
    return Found(labels[kept], scores[kept], boxes[kept])
