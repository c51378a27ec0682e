"""The focal loss of RetinaNet and its assignment of anchors: PyTorch autograd in float64, the boxes in
float32 (see boxes.py). The image is not padded to a neighbour's size, so every anchor counts.

-log P and -log(1 - P) come from the logit. Both stop at -log of the smallest normal float32, about 87.3, and
the gradient does not see that. A float32 program that takes log(1 - P) of the rounded P jumps to 87.3 as P
rounds to 1, at logits above 17; here it is the softplus all the way, by design.
"""
from typing import NamedTuple

import numpy as np
import torch

from reference.boxes import F, RETINANET_STD, encode, iou

POSITIVE_IOU, NEGATIVE_IOU = F(0.5), F(0.4)
ALPHA, GAMMA = 0.25, 2.0
LOG_LIMIT = -float(np.log(np.finfo(F).tiny))
NEGATIVE, IGNORED = -1, -2


class Loss(NamedTuple):
    cls: float
    bbox: float
    grad_cls: np.ndarray
    grad_reg: np.ndarray


def assign(anchors, objects):
    """For each anchor the index of its object, or NEGATIVE or IGNORED.

    Every object also takes the anchors of its own largest IoU, however small, from whomever had them: a later
    object from an earlier one.
    """
    if len(objects) == 0:
        return np.full(len(anchors), NEGATIVE)
    overlaps = iou(objects, anchors)
    best = overlaps.max(0)
    found = np.where(best >= POSITIVE_IOU, overlaps.argmax(0), IGNORED)
    found[best < NEGATIVE_IOU] = NEGATIVE
    for i, row in enumerate(overlaps):
        found[row == row.max()] = i
    return found


def share(found):
    """What this image adds to the normalizer of its batch."""
    return max(1, int((found >= 0).sum()))


def limited(minus_log):
    """At most LOG_LIMIT, with the gradient of what it was."""
    return minus_log.detach().clamp(max=LOG_LIMIT) + (minus_log - minus_log.detach())


def focal(x, hit, gamma):
    """(J, C); hit tells which anchor is positive in which class."""
    p, q = torch.sigmoid(x), torch.sigmoid(-x)
    positive = ALPHA * q ** gamma * limited(-torch.nn.functional.logsigmoid(x))
    negative = (1 - ALPHA) * p ** gamma * limited(-torch.nn.functional.logsigmoid(-x))
    return torch.where(hit, positive, negative)


def loss_of(found, logits, deltas, anchors, objects, labels, normalizer, std, gamma):
    """found: which object each anchor has. normalizer: the sum over the batch of each image's share; the recipe adds a float32 epsilon."""
    normalizer = normalizer + float(np.finfo(F).eps)
    x = torch.from_numpy(logits.astype(np.float64)).requires_grad_()
    d = torch.from_numpy(deltas.astype(np.float64)).requires_grad_()
    rows = np.flatnonzero(found >= 0)
    hit = torch.zeros(x.shape, dtype=torch.bool)
    hit[rows, np.asarray(labels, int)[found[rows]]] = True
    target = encode(anchors[rows], objects[found[rows]], std).astype(np.float64)
    cls = focal(x, hit, gamma)[torch.from_numpy(found != IGNORED)].sum() / normalizer
    bbox = (d[rows] - torch.from_numpy(target)).abs().sum() / normalizer
    (cls + bbox).backward()
    return Loss(float(cls), float(bbox), x.grad.numpy(), d.grad.numpy())


def loss(logits, deltas, anchors, objects, labels, normalizer, std=RETINANET_STD, gamma=GAMMA):
    return loss_of(assign(anchors, objects), logits, deltas, anchors, objects, labels, normalizer, std, gamma)
