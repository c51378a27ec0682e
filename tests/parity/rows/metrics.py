"""COCO metrics: `freeanchor score` against pycocotools.

The sets and pycocotools' numbers are tests/eval/golden/metrics.h5, made with pycocotools itself by
make_metrics.py beside it; pycocotools is not needed here. Each set goes through the program as two JSON
files, under pycocotools' limits of detections per image (1, 10, 100) and mmdetection's (100, 300, 1000).

1e-12: both sides compute in double; only the order of sums differs, by some 1e-16.

One difference is meant. pycocotools marks a match by the annotation's id and takes 0 for none, so that
whatever is matched to annotation 0 counts as a false alarm; here 0 is an id like any other. What is asked for
is what pycocotools gives when the same annotations are numbered from 1, and that this differs from what it
gives for the ids as they are.
"""
import json
import pathlib
import sys

from parity import ROOT, Row, report, scratch

sys.path.insert(0, str(ROOT / "tests/eval/golden"))
import metric_sets

KEYS = ["bbox_mAP", "bbox_mAP_50", "bbox_mAP_75", "bbox_mAP_s", "bbox_mAP_m", "bbox_mAP_l"]


def keys(limits):
    return KEYS + [f"AR_{limit}" for limit in limits] + ["AR_s", "AR_m", "AR_l"]


def given(number):
    """The program has null where there is nothing to average, pycocotools -1."""
    return -1 if number is None else number


def score(one, folder, limits):
    """(the twelve numbers, AP of each class) that the program reports."""
    files = ("--coco", folder / "coco.json", "--results", folder / "results.json")
    said = report("score", *files, "--max-detections", ",".join(map(str, limits)))
    return [given(said[key]) for key in keys(limits)], [given(said["class_AP"][c["name"]]) for c in one.coco()["categories"]]


def worst(got, want):
    return max(abs(g - w) for g, w in zip(got, want, strict=True))


def compare(one, case, numbers, classes, id_0):
    with scratch() as folder:
        folder = pathlib.Path(folder)
        (folder / "coco.json").write_text(json.dumps(one.coco()))
        (folder / "results.json").write_text(json.dumps(one.results()))
        for k, limits in enumerate(metric_sets.LIMITS):
            got, class_ap = score(one, folder, limits)
            numbers.add(worst(got, one.numbers[k]), f"{case}, limits {limits}")
            classes.add(worst(class_ap, one.class_ap[k]), f"{case}, limits {limits}")
            if 0 in one.input["annotation_id"]:
                id_0.add(worst(got, one.numbers_with_id_0[k]) < 1e-6, f"{case}, limits {limits}")


def rows():
    sets = metric_sets.read()
    n = len(sets) * len(metric_sets.LIMITS)
    with_id_0 = sum(0 in one.input["annotation_id"] for one in sets) * len(metric_sets.LIMITS)
    numbers = Row("COCO metrics, the twelve numbers", n, "absolute", 1e-12)
    classes = Row("COCO metrics, AP of each class", n, "absolute", 1e-12)
    id_0 = Row("COCO metrics, annotation 0 counts, unlike there", with_id_0, "sets where it does not", 0)
    for s, one in enumerate(sets):
        compare(one, f"set {s} ({one.name})", numbers, classes, id_0)
    return [numbers, classes, id_0]
