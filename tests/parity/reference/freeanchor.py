"""The FreeAnchor loss of one image: PyTorch autograd in float64, the boxes in float32 (see boxes.py).

Probabilities come with their complements, 1 - P from the logit itself, so nothing is lost where P rounds to
1. The targets of the deltas are float32, as the recipe has them; the rest is float64. Three definitions
differ by design from what plain PyTorch does at an edge (plain.py is the plain one):

- -log(1 - P) is the softplus of the logit up to 100, where float32 jumps to 100 as P rounds to 1;
- the box probability is 0 for an IoU of exactly 0.6 under a best IoU of 0.6, where PyTorch has 0 / 0;
- an image with fewer than 50 anchors has bags of all its anchors, where topk raises an error.
"""
from typing import NamedTuple

import numpy as np
import torch

from reference.boxes import F, decode, encode, iou

BAG, TINY = 50, 1e-12


class Loss(NamedTuple):
    positive: float
    negative: float
    bag_probability: float  # sum over the objects
    matched_iou: float  # sum over the objects
    grad_cls: np.ndarray
    grad_reg: np.ndarray


class MinusLog(torch.autograd.Function):
    """min(-log(value), 100) given value and 1 - value, each free of cancellation; the derivative is that of
    binary cross entropy: the product value * (1 - value) is kept from below 1e-12, the limit of 100 is not
    seen."""

    @staticmethod
    def forward(ctx, value, rest):
        ctx.save_for_backward(value.detach(), rest.detach())
        exact = torch.where(rest < 0.5, -torch.log1p(-rest), -torch.log(value))
        return exact.clamp(max=100)

    @staticmethod
    def backward(ctx, grad):
        value, rest = ctx.saved_tensors
        return -grad * rest / (value * rest).clamp(min=TINY), None


def minus_log_rest(p, rest):
    """min(-log(1 - p), 100) with its gradient going to p, rest being 1 - p."""
    return MinusLog.apply(rest.detach() - (p - p.detach()), p.detach())


def probabilities(x):
    """P and 1 - P, with gradients that do not vanish where P rounds to 1."""
    q = torch.sigmoid(-x)
    return torch.where(x < 0, torch.sigmoid(x), 1 - q), torch.where(x < 0, 1 - torch.sigmoid(x), q)


def box_probability(predicted, objects, labels, classes):
    """B (J, C) and the best IoU of each object."""
    b = np.zeros((len(predicted), classes), F)
    if len(objects) == 0:
        return b, np.zeros(0, F)
    u = iou(objects, predicted)
    best = u.max(1)
    for i, c in enumerate(labels):
        t2 = np.maximum(best[i], F(0.6))
        if t2 > F(0.6):
            s = np.clip((u[i] - F(0.6)) / (t2 - F(0.6)), F(0), F(1))
            b[:, c] = np.maximum(b[:, c], s)
    return b, best


def bags_of(anchors, objects):
    """The anchors of largest IoU with each object; equal values by lowest index."""
    overlaps = iou(objects, anchors) if len(objects) else []
    return [np.argsort(-row, kind="stable")[:BAG] for row in overlaps]


def positive_losses(x, d, anchors, objects, labels):
    losses, probability = [], 0.0
    for bag, box, c in zip(bags_of(anchors, objects), objects, labels):
        target = torch.from_numpy(encode(anchors[bag], box[None]).astype(np.float64))
        error = (d[bag] - target).abs()
        smooth = torch.where(error < 0.11, 0.5 * error * error / 0.11, error - 0.055)
        box_loss = (0.75 * smooth).sum(1)
        p, q = probabilities(x[bag, c])
        m = p * torch.exp(-box_loss)
        rest = q - p * torch.expm1(-box_loss)
        weight = 1 / rest.clamp(min=TINY)
        weight = weight / weight.sum()
        bag_p, bag_rest = (weight * m).sum(), (weight * rest).sum()
        losses.append(MinusLog.apply(bag_p, bag_rest))
        probability += float(bag_p)
    return losses, probability


def negative_sum(x, b, gamma):
    b = torch.from_numpy(b.astype(np.float64))
    p, q = probabilities(x)
    rest = q + p * b
    p = (p * (1 - b)).clamp(min=TINY)
    return (p ** gamma * minus_log_rest(p, rest)).sum()


def loss(logits, deltas, anchors, objects, labels, normalizer, gamma=2.0):
    """normalizer: the number of objects of the batch."""
    x = torch.from_numpy(logits.astype(np.float64)).requires_grad_()
    d = torch.from_numpy(deltas.astype(np.float64)).requires_grad_()
    b, best = box_probability(decode(anchors, deltas), objects, labels, logits.shape[1])
    positives, probability = positive_losses(x, d, anchors, objects, labels)
    positive = 0.5 * sum(positives) / max(1, normalizer) + 0 * d.sum()
    negative = 0.5 * negative_sum(x, b, gamma) / max(1, BAG * normalizer)
    (positive + negative).backward()
    return Loss(float(positive), float(negative), probability, float(best.astype(np.float64).sum()),
                x.grad.numpy(), d.grad.numpy())
