"""Heads made for the rows of detections: random ones, and those that sit on a border of the recipe."""
import numpy as np

from cases.heads import Case, aim, random_boxes
from reference.boxes import F, LOG_CLIP, anchors_of, level_rows


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
    for name, place in (("scores around the threshold", rng.randint(-40, 40, 60)),
                        ("scores at the threshold", np.zeros(60))):
        case = noise(8, name, 96, 96, 3, (-9, 1))
        case.deltas[:, 2:] -= 8
        near = rng.permutation(case.logits.size)[:60]
        case.logits.flat[near] = middle + place.astype(F) * np.spacing(middle)
        yield case


def at_most_1000():
    """997 of a level are the whole image, of which one remains: so one sees the three after it, small boxes
    of different cells. Where the step is 0 the 1000 end among equal scores."""
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
    for h, w, clip in ((128, 64, (64, 64)), (128, 128, (64, 64)), (128, 128, (96, 128)),
                       (256, 256, (256, 192))):
        case = noise(h + w + clip[0], f"boxes on the grid, {h} x {w} clipped to {clip}", h, w, 2, (0, 2), 0,
                     clip=clip, scale_factor=(1, 1, 1, 1))
        yield case
        yield Case(f"{case.name}, scores in steps", h, w, np.floor(case.logits), case.deltas, clip=clip,
                   scale_factor=(0.5, 0.5, 0.5, 0.5))


def far_apart():
    """Small boxes of the last classes, so far from the first that shifted corners have few bits left."""
    for classes, size in ((80, 128), (80, 256), (20, 256)):
        case = noise(9, f"small boxes of the last of {classes} classes, {size}", size, size, classes,
                     (-9, 0.5), 0.3, clip=(size, size), scale_factor=(0.7,) * 4)
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
