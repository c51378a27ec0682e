#!/usr/bin/env python3
"""Writes errors.h5: what errors cost in the sets of metrics.h5, by pycocotools.

Usage: python3 make_errors.py PYCOCOTOOLS

PYCOCOTOOLS says which pycocotools is imported (kept in the file). COCO's analysis of errors is what
mmdetection's tools/analysis_tools/coco_error_analysis.py draws: AP at IoU 0.75 and 0.5; at 0.1; at 0.1 where
the objects of other classes are crowds of the class that is looked at; the share of recalls that is then
reached. F1 and confusion are counted here from pycocotools' matches. All limits are 100 detections.

  ap (categories, 4 sizes, 5)   -1 without objects of the class and size; sizes: all, small, medium, large
  best_f1 (categories, 4)       score, precision, recall and F1 at IoU 0.5; score -1 where nothing is right
  total_f1 (sets, 4)            the same over the boxes of all classes
  confusion                     of each set ((n + 1)^2): rows objects, columns detections, the last: nothing;
                                of detections from the score of their class's best F1 on, else the total's
"""
import contextlib
import copy
import io
import pathlib
import sys

import h5py
import numpy as np
from pycocotools import mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import metric_sets

PATH = pathlib.Path(__file__).resolve().parent / "errors.h5"
SIZES = 4


def index(dataset):
    coco = COCO()
    coco.dataset = dataset
    coco.createIndex()
    return coco


def evaluate(truth, results, thresholds):
    coco = index(truth)
    found = coco.loadRes(copy.deepcopy(results)) if results else index({**truth, "annotations": []})
    run = COCOeval(coco, found, "bbox")
    run.params.iouThrs = np.array(thresholds)
    run.params.maxDets = [100]
    run.evaluate()
    run.accumulate()
    return run


def precision(run, category):
    """(thresholds, recalls, sizes)"""
    return run.eval["precision"][:, :, run.params.catIds.index(category), :, 0]


def with_others_as_crowds(truth, category):
    truth = copy.deepcopy(truth)
    for annotation in truth["annotations"]:
        if annotation["category_id"] != category:
            annotation["category_id"], annotation["iscrowd"], annotation["ignore"] = category, 1, 1
    return truth


def error_ap(truth, results, category):
    own = [r for r in results if r["category_id"] == category]
    plain = precision(evaluate(truth, own, [0.75, 0.5, 0.1]), category)
    other = precision(evaluate(with_others_as_crowds(truth, category), own, [0.1]), category)[0]
    rows = [*plain, other, other > 0]
    out = np.array([[row[:, size].mean() for row in rows] for size in range(SIZES)])
    out[plain[0, 0] == -1] = -1
    return out


def judged(run):
    """(category, image, score, detection id, annotation id or 0) of all detections that count at IoU 0.5"""
    n_images = len(run.params.imgIds)
    rows, n_objects = [], {c: 0 for c in run.params.catIds}
    for k, category in enumerate(run.params.catIds):
        for i in range(n_images):
            e = run.evalImgs[k * SIZES * n_images + i]
            if e is None:
                continue
            n_objects[category] += int((np.array(e["gtIgnore"]) == 0).sum())
            for d, score in enumerate(e["dtScores"]):
                if not e["dtIgnore"][0][d]:
                    rows.append((category, e["image_id"], score, e["dtIds"][d], int(e["dtMatches"][0][d])))
    return rows, n_objects


def best_f1(rows, n_objects):
    best = (-1, 0, 0, 0)
    for score in sorted({r[2] for r in rows}, reverse=True):
        kept = [r for r in rows if r[2] >= score]
        right = sum(r[4] > 0 for r in kept)
        f1 = 2 * right / (len(kept) + n_objects)
        if f1 > best[3]:
            best = (score, right / len(kept), right / n_objects, f1)
    return best


def confusion(run, rows, thresholds):
    category_ids = [c["id"] for c in run.cocoGt.dataset["categories"]]
    place = {c: k for k, c in enumerate(category_ids)}
    nothing = len(category_ids)
    table = np.zeros((nothing + 1, nothing + 1), np.int64)
    objects = {a["id"]: a for a in run.cocoGt.dataset["annotations"] if not a["iscrowd"]}
    kept = [r for r in rows if r[2] >= thresholds[r[0]]]
    for category, _, _, _, match in kept:
        if match:
            table[place[category], place[category]] += 1
            del objects[match]
    order = {d: n for n, d in enumerate(run.cocoDt.anns)}
    for category, image, _, d, _ in sorted((r for r in kept if not r[4]), key=lambda r: (-r[2], order[r[3]])):
        here = [a for a in objects.values() if a["image_id"] == image]
        box = run.cocoDt.anns[d]["bbox"]
        ious = mask.iou([box], [a["bbox"] for a in here], [0] * len(here))[0] if here else []
        best = max(range(len(here)), key=lambda i: (ious[i], i), default=None)
        if best is None or ious[best] < 0.5:
            table[nothing, place[category]] += 1
        else:
            table[place[here[best]["category_id"]], place[category]] += 1
            del objects[here[best]["id"]]
    for a in objects.values():
        table[place[a["category_id"]], nothing] += 1
    return table.ravel()


def analyse(metric_set):
    truth, results = metric_set.coco(first_id=1), metric_set.results()
    category_ids = [c["id"] for c in truth["categories"]]
    ap = np.array([error_ap(truth, results, c) for c in category_ids])
    run = evaluate(truth, results, [0.5])
    rows, n_objects = judged(run)
    by_class = [best_f1([r for r in rows if r[0] == c], n_objects[c]) for c in category_ids]
    total = best_f1(rows, sum(n_objects.values()))
    thresholds = {c: own[0] if own[0] > 0 else total[0] for c, own in zip(category_ids, by_class)}
    return ap, by_class, total, confusion(run, rows, thresholds)


def main():
    with contextlib.redirect_stdout(io.StringIO()):
        made = [analyse(s) for s in metric_sets.read()]
    with h5py.File(PATH, "w") as file:
        file.attrs["pycocotools"] = sys.argv[1]
        file["ap"] = np.concatenate([m[0] for m in made])
        file["best_f1"] = np.concatenate([m[1] for m in made]).astype(np.float64)
        file["total_f1"] = np.array([m[2] for m in made], np.float64)
        file["confusion"] = np.concatenate([m[3] for m in made])


main()
