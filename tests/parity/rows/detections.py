"""Detections of `freeanchor replay` from given head outputs: top 1000 per level, decoding, clipping, scaling back,
NMS, the best 100; heads of a real network are among them.

Compared twice. With reference/detections.py, numpy in float32 with one rounding for every operation as in the
recipe: boxes, scores, labels and order must be equal to the last bit. exp is no operation of IEEE: the C
library's float32 exp, which the program calls, is not always the nearest number; so here the reference calls the
same one, for the arguments that can matter. Everything else in it is its own.

And with reference/plain.py, PyTorch's own sigmoid, exp and sort and torchvision's NMS. Their exp is another one:
4 in 100 scores and 1 in 10 sizes differ in the last bit. Where two scores are so near that this changes the order
of candidates, NMS goes another way, and neither is wrong: such cases are left out, and the row says how many. In
all others labels and order must be the same, scores to 4 and boxes to 10 float32 roundings.
"""
import ctypes
import ctypes.util
import pathlib

import numpy as np
import torch

from heads import Case, aim, last_digits, random_boxes, replay
from parity import Row, scratch
from real_heads import real_heads, shifted
from reference import detections as reference
from reference import boxes, plain, toy
from reference.boxes import F, LOG_CLIP, anchors_of, level_rows

CONFIG = "freeanchor_r50_fpn_1x_coco.json"
EPSILON = float(np.finfo(F).eps)
PUBLISHED = {  # image: number, label, score and box of the first
    0: (99, 2, "0.4999998", ("20.329430", "0", "41.333332", "19.939167")),
    1: (100, 1, "0.4999987", ("21.692160", "4.0427184", "41.333332", "33.490047")),
}


# The C library's exp


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


# Cases


def frame(rng, h, w):
    """Size before padding and scale, as of an image that was resized."""
    scale = rng.uniform(0.3, 3, 2)
    return dict(clip=(w - rng.randint(0, 31), h - rng.randint(0, 31)), scale_factor=(*scale, *scale))


def random_case(seed):
    """Objects are found by many anchors each, with scores near each other, among noise; in every third case
    logits come in steps, so that scores are equal."""
    rng = np.random.RandomState(seed + 1000)
    h, w = 32 * rng.randint(1, 8, 2)
    anchors, classes = anchors_of(h, w), int(np.exp(rng.uniform(0, np.log(81))))
    classes = min(classes, max(1, 60000 // len(anchors)))
    found = random_boxes(rng, rng.randint(0, 20), h, w)
    deltas = rng.normal(0, rng.choice([0, 0.3, 2]), (len(anchors), 4))
    aimed = aim(rng, deltas.copy(), anchors, found, rng.choice([0.1, 0.5]))
    logits = rng.normal(rng.uniform(-6, 0), rng.uniform(0.3, 2), (len(anchors), classes))
    logits[(aimed != deltas).any(1), rng.randint(classes)] += rng.uniform(1, 5)
    if seed % 3 == 0:
        step = rng.choice([0.125, 1, 4])
        logits = np.floor(logits / step) * step
    return Case(f"random {seed}", h, w, logits, aimed, **frame(rng, h, w))


def noise(seed, name, h, w, classes, logit, delta=0.5, **of_frame):
    rng = np.random.RandomState(seed)
    n = len(anchors_of(h, w))
    of_frame = of_frame or frame(rng, h, w)
    return Case(name, h, w, rng.normal(*logit, (n, classes)), rng.normal(0, delta, (n, 4)), **of_frame)


def few_and_many():
    yield noise(1, "nothing above the threshold", 64, 64, 3, (-9, 1))
    yield noise(2, "one class of one image, all above", 32, 32, 1, (2, 1))
    yield noise(3, "thousands above the threshold on a level", 160, 192, 5, (1, 2))
    yield noise(4, "80 classes, thousands", 96, 96, 80, (-1, 2))
    yield noise(5, "more than 100 boxes that do not overlap", 256, 256, 10, (-3, 2), 0.1)
    for value in (200, 0, 88, 3e38):
        case = noise(6, f"every logit is {value:g}", 96, 64, 4, (0, 1))
        case.logits[:] = value
        yield case
    for sign in (-1, 1):
        case = noise(7, "half of the logits are +-3e38", 64, 64, 3, (0, 1))
        case.logits[::2] = sign * 3e38
        yield case


def at_score_threshold():
    """Small boxes apart from each other, their scores next to 0.05 on either side, or on it."""
    middle, rng = F(np.log(0.05 / 0.95)), np.random.RandomState(8)
    for name, place in (("scores around the threshold", rng.randint(-40, 40, 60)), ("scores at the threshold", [0] * 60)):
        case = noise(8, name, 96, 96, 3, (-9, 1))
        case.deltas[:, 2:] -= 8
        near = rng.permutation(case.logits.size)[:60]
        case.logits.flat[near] = middle + np.array(place, F) * np.spacing(middle)
        yield case


def at_most_1000():
    """997 of a level are the whole image, of which one remains: so one sees the three after it, small boxes of
    different cells. Where the step is 0 the 1000 end among equal scores."""
    for step in (0, 1e-3):
        case = noise(11, f"three places left of 1000, steps of {step:g}", 128, 128, 1, (-9, 1))
        level = level_rows(128, 128)[0]
        order = np.random.RandomState(11).permutation(level.stop)
        case.logits[level, 0] = np.where(np.arange(level.stop) % 9, -1, -step * np.arange(level.stop))
        case.deltas[level, 2:] -= 8
        case.logits[order[:997]], case.deltas[order[:997], 2:] = 3, 30
        yield case


def at_nms_threshold():
    """Anchors that stay in place, clipped: boxes that overlap by 0.5 exactly are many."""
    for h, w, clip in ((128, 64, (64, 64)), (128, 128, (64, 64)), (128, 128, (96, 128)), (256, 256, (256, 192))):
        case = noise(h + w + clip[0], f"boxes on the grid, {h} x {w} clipped to {clip}", h, w, 2, (0, 2), 0,
                     clip=clip, scale_factor=(1, 1, 1, 1))
        yield case
        yield Case(f"{case.name}, scores in steps", h, w, np.floor(case.logits), case.deltas, clip=clip,
                   scale_factor=(0.5, 0.5, 0.5, 0.5))


def far_apart():
    """Small boxes of the last classes, so far from the first that their shifted corners have few bits left."""
    for classes, size in ((80, 128), (80, 256), (20, 256)):
        case = noise(9, f"small boxes of the last of {classes} classes, {size}", size, size, classes, (-9, 0.5), 0.3,
                     clip=(size, size), scale_factor=(0.7,) * 4)
        case.logits[:, -2:] += 9
        case.deltas[:, 2:] -= 8
        yield case


def far_deltas():
    for size in (float(LOG_CLIP) / 0.2, 100, 1e6, 1e30, 3e38):
        case = noise(10, f"deltas up to {size:.4g}", 64, 96, 3, (-1, 2))
        rng = np.random.RandomState(10)
        far = rng.rand(*case.deltas.shape) < 0.3
        case.deltas[far] = size * rng.choice([-1, 1], far.sum())
        yield case


def edges():
    for some in (few_and_many, at_score_threshold, at_most_1000, at_nms_threshold, far_apart, far_deltas):
        yield from some()


# Comparisons


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
        row.add(0 if (len(got), got[0, 0]) == (number, label) else np.inf, f"{case.name}: number, first label")
        for one, digits in zip(got[0, 1:].astype(float), (score, *box)):
            row.add(last_digits(one, digits), f"{case.name}: first box")
    return row


def rows():
    with scratch() as name:
        folder = pathlib.Path(name)
        random = replayed(map(random_case, range(200)), folder)
        edge = replayed(edges(), folder)
        real = real_heads(folder)
        sure = replayed([shifted(case, by) for case, _ in real for by in (-2, 1, 3)], folder)
        return [published(folder), bit_equal("random heads", random), bit_equal("edges", edge),
                bit_equal("real heads", real + sure), *against_torch(random + edge + real + sure)]
