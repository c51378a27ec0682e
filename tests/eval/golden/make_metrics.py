#!/usr/bin/env python3
"""Writes metrics.h5: thirty random sets and the blood-cell results, with pycocotools' numbers.

Usage: python3 make_metrics.py PYCOCOTOOLS [ANNOTATIONS RESULTS]

PYCOCOTOOLS says which pycocotools is imported (version and commit; kept in the file). ANNOTATIONS is the
blood-cell data's instances_test.json and RESULTS what `freeanchor eval --out` wrote for it, of which the best
20 of each image are kept; without them that set's input is taken from the present metrics.h5. The layout of
the file is in metric_sets.py.
"""
import contextlib
import io
import json
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import metric_sets
from metric_sets import LIMITS, MetricSet

BORDER_SIDES = {1024: [(32, 32), (64, 16), (16, 64)], 9216: [(96, 96), (64, 144), (144, 64)]}


def quarter_pixels(values):
    return np.round(np.asarray(values) * 4) / 4


def random_sides(rng, sizes, border):
    """Width and height; three in ten have the area of the border exactly."""
    if border and rng.uniform() < 0.3:
        return BORDER_SIDES[border][rng.randint(3)]
    return np.maximum(0.25, quarter_pixels(np.exp(rng.uniform(*np.log(sizes), 2))))


def random_ground_truth(rng, images, classes, n, sizes, border, crowds):
    rows = []
    for _ in range(n):
        w, h = random_sides(rng, sizes, border)
        fill = 1 if border else rng.choice([1, 0.7, 0.3])  # an object's area is that of its outline
        x, y = quarter_pixels(rng.uniform(0, 300, 2))
        crowd = int(rng.uniform() < crowds)
        rows.append((rng.choice(images), rng.choice(classes), (x, y, w, h), np.float32(w * h * fill), crowd))
    return rows


def near(rng, box):
    """A box like the given one, often equal to it."""
    reach = rng.choice([0, 0.02, 0.1, 0.3]) * max(box[2:])
    x, y, w, h = quarter_pixels(np.array(box) + rng.uniform(-reach, reach, 4))
    return x, y, max(w, 0.25), max(h, 0.25)


def random_results(rng, images, classes, ground_truth, n, sizes, border, score_steps):
    """score_steps: scores are that many different values, or all different (0)."""
    rows = []
    for _ in range(n):
        if ground_truth and rng.uniform() < 0.7:
            image, label, box = ground_truth[rng.randint(len(ground_truth))][:3]
            label = label if rng.uniform() < 0.9 else rng.choice(classes)
            box = near(rng, box)
        else:
            image, label = rng.choice(images), rng.choice(classes)
            box = (*quarter_pixels(rng.uniform(0, 300, 2)), *random_sides(rng, sizes, border))
        score = rng.randint(score_steps) / score_steps if score_steps else rng.uniform()
        rows.append((image, label, box, np.float32(score)))
    return rows


def columns(kind, names, rows):
    return {f"{kind}_{name}": [row[k] for row in rows] for k, name in enumerate(names)}


def as_set(name, image_ids, category_ids, annotation_ids, ground_truth, results):
    found = {"image_id": image_ids, "category_id": category_ids, "annotation_id": annotation_ids}
    found |= columns("annotation", ("image_id", "category_id", "bbox", "area", "crowd"), ground_truth)
    found |= columns("result", ("image_id", "category_id", "bbox", "score"), results)
    arrays = {field: np.array(values, metric_sets.INPUTS[field]) for field, values in found.items()}
    return MetricSet(name, {f: v.reshape(-1, 4) if f.endswith("bbox") else v for f, v in arrays.items()})


def random_set(
    name,
    seed,
    images=6,
    classes=4,
    n_gt=40,
    n_results=120,
    sizes=(6, 200),
    border=0,
    crowds=0.15,
    score_steps=0,
    with_gt=0.8,
    first_id=1,
):
    """with_gt: the part of the images, and of the classes, that has ground truth."""
    rng = np.random.RandomState(seed)
    image_ids = rng.choice(900, images, replace=False)
    category_ids = rng.choice(90, classes, replace=False) + 1
    some_images = image_ids[: max(1, int(images * with_gt))]
    some_classes = category_ids[: max(1, int(classes * with_gt))]
    ground_truth = random_ground_truth(rng, some_images, some_classes, n_gt, sizes, border, crowds)
    results = random_results(
        rng, image_ids, category_ids, ground_truth, n_results, sizes, border, score_steps
    )
    if first_id == 0:  # is surely found, so that not counting it shows
        ground_truth[0] = (*ground_truth[0][:4], 0)
        results.append((*ground_truth[0][:3], np.float32(1)))
    return as_set(name, image_ids, category_ids, first_id + np.arange(n_gt), ground_truth, results)


def random_sets():
    sets = [random_set("plain", seed) for seed in range(5)]
    sets += [random_set("ties of scores", 5 + k, score_steps=steps) for k, steps in enumerate((1, 2, 8, 16))]
    for seed, border in ((9, 1024), (10, 1024), (11, 9216), (12, 9216)):
        sizes = np.array((0.8, 1.25)) * border**0.5
        sets += [random_set(f"areas around {border}", seed, 8, 6, 60, 200, sizes, border, score_steps=32)]
    sets += [
        random_set("more than 100 detections", 13, 3, 2, 20, 700, (20, 150), score_steps=16),
        random_set("more than 100 detections", 14, 2, 1, 30, 450, (20, 150)),
        random_set("more than 300 detections", 15, 1, 2, 40, 800, (20, 150), score_steps=64),
        random_set("more than 1000 detections", 16, 1, 1, 30, 1100, (20, 150)),
        random_set("mostly crowds", 17, crowds=0.7),
        random_set("mostly crowds", 18, crowds=0.5, score_steps=4),
        random_set("only crowds", 19, crowds=1),
        random_set("no ground truth", 20, n_gt=0, n_results=50),
        random_set("few images and classes with ground truth", 21, 20, 12, 30, 150, with_gt=0.2),
        random_set("few images and classes with ground truth", 22, 30, 8, 25, 200, with_gt=0.3),
        random_set("one image, one class", 23, 1, 1, 30, 60, (10, 300), score_steps=4),
        random_set("hardly any detections", 24, 12, 8, 50, 15),
        random_set("many images without anything", 25, 60, 5, 40, 40, (6, 300), with_gt=0.5),
        random_set("large boxes", 26, 10, 5, 80, 150, (60, 600)),
    ]
    for seed, steps in ((27, 0), (28, 8), (29, 0)):
        sets += [random_set("annotation id 0", seed, score_steps=steps, first_id=0)]
    return sets


def blood_cells(annotation_path, result_path):
    with open(annotation_path) as file:
        coco = json.load(file)
    with open(result_path) as file:
        results = json.load(file)
    images = [i["id"] for i in coco["images"]]
    best = [
        sorted((r for r in results if r["image_id"] == i), key=lambda r: -r["score"])[:20] for i in images
    ]
    annotations = coco["annotations"]
    ground_truth = [
        (a["image_id"], a["category_id"], a["bbox"], a["area"], a["iscrowd"]) for a in annotations
    ]
    rows = [(r["image_id"], r["category_id"], r["bbox"], r["score"]) for of_image in best for r in of_image]
    categories = [c["id"] for c in coco["categories"]]
    return as_set("blood cells", images, categories, [a["id"] for a in annotations], ground_truth, rows)


def evaluate(coco_json, results_json, limits):
    """pycocotools' twelve numbers, and AP of each class of the file."""
    coco = COCO()
    coco.dataset = coco_json
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        run = COCOeval(coco, coco.loadRes(results_json), "bbox")
        run.params.maxDets = list(limits)
        run.evaluate()
        run.accumulate()
        run.summarize()
    table = run.eval["precision"][:, :, :, 0, -1]
    class_ap = {}
    for k, category in enumerate(run.params.catIds):
        of_class = table[:, :, k][table[:, :, k] > -1]
        class_ap[category] = of_class.mean() if of_class.size else -1.0
    return run.stats, [class_ap[c["id"]] for c in coco_json["categories"]]


def add_numbers(one):
    given = [evaluate(one.coco(), one.results(), limits) for limits in LIMITS]
    from_1 = [evaluate(one.coco(first_id=1), one.results(), limits) for limits in LIMITS]
    one.numbers_with_id_0 = np.array([numbers for numbers, _ in given])
    one.numbers = np.array([numbers for numbers, _ in from_1])
    one.class_ap = np.array([class_ap for _, class_ap in from_1])
    return one


def main():
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    cells = blood_cells(*sys.argv[2:]) if len(sys.argv) == 4 else metric_sets.read()[-1]
    metric_sets.write([add_numbers(one) for one in [*random_sets(), cells]], sys.argv[1])


if __name__ == "__main__":
    main()
