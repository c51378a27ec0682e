"""Writes metrics.bin: pycocotools' numbers for small random sets.

Usage: python3 make_metrics.py    (beside this file; needs numpy and pycocotools)

A record, little endian: int32 images classes n_gt n_detections max_detections[3]; n_gt times int16 x y w h (in
quarter pixels), uint16 image, uint8 label crowd, float32 area; n_detections times int16 x y w h, uint16 image,
uint16 label, float32 score; float64 the twelve numbers, then AP of each class (-1 without ground truth).
"""
import contextlib
import io
import os
import struct

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def random_set(seed, images, classes, n_gt, n_detections, sizes, score_steps, crowds=0.15):
    rng = np.random.RandomState(seed)
    gt, detections = [], []
    for _ in range(n_gt):
        w, h = np.exp(rng.uniform(*np.log(sizes), 2)) * 4
        box = np.array([rng.uniform(0, 800), rng.uniform(0, 800), w, h]).astype(int)
        fill = rng.choice([1, 0.7, 0.3])
        # the last class and the last image have no ground truth
        gt.append((*box, rng.randint(max(1, images - 1)), rng.randint(max(1, classes - 1)),
                   int(rng.uniform() < crowds), np.float32(box[2] / 4 * box[3] / 4 * fill)))
    for _ in range(n_detections):
        if n_gt and rng.uniform() < 0.7:
            base = gt[rng.randint(n_gt)]
            jitter = rng.choice([0, 0.02, 0.1, 0.3])
            box = np.array(base[:4]) + (rng.uniform(-jitter, jitter, 4) * max(base[2], base[3])).astype(int)
            image, label = base[4], base[5] if rng.uniform() < 0.9 else rng.randint(classes)
        else:
            box = rng.randint(1, 900, 4)
            image, label = rng.randint(images), rng.randint(classes)
        box[2:] = np.maximum(box[2:], 1)
        score = np.float32(rng.randint(score_steps) / score_steps if score_steps else rng.uniform())
        detections.append((*box, image, label, score))
    return gt, detections


def evaluate(images, classes, gt, detections, max_detections):
    coco = COCO()
    coco.dataset = {
        "images": [{"id": i + 1} for i in range(images)],
        "categories": [{"id": k + 1, "name": str(k)} for k in range(classes)],
        "annotations": [{"id": n + 1, "image_id": g[4] + 1, "category_id": g[5] + 1, "iscrowd": g[6],
                         "bbox": [float(v) / 4 for v in g[:4]], "area": float(g[7])} for n, g in enumerate(gt)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        results = coco.loadRes([{"image_id": d[4] + 1, "category_id": d[5] + 1, "score": float(d[6]),
                                 "bbox": [float(v) / 4 for v in d[:4]]} for d in detections])
        run = COCOeval(coco, results, "bbox")
        run.params.maxDets = list(max_detections)
        run.evaluate()
        run.accumulate()
        run.summarize()
    table = run.eval["precision"][:, :, :, 0, -1]
    class_ap = [float(column.mean()) if (column := table[:, :, k])[table[:, :, k] > -1].size else -1.0
                for k in range(classes)]
    return [float(v) for v in run.stats], class_ap


COCO_LIMITS, MMDET_LIMITS = (1, 10, 100), (100, 300, 1000)
CASES = [(seed, 6, 4, 40, 120, (6, 200), 0, COCO_LIMITS) for seed in range(6)]
CASES += [(seed, 6, 4, 40, 120, (6, 200), 8, COCO_LIMITS) for seed in range(6, 11)]  # ties of scores
CASES += [
    (11, 2, 2, 12, 330, (20, 150), 16, COCO_LIMITS),   # more detections than the limit
    (12, 2, 2, 12, 330, (20, 150), 16, MMDET_LIMITS),
    (13, 8, 6, 60, 200, (28, 36), 0, COCO_LIMITS),     # areas around 32 x 32
    (14, 8, 6, 60, 200, (90, 102), 32, (2, 5, 100)),   # around 96 x 96
    (15, 3, 3, 0, 50, (6, 200), 0, COCO_LIMITS),       # no ground truth at all
    (16, 1, 1, 30, 60, (10, 300), 4, COCO_LIMITS),
    (17, 12, 8, 50, 30, (6, 200), 2, COCO_LIMITS),     # hardly any detections
    (18, 20, 5, 80, 150, (6, 400), 0, MMDET_LIMITS),
    (19, 4, 3, 40, 150, (6, 200), 1, COCO_LIMITS),     # all scores equal
]

if __name__ == "__main__":
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "metrics.bin"), "wb") as out:
        for seed, images, classes, n_gt, n_detections, sizes, score_steps, limits in CASES:
            gt, detections = random_set(seed, images, classes, n_gt, n_detections, sizes, score_steps)
            stats, class_ap = evaluate(images, classes, gt, detections, limits)
            out.write(struct.pack("<7i", images, classes, n_gt, n_detections, *limits))
            out.write(b"".join(struct.pack("<4hHBBf", *g) for g in gt))
            out.write(b"".join(struct.pack("<4hHHf", *d) for d in detections))
            out.write(struct.pack(f"<{12 + classes}d", *stats, *class_ap))
