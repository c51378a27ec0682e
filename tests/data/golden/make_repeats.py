"""Writes repeats.h: repeat factors of LVIS (mmdetection's ClassBalancedDataset) of 12 small datasets, in numpy.

Usage: python3 make_repeats.py    (beside this file)
"""
import pathlib
import random

import numpy as np

N, CLASSES = 9, 4


def case(seed):
    draw = random.Random(seed)
    shown = [[draw.choice([0, 0, 0, 1, 1, 2, 3]) for _ in range(draw.randrange(4))] for _ in range(N)]
    threshold = draw.choice([0.0, 0.1, 0.3, 0.5, 1.0])
    weights = draw.choice([None, (1.0, 3.0), (0.5, 2.0)])
    return shown, threshold, weights


def factors(shown, threshold, weights):
    """mmdetection's _get_repeat_factors, times the weight of the part: the last three images are the second one."""
    has = np.zeros((N, CLASSES), bool)
    for image, labels in enumerate(shown):
        has[image, labels] = True
    frequency = has.mean(axis=0)
    of_class = np.maximum(1, np.sqrt(threshold / np.where(frequency > 0, frequency, 1)))
    of_image = np.where(has, of_class, 1).max(axis=1)
    return of_image * np.repeat(weights or (1.0, 1.0), (N - 3, 3))


def row(seed):
    shown, threshold, weights = case(seed)
    repeats = factors(shown, threshold, weights)
    whole = np.ceil(repeats.sum())
    until = np.cumsum(repeats * whole / repeats.sum())
    labels = [label for labels in shown for label in labels]
    return "    {{%s}, {%s}, %r, %s, {%s}, {%s}}," % (
        ", ".join(str(len(labels)) for labels in shown),
        ", ".join(map(str, labels)) or "0",
        threshold,
        "true" if weights else "false",
        ", ".join("%rf" % w for w in weights or (1.0, 1.0)),
        ", ".join(map(repr, until.tolist())),
    )


if __name__ == "__main__":
    HERE = pathlib.Path(__file__).resolve().parent
    (HERE / "repeats.h").write_text(
        "/* Made by make_repeats.py. */\n/* clang-format off */\nenum { REPEAT_IMAGES = %d, REPEAT_CLASSES = %d };\n"
        "static const struct golden_repeat golden_repeats[] = {\n%s\n};\n/* clang-format on */\n" % (N, CLASSES, "\n".join(map(row, range(12))))
    )
