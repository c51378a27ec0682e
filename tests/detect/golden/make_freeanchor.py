"""Writes freeanchor.bin: losses and gradients of small cases, by autograd in float64.

Usage: python3 make_freeanchor.py    (beside this file; needs numpy and torch)

A record, little endian: int32 h w classes objects seed; float32 logit_scale logit_offset delta_scale; float64
gamma normalizer; float32 boxes (objects, 4); int32 labels; float64 positive negative bag_probability
matched_iou; float32 grad_cls (anchors, classes), grad_reg (anchors, 4). Inputs are noise(seed) scaled.
"""
import os
import struct

import numpy as np
import torch

from reference import F, anchors_of, decode, encode, iou, noise

BAG, TINY = 50, 1e-12


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


def positive_losses(x, d, anchors, objects, labels):
    losses, bags = [], []
    overlaps = iou(objects, anchors) if len(objects) else []
    for i, c in enumerate(labels):
        bag = np.argsort(-overlaps[i], kind="stable")[:BAG]  # equal values: lowest index first
        target = torch.from_numpy(encode(anchors[bag], objects[i][None]).astype(np.float64))
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
        bags.append(float(bag_p))
    return losses, bags


def negative_sum(x, b, gamma):
    b = torch.from_numpy(b.astype(np.float64))
    p, q = probabilities(x)
    rest = q + p * b
    p = (p * (1 - b)).clamp(min=TINY)
    return (p ** gamma * minus_log_rest(p, rest)).sum()


def loss(logits, deltas, anchors, objects, labels, normalizer, gamma=2.0):
    x = torch.from_numpy(logits.astype(np.float64)).requires_grad_()
    d = torch.from_numpy(deltas.astype(np.float64)).requires_grad_()
    b, best = box_probability(decode(anchors, deltas), objects, labels, logits.shape[1])
    positives, bags = positive_losses(x, d, anchors, objects, labels)
    positive = 0.5 * sum(positives) / max(1, normalizer) + 0 * d.sum()
    negative = 0.5 * negative_sum(x, b, gamma) / max(1, BAG * normalizer)
    (positive + negative).backward()
    return float(positive), float(negative), sum(bags), float(best.astype(np.float64).sum()), x.grad, d.grad


def check_appendix():
    """The published numbers of the toy case: this reference agrees with the original program."""
    anchors = anchors_of(64, 64)
    j, total = np.arange(len(anchors))[:, None], np.zeros(4)
    objects = [np.array([[5, 11, 44.25, 46.75], [0.5, 2.75, 50.75, 50.25]], F), np.array([[19.5, 9.75, 35.25, 39.75]], F)]
    for n, labels in enumerate(([1, 1], [0])):
        logits = (2 * np.sin(0.37 * j + 1.3 * np.arange(3) + 0.5 * n) - 2).astype(F)
        deltas = (0.5 * np.cos(0.11 * j + 0.7 * np.arange(4) + 0.3 * n)).astype(F)
        positive, negative, _, _, gx, gd = loss(logits, deltas, anchors, objects[n], labels, 3)
        total += positive, negative, gx.abs().sum(), gd.abs().sum()
    assert np.allclose(total, (2.8720887, 0.5609485, 1.3332742, 1.3872425), rtol=3e-7), total


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
    values = noise(seed, len(anchors) * (classes + 4))
    split = len(anchors) * classes
    logits = (values[:split] * F(logit_scale) + F(logit_offset)).reshape(-1, classes)
    deltas = (values[split:] * F(delta_scale)).reshape(-1, 4)
    positive, negative, bags, matched, gx, gd = loss(logits, deltas, anchors, objects, labels, normalizer, gamma)
    return (struct.pack("<5i3f2d", h, w, classes, len(objects), seed, logit_scale, logit_offset, delta_scale,
                        gamma, normalizer)
            + objects.astype("<f4").tobytes() + np.asarray(labels, "<i4").tobytes()
            + struct.pack("<4d", positive, negative, bags, matched)
            + gx.numpy().astype("<f4").tobytes() + gd.numpy().astype("<f4").tobytes())


if __name__ == "__main__":
    check_appendix()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "freeanchor.bin"), "wb") as out:
        for case in cases():
            out.write(record(*case))
