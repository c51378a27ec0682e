"""The focal loss of `freeanchor replay` from given head outputs: value of both parts, gradient of every logit
and delta, and the normalizer, the number of positive anchors, where the case gives none.

Compared with reference/focal.py: PyTorch autograd in float64, the assignment of anchors written as the recipe
tells it, object by object over the whole matrix of IoUs (the program keeps no matrix and goes block by
block). Shared is the definition at the top of that file, softplus where float32 jumps, and that IoUs and
targets are float32. The reference in its turn is held against reference/plain.py, and the program against the
published toy batch.

Tolerance: as for FreeAnchor.
"""
import numpy as np

from cases.heads import Case, around, edges, last_digits, plain_head, random_cases, replay
from losses import Kind, against_plain, rows_of_cases
from parity import RANDOM_CASES, Row, scratch
from reference import focal, plain, toy
from reference.boxes import F, anchors_of, iou


def share(case):
    return focal.share(focal.assign(case.anchors, case.boxes))


KIND = Kind("focal", "retinanet_r50_fpn_1x_coco.json", ("cls", "bbox"), share, focal.loss, plain.retinanet)
PUBLISHED, POSITIVES = ("2.5069201", "1.4307130"), 57


def published(folder):
    row = Row("focal, the published toy batch", 1, "units of the last digit", 2)
    cases = [Case("toy", *toy.SIZE, *toy.head(n), *toy.OBJECTS[n], POSITIVES) for n in toy.IMAGES]
    results = [replay(case, KIND.config, folder) for case in cases]
    for part, value in zip(KIND.parts, PUBLISHED):
        row.add(last_digits(sum(result[f"loss/{part}"] for result in results), value), part)
    row.add(abs(sum(map(share, cases)) - POSITIVES), "positive anchors")
    return row


def at_thresholds():
    """An object of which some anchors have IoU 0.4 or 0.5 to the last bit, the first of ignored and of
    positive, while it overlaps others more, so that those are not its own best."""
    anchors = anchors_of(64, 64)
    for threshold in (0.4, 0.5):
        area = 32 * 32 / threshold  # of a box around a smallest square anchor
        found = [(0, y, side, y + area / side) for side in (32, 40, 50, 64) for y in (0, 3, 8)]
        overlaps = iou(np.array(found, F), anchors)
        exact = (overlaps == F(threshold)).sum(1) * (overlaps.max(1) > F(threshold))
        best = np.argsort(-exact, kind="stable")[:4]
        if exact[best[0]] == 0:
            raise AssertionError(f"no box overlaps an anchor by {threshold}")
        for i in best[exact[best] > 0]:
            yield around(10, f"IoU {threshold} with {exact[i]} anchors, box {i}", 64, 64, 3, [found[i]], [1])


def on_targets():
    """Positive deltas that are their targets: L1 has no slope there."""
    anchors = anchors_of(64, 64)
    boxes = anchors[[100, 300, 575, 600, 700, 770]]
    deltas = np.zeros((774, 4))
    deltas[::2] = 0.25
    yield Case("objects are anchors", 64, 64, plain_head(11, 64, 64, 3)[0], deltas, boxes, [0, 1, 2, 0, 1, 2])


def all_edges():
    return [*edges(), *at_thresholds(), *on_targets()]


def rows():
    with scratch() as folder:
        return [published(folder),
                *rows_of_cases(KIND, "random heads", random_cases(RANDOM_CASES), folder),
                *rows_of_cases(KIND, "edges", all_edges(), folder),
                against_plain(KIND, [*random_cases(40), *all_edges()])]
