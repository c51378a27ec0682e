"""Writes crops.h: what mmdetection's MinIoURandomCrop cuts of 400 canvases, by the Philox of make_scales.py.

Usage: python3 make_crops.py    (beside this file)
"""
import pathlib
import random

import numpy as np

from make_scales import SEED, WORD, below, philox, place

F = np.float32
PURPOSE = 12
N = 400
MIN_IOUS, MIN_CROP_SIZE = [F(x) for x in (0.1, 0.3, 0.5, 0.7, 0.9)], 0.3


def words(epoch, position):
    block = 0
    while True:
        yield from philox((block, position, epoch & WORD, (epoch >> 32) ^ PURPOSE << 24), (SEED & WORD, SEED >> 32))
        block += 1


def uniform(stream, low, high):
    fraction = ((next(stream) >> 5) * 2**26 + (next(stream) >> 6)) / 2**53
    return low + fraction * (high - low)


def overlaps(patch, boxes):
    """mmdetection's bbox_overlaps of one box with all."""
    lt, rb = np.maximum(patch[:2], boxes[:, :2]), np.minimum(patch[2:], boxes[:, 2:])
    inter = np.prod((rb - lt).clip(F(0)), axis=1, dtype=F)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1, dtype=F)
    return inter / np.maximum(F((patch[2] - patch[0]) * (patch[3] - patch[1])) + areas - inter, F(1e-6))


def crop(stream, w, h, boxes):
    """The patch, x1 y1 x2 y2, or all of the canvas; boxes lie on the canvas."""
    while True:
        modes = [*MIN_IOUS, F(0), None]
        mode = modes[below(stream, len(modes))]
        if mode is None:
            return 0, 0, w, h
        for _ in range(50):
            new_w, new_h = uniform(stream, MIN_CROP_SIZE * w, w), uniform(stream, MIN_CROP_SIZE * h, h)
            left, top = uniform(stream, 0, w - new_w), uniform(stream, 0, h - new_h)
            if new_h / new_w < 0.5 or new_h / new_w > 2:
                continue
            patch = int(left), int(top), int(left + new_w), int(top + new_h)
            if patch[2] == patch[0] or patch[3] == patch[1]:
                continue
            moved = boxes - np.array(patch[:2] * 2, F)
            size = patch[2] - patch[0], patch[3] - patch[1]
            if len(boxes) and overlaps(np.array((0, 0, *size), F), moved).min() < mode:
                continue
            centres = (moved[:, :2] + moved[:, 2:]) / F(2)
            if len(boxes) and not ((centres > 0) & (centres < np.array(size, F))).all(axis=1).any():
                continue
            return patch


def canvas(sample):
    """Size, where an image of half the size lies on it, and the boxes of that."""
    draw = random.Random(sample)
    w, h = draw.choice([(640, 480), (480, 640), (333, 500), (64, 48), (900, 120), (40, 33)])
    left, top = draw.choice([(0, 0), (w // 5, h // 3)])
    boxes = []
    for _ in range(draw.choice([0, 1, 1, 2, 3, 6])):
        x, y = draw.uniform(0, w / 2 - 3), draw.uniform(0, h / 2 - 3)
        large = draw.choice([0.2, 1])
        boxes.append((x, y, x + draw.uniform(2, large * (w / 2 - x) + 2), y + draw.uniform(2, large * (h / 2 - y) + 2)))
    return w, h, left, top, np.array(boxes, F).reshape(-1, 4)


def row(sample):
    w, h, left, top, boxes = canvas(sample)
    patch = crop(words(*place(sample)), w, h, boxes + np.array([left, top, left, top], F))
    numbers = ", ".join(float(v).hex() for v in boxes.ravel()) or "0"
    return "    {%d, %d, %d, %d, %d, {%s}, {%d, %d, %d, %d}}," % (w, h, left, top, len(boxes), numbers, *patch)


if __name__ == "__main__":
    HERE = pathlib.Path(__file__).resolve().parent
    (HERE / "crops.h").write_text(
        "/* Made by make_crops.py. */\n/* clang-format off */\nstatic const struct golden_crop golden_crops[] = {\n%s\n};\n/* clang-format on */\n"
        % "\n".join(map(row, range(N)))
    )
