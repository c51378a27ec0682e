"""The pieces of the recipe that every golden file of this folder shares, written from the formulas.

Boxes, IoU and the coder are float32, step by step; what follows from them is float64.
"""
import numpy as np

F = np.float32
LEVELS = 5


def pyramid(h, w):
    """[(stride, h, w)] of P3..P7."""
    sizes = [(h // s, w // s) for s in (8, 16, 32)]
    for _ in range(2):
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return [(8 << k, *size) for k, size in enumerate(sizes)]


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
    """(G, J) float32."""
    a, b = objects[:, None], boxes[None]
    wh = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), F(0))
    inter = wh[..., 0] * wh[..., 1]
    area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    return inter / np.maximum(area_a + area_b - inter, F(1e-6))


STD = np.array([0.1, 0.1, 0.2, 0.2], F)
LOG_CLIP = F(abs(np.log(16 / 1000)))


def encode(anchors, objects):
    pc, ps = (anchors[..., :2] + anchors[..., 2:]) * F(0.5), anchors[..., 2:] - anchors[..., :2]
    gc, gs = (objects[..., :2] + objects[..., 2:]) * F(0.5), objects[..., 2:] - objects[..., :2]
    return np.concatenate([(gc - pc) / ps, np.log(gs / ps)], -1) / STD


def decode(anchors, deltas):
    pc, ps = (anchors[:, :2] + anchors[:, 2:]) * F(0.5), anchors[:, 2:] - anchors[:, :2]
    d = deltas * STD
    centre = pc + ps * d[:, :2]
    size = ps * np.exp(np.clip(d[:, 2:], -LOG_CLIP, LOG_CLIP))
    return np.concatenate([centre - size * F(0.5), centre + size * F(0.5)], 1)


def noise(seed, n):
    """n float32 in [-1, 1), multiples of 2^-15, the same in C: see golden.h."""
    x = (np.arange(n, dtype=np.uint64) + np.uint64(seed) * np.uint64(1000003)) & np.uint64(0xFFFFFFFF)
    for multiplier, shift in ((0x9E3779B1, 16), (0x85EBCA6B, 13), (0xC2B2AE35, 16)):
        x = (x * np.uint64(multiplier)) & np.uint64(0xFFFFFFFF)
        x ^= x >> np.uint64(shift)
    return ((x >> np.uint64(16)).astype(np.int64) - 32768).astype(F) * F(2.0 ** -15)
