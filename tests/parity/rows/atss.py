"""The loss of `freeanchor replay` by ATSS from given head outputs: value of both parts, gradient of every logit
and delta, and the normalizer, the number of positive anchors, where the case gives none.

Compared with reference/atss.py: the selection by whole matrices in numpy, object by object, and focal.py's loss
on it, PyTorch autograd in float64 (the program goes position by position and keeps no matrix). Shared are the
definitions at the top of both files, and that IoUs and targets are float32. The reference in its turn is held
against reference/plain.py, the selection of all objects at once in PyTorch's own functions.

Tolerance: as for FreeAnchor.
"""
import numpy as np

from cases.heads import around, edges, random_boxes, random_cases
from losses import Kind, against_plain, rows_of_cases
from parity import RANDOM_CASES, scratch
from reference import atss, plain
from reference.boxes import F, anchors_of
from reference.focal import share

KIND = Kind("ATSS", "retinanet_r50_fpn_1x_coco.json", ("cls", "bbox"),
            lambda case: share(atss.assign(case.anchors, case.levels, case.boxes)), atss.loss, plain.atss,
            options=("--set", "loss.type=atss"), by_level=True)


def between_positions():
    """Centres that are as near to two or four positions, of which the first are candidates."""
    for x, y in ((32, 32), (36, 36), (36, 32), (40, 44)):
        yield around(12, f"centre at {x} {y}", 96, 96, 3, [(x - 12, y - 10, x + 12, y + 10)], [1])


def on_the_edge():
    """Anchors whose centre lies on an object's side are not inside of it."""
    yield around(13, "sides through positions", 64, 64, 3, [(16, 16, 32, 32), (8, 24, 40, 56)], [0, 2])
    outside = np.array([anchors_of(64, 64)[300]], F) + np.array([0, 0, 0.5, 0.5], F)
    yield around(13, "an object around an anchor", 64, 64, 3, outside, [1])


def contested():
    """Anchors that are positive for several objects go to the one that they overlap most."""
    rng = np.random.RandomState(14)
    near = np.array((20, 20, 50, 54)) + rng.uniform(-4, 4, (12, 4))
    yield around(14, "twelve boxes near each other", 64, 96, 4, near, rng.randint(0, 4, 12))
    yield around(15, "boxes within boxes", 96, 96, 2, [(48 - s, 48 - s, 48 + s, 48 + s) for s in (8, 16, 30, 46)],
                 [0, 1, 0, 1])
    yield around(16, "more than the positions of a level", 64, 64, 3, random_boxes(rng, 30, 64, 64),
                 rng.randint(0, 3, 30))


def all_edges():
    return [*edges(), *between_positions(), *on_the_edge(), *contested()]


def rows():
    with scratch() as folder:
        return [*rows_of_cases(KIND, "random heads", random_cases(RANDOM_CASES), folder),
                *rows_of_cases(KIND, "edges", all_edges(), folder),
                against_plain(KIND, [*random_cases(40), *all_edges()])]
