"""Detections of `freeanchor replay` from given head outputs: top 1000 per level, decoding, clipping, scaling
back, NMS, the best 100; heads of a real network are among them.

Compared twice. With reference/detections.py, numpy in float32 with one rounding for every operation as in the
recipe: boxes, scores, labels and order must be equal to the last bit. exp is no operation of IEEE: the C
library's float32 exp, which the program calls, is not always the nearest number; so here the reference calls
the same one, for the arguments that can matter. Everything else in it is its own.

And with reference/plain.py, PyTorch's own sigmoid, exp and sort and torchvision's NMS. Their exp is another
one: 4 in 100 scores and 1 in 10 sizes differ in the last bit. Where two scores are so near that this changes
the order of candidates, NMS goes another way, and neither is wrong: such cases are left out, and the row says
how many. In all others labels and order must be the same, scores to 4 and boxes to 10 float32 roundings.
"""
import ctypes
import ctypes.util
import pathlib

import numpy as np
import torch

from cases.detection_heads import edges, random_case
from cases.heads import Case, last_digits, replay
from cases.real_heads import real_heads, shifted
from parity import RANDOM_CASES, Row, scratch
from reference import boxes, plain, toy
from reference import detections as reference
from reference.boxes import F, level_rows

CONFIG = "freeanchor_r50_fpn_1x_coco.json"
EPSILON = float(np.finfo(F).eps)
PUBLISHED = {  # image: number, label, score and box of the first
    0: (99, 2, "0.4999998", ("20.329430", "0", "41.333332", "19.939167")),
    1: (100, 1, "0.4999987", ("21.692160", "4.0427184", "41.333332", "33.490047")),
}


def load_expf():
    expf = ctypes.CDLL(ctypes.util.find_library("m")).expf
    expf.argtypes, expf.restype = [ctypes.c_float], ctypes.c_float
    return np.frompyfunc(expf, 1, 1)


EXPF = load_expf()


def library_exp(x):
    """Above 4.2 is no exponent of a size, and no score above the threshold."""
    found = boxes.exp(x)
    small = x < 4.2
    found[small] = EXPF(x[small]).astype(F)
    return found


def replayed(cases, folder):
    """[(case, detections)]."""
    return [(case, replay(case, CONFIG, folder)["detections"]) for case in cases]


def rows_that_differ(got, want):
    """got is (D, 6); want a Found."""
    want = np.concatenate([want.labels[:, None].astype(F), want.scores[:, None], want.boxes], 1)
    if len(got) != len(want):
        return max(len(got), len(want))
    return int((got != want).any(1).sum())


def bit_equal(what, pairs):
    row = Row(f"detections, {what}: bit for bit", len(pairs), "rows that differ", 0)
    for case, got in pairs:
        want = reference.detections(case.logits, case.deltas, case.h, case.w, case.clip, case.scale_factor,
                                    exp=library_exp)
        row.add(rows_that_differ(got, want), case.name)
    return row


def torch_candidates(case):
    """And whether they are in the order of the nearest exp."""
    found = plain.candidates(torch.from_numpy(case.logits), torch.from_numpy(case.deltas),
                             torch.from_numpy(case.anchors), level_rows(case.h, case.w), case.clip,
                             case.scale_factor)
    own = reference.candidates(case.logits, case.deltas, case.h, case.w, case.clip, case.scale_factor)
    return found, np.array_equal(found[2].numpy(), own[2])


def add_torch_case(case, got, candidates, order, score, box):
    found, scores, pairs = candidates
    labels = pairs % case.logits.shape[1]
    kept = plain.detections(found, scores, labels)
    found, scores, labels = (of[kept].numpy() for of in (found, scores, labels))
    order.add(np.inf if len(got) != len(kept) else (got[:, 0] != labels).sum(), case.name)
    if len(got) == len(kept) > 0:
        score.add(np.abs(got[:, 1] / scores - 1).max() / EPSILON, case.name)
        box.add(np.abs(got[:, 2:] - found).max() / (EPSILON * found.max()), case.name)
    for row in (order, score, box):
        row.cases += 1


def against_torch(pairs):
    rows = (Row("labels in order", 0, "rows that differ", 0), Row("scores", 0, "roundings of float32", 4),
            Row("boxes", 0, "roundings of the largest", 10))
    for case, got in pairs:
        candidates, same_order = torch_candidates(case)
        if same_order:
            add_torch_case(case, got, candidates, *rows)
    for row in rows:
        row.what = f"detections, PyTorch: {row.what} ({len(pairs) - row.cases} near ties out)"
    return rows


def published(folder):
    row = Row("detections, the published toy batch", len(PUBLISHED), "units of the last digit", 1)
    for n, (number, label, score, box) in PUBLISHED.items():
        case = Case(f"toy, image {n}", *toy.SIZE, *toy.head(n), clip=toy.CLIP, scale_factor=toy.SCALE_FACTOR)
        got = replay(case, CONFIG, folder)["detections"]
        as_published = (len(got), got[0, 0]) == (number, label)
        row.add(0 if as_published else np.inf, f"{case.name}: number, first label")
        for one, digits in zip(got[0, 1:].astype(float), (score, *box)):
            row.add(last_digits(one, digits), f"{case.name}: first box")
    return row


def rows():
    with scratch() as name:
        folder = pathlib.Path(name)
        random = replayed(map(random_case, range(RANDOM_CASES)), folder)
        edge = replayed(edges(), folder)
        real = real_heads(folder)
        sure = replayed([shifted(case, by) for case, _ in real for by in (-2, 1, 3)], folder)
        return [published(folder), bit_equal("random heads", random), bit_equal("edges", edge),
                bit_equal("real heads", real + sure), *against_torch(random + edge + real + sure)]
