"""Outputs of a head and the objects of its image, without a network: cases for `freeanchor replay`.

Random ones from small to middle size, and every edge of the recipe by name.
"""
import dataclasses
import pathlib

import numpy as np

import parity
from reference.boxes import F, LOG_CLIP, anchors_of, encode, iou, level_rows

NO_BOXES = np.zeros((0, 4), F)


@dataclasses.dataclass
class Case:
    name: str
    h: int
    w: int
    logits: np.ndarray  # (A, C) float32
    deltas: np.ndarray  # (A, 4) float32
    boxes: np.ndarray = ()  # (G, 4) float32
    labels: np.ndarray = ()  # (G)
    normalizer: float = None  # of the batch; None: this image's own
    clip: tuple = None  # w, h of the image before padding
    scale_factor: tuple = None  # x y x y
    is_undefined: bool = False  # in PyTorch: FreeAnchor's 0 / 0 of an IoU of exactly 0.6

    def __post_init__(self):
        self.logits, self.deltas = self.logits.astype(F), self.deltas.astype(F)
        self.boxes, self.labels = np.asarray(self.boxes, F).reshape(-1, 4), np.asarray(self.labels, np.int64)

    @property
    def anchors(self):
        return anchors_of(self.h, self.w)

    @property
    def levels(self):
        return level_rows(self.h, self.w)


def write(case, path):
    datasets = {"head/cls": case.logits, "head/reg": case.deltas, "head/size": np.array([case.h, case.w]),
                "gt_boxes": case.boxes, "gt_labels": case.labels}
    if case.normalizer is not None:
        datasets["normalizer"] = np.float64(case.normalizer)
    if case.clip is not None:
        datasets["clip_size"] = np.array(case.clip, F)
    if case.scale_factor is not None:
        datasets["scale_factor"] = np.array(case.scale_factor, F)
    parity.write_h5(path, datasets)


def replay(case, config, folder, *options):
    """What the program makes of the case: the datasets of its out file."""
    path, out = pathlib.Path(folder) / "case.h5", pathlib.Path(folder) / "out.h5"
    write(case, path)
    parity.run("replay", path, "--config", parity.ROOT / "configs" / config, "--out", out, "--threads", 1,
               *options)
    return parity.read_h5(out)


def last_digits(got, published):
    """How many units of the last digit of a published number, a string, got is away from it."""
    digits, _, exponent = published.partition("e")
    return abs(got - float(published)) / 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))


# Random cases


def random_boxes(rng, n, h, w):
    """Sides from 2 pixels to the image's; every other box on whole pixels, where equal IoUs abound."""
    size = np.exp(rng.uniform(np.log(2), np.log([w, h]), (n, 2)))
    corner = rng.uniform(0, 1, (n, 2)) * (np.array([w, h]) - size)
    boxes = np.concatenate([corner, corner + size], 1)
    boxes[::2, :2], boxes[::2, 2:] = np.floor(boxes[::2, :2]), np.ceil(boxes[::2, 2:])
    return boxes.astype(F)


def aim(rng, deltas, anchors, boxes, spread):
    """Carries some of the anchors around every object near it, as a trained network does."""
    for box, overlap in zip(boxes, iou(boxes, anchors) if len(boxes) else []):
        near = rng.permutation(np.argsort(-overlap, kind="stable")[:80])[:rng.randint(1, 40)]
        deltas[near] = encode(anchors[near], box[None]) + rng.normal(0, spread, (len(near), 4))
    return deltas


def random_case(seed):
    rng = np.random.RandomState(seed)
    h, w = 32 * rng.randint(1, 9, 2)
    anchors = anchors_of(h, w)
    classes = min(int(np.exp(rng.uniform(0, np.log(81)))), max(1, 600000 // len(anchors)))
    n = int(np.exp(rng.uniform(0, np.log(31)))) - (seed % 10 == 0)
    boxes = random_boxes(rng, n, h, w)
    logits = rng.normal(rng.uniform(-5, 0.5), rng.uniform(0.3, 3), (len(anchors), classes))
    deltas = rng.normal(0, rng.choice([0.1, 1, 3]), (len(anchors), 4))
    deltas = aim(rng, deltas, anchors, boxes, rng.choice([0.1, 0.5, 2]))
    normalizer = None if seed % 3 else n + rng.randint(0, 30)
    return Case(f"random {seed}", h, w, logits, deltas, boxes, rng.randint(0, classes, n), normalizer)


def random_cases(n):
    return map(random_case, range(n))


# Edges


def plain_head(seed, h, w, classes, logit=(-2, 2), delta=1.0):
    rng = np.random.RandomState(seed)
    n = len(anchors_of(h, w))
    return rng.normal(*logit, (n, classes)), rng.normal(0, delta, (n, 4))


def around(seed, name, h, w, classes, boxes, labels, normalizer=None, **head):
    """A case whose deltas lead to its objects."""
    logits, deltas = plain_head(seed, h, w, classes, **head)
    boxes = np.asarray(boxes, F).reshape(-1, 4)
    deltas = aim(np.random.RandomState(seed), deltas, anchors_of(h, w), boxes, 0.3)
    return Case(name, h, w, logits, deltas, boxes, labels, normalizer)


def number_of_objects():
    for normalizer in (None, 7):
        yield around(1, f"no object, normalizer {normalizer}", 64, 96, 5, NO_BOXES, [], normalizer)
    for n in (100, 300):
        rng = np.random.RandomState(n)
        yield around(n, f"{n} objects", 128, 96, 20, random_boxes(rng, n, 128, 96), rng.randint(0, 20, n))


def sizes():
    for h, w in ((32, 32), (32, 64), (64, 64), (32, 256), (256, 32), (160, 224)):
        rng = np.random.RandomState(h + w)
        yield around(h, f"image {h} x {w}", h, w, 3, random_boxes(rng, 4, h, w), rng.randint(0, 3, 4))
    for name, box in (("one pixel", (17, 33, 18, 34)), ("a hundredth of a pixel", (17, 33, 17.01, 33.01)),
                      ("one pixel wide", (40, 0, 41, 64)), ("larger than the image", (-50, -70, 160, 140)),
                      ("the whole image", (0, 0, 96, 64)), ("a corner", (94, 62, 96, 64)),
                      ("wholly outside", (120, 90, 150, 100)),
                      ("too far for any anchor", (2000, 9, 2030, 40))):
        yield around(3, f"object: {name}", 64, 96, 4, [box], [2])
    for classes in (1, 2, 20, 80):
        rng = np.random.RandomState(classes)
        labels = rng.randint(0, classes, 5)
        yield around(classes, f"{classes} classes", 64, 64, classes, random_boxes(rng, 5, 64, 64), labels)
    rng = np.random.RandomState(4)
    boxes, labels = random_boxes(rng, 30, 320, 416), rng.randint(0, 80, 30)
    yield around(4, "320 x 416, 80 classes", 320, 416, 80, boxes, labels)


def crowds():
    box = (10, 12, 43, 51)
    yield around(5, "one box twenty times", 64, 64, 3, [box] * 20, [1] * 20)
    yield around(5, "one box with every label", 64, 64, 6, [box] * 6, range(6))
    near = np.array(box) + np.random.RandomState(5).uniform(-1, 1, (40, 4))
    yield around(5, "forty boxes on each other", 64, 64, 2, near, np.arange(40) % 2)


def on_the_grid():
    """Boxes that sit in the grid of anchors, so that many IoUs are equal, at the border of a bag too."""
    for side in (4, 8, 16, 64):
        box = (48 - side / 2, 48 - side / 2, 48 + side / 2, 48 + side / 2)
        yield around(6, f"side {side} in the centre of a cell's corner", 96, 96, 3, [box], [1])
    yield around(6, "four boxes, one in each quarter", 64, 64, 2,
                 [(x, y, x + 16, y + 16) for x in (8, 40) for y in (8, 40)], [0, 1, 1, 0])
    anchors = anchors_of(64, 64)[[100, 300, 575, 600, 700, 770]]
    logits, _ = plain_head(6, 64, 64, 3, logit=(1, 3))
    yield Case("objects are anchors, deltas 0", 64, 64, logits, np.zeros((774, 4)), anchors,
               [0, 1, 2, 0, 1, 2])


def exact_threshold():
    """A box whose best IoU with the anchors, which deltas of 0 leave in place, is 0.6 to the last bit."""
    anchors = anchors_of(32, 32)
    logits, deltas = plain_head(7, 32, 32, 3, delta=0)
    for y in np.arange(0, 13, 0.25):
        box = np.array([[0, y, 32, F(y + 19.2)]], F)
        if iou(box, anchors).max() == F(0.6):
            yield Case(f"best IoU is 0.6, y {y}", 32, 32, logits, deltas, box, [1], is_undefined=True)


def saturated():
    """Logits at which P rounds to 0 or 1, or exp overflows."""
    rng = np.random.RandomState(8)
    boxes, labels = random_boxes(rng, 4, 64, 64), rng.randint(0, 3, 4)
    for size in (20, 30, 88, 104, 200, 1e4, 3e38):
        for name, signs in (("all +", 1), ("all -", -1), ("mixed +-", rng.choice([-1, 1], (774, 3)))):
            case = around(8, f"logits {name}{size:g}", 64, 64, 3, boxes, labels)
            case.logits = (np.ones((774, 3)) * signs * size).astype(F)
            yield case
        case = around(8, f"one logit in fifty +-{size:g}", 64, 64, 3, boxes, labels)
        one = rng.rand(774, 3) < 0.02
        case.logits[one] = rng.choice([-1, 1], one.sum()) * size
        yield case


def far_deltas():
    rng = np.random.RandomState(9)
    boxes, labels = random_boxes(rng, 4, 64, 64), rng.randint(0, 3, 4)
    clamp = float(LOG_CLIP) / 0.2
    for size in (clamp, np.nextafter(F(clamp), F(99)), 21, 100, 1e3, 1e6, 1e9, 1e30, 3e38):
        for columns in ((0, 1), (2, 3), (0, 1, 2, 3)):
            case = around(9, f"deltas {columns} up to {size:.9g}", 64, 64, 3, boxes, labels)
            rows = np.flatnonzero(rng.rand(774) < 0.5)
            for k in columns:
                case.deltas[rows, k] = size * rng.choice([-1, 1], len(rows))
            yield case


def edges():
    for some in (number_of_objects, sizes, crowds, on_the_grid, exact_threshold, saturated, far_deltas):
        yield from some()
