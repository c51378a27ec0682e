"""Anchors, IoU and the box coder, from their formulas: numpy in float32, step by step as PyTorch does it.

What is decided by these numbers (who is in a bag, which IoU is above a threshold, what NMS suppresses) jumps
where they change in the last bit, so here float32 is part of the recipe, with one rounding for every
operation. exp and log are taken in float64 and rounded once: that is the nearest float32, from which every
good library differs by a last bit now and then.
"""
import numpy as np

F = np.float32
FREEANCHOR_STD = (0.1, 0.1, 0.2, 0.2)
RETINANET_STD = (1, 1, 1, 1)
LOG_CLIP = F(abs(np.log(16 / 1000)))


def pyramid(h, w):
    """[(stride, h, w)] of P3..P7."""
    sizes = [(h // s, w // s) for s in (8, 16, 32)]
    for _ in range(2):
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return [(8 << k, *size) for k, size in enumerate(sizes)]


def level_rows(h, w):
    """The slice of anchors of each level."""
    ends = np.cumsum([9 * fh * fw for _, fh, fw in pyramid(h, w)])
    return [slice(begin, end) for begin, end in zip([0, *ends], ends)]


def anchors_of(h, w):
    rows = []
    scales = np.array([4 * 2 ** (k / 3) for k in range(3)]).astype(F)
    h_ratios = np.sqrt(np.array([0.5, 1, 2], F))
    w_ratios = F(1) / h_ratios
    for stride, fh, fw in pyramid(h, w):
        ws = ((F(stride) * w_ratios)[:, None] * scales[None]).reshape(-1)
        hs = ((F(stride) * h_ratios)[:, None] * scales[None]).reshape(-1)
        cell = np.stack([F(-0.5) * ws, F(-0.5) * hs, F(0.5) * ws, F(0.5) * hs], 1)
        ys, xs = np.meshgrid(np.arange(fh) * stride, np.arange(fw) * stride, indexing="ij")
        shift = np.stack([xs, ys, xs, ys], -1).astype(F).reshape(-1, 1, 4)
        rows.append((shift + cell[None]).reshape(-1, 4))
    return np.concatenate(rows)


def iou(objects, boxes):
    """(G, J). A box at infinity has no area that is a number; it overlaps nothing."""
    a, b = objects[:, None], boxes[None]
    with np.errstate(all="ignore"):
        wh = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), F(0))
        inter = wh[..., 0] * wh[..., 1]
        area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])
        area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
        return inter / np.fmax(area_a + area_b - inter, F(1e-6))


def exp(x):
    return np.exp(x.astype(np.float64)).astype(F)


def encode(anchors, objects, std=FREEANCHOR_STD):
    pc, ps = (anchors[..., :2] + anchors[..., 2:]) * F(0.5), anchors[..., 2:] - anchors[..., :2]
    gc, gs = (objects[..., :2] + objects[..., 2:]) * F(0.5), objects[..., 2:] - objects[..., :2]
    log_size = np.log((gs / ps).astype(np.float64)).astype(F)
    return np.concatenate([(gc - pc) / ps, log_size], -1) / np.array(std, F)


def decode(anchors, deltas, std=FREEANCHOR_STD, exp=exp):
    """Not clipped to an image."""
    pc, ps = (anchors[:, :2] + anchors[:, 2:]) * F(0.5), anchors[:, 2:] - anchors[:, :2]
    with np.errstate(over="ignore"):
        d = deltas * np.array(std, F)
        centre = pc + ps * d[:, :2]
        size = ps * exp(np.clip(d[:, 2:], -LOG_CLIP, LOG_CLIP))
        return np.concatenate([centre - size * F(0.5), centre + size * F(0.5)], 1)
