"""The peer of `freeanchor bench eval`: pycocotools on a synthetic validation set.

usage: metrics.py make DIRECTORY IMAGES     writes coco.json and results.json: 7.2 objects and 100 detections an image
       metrics.py time DIRECTORY            evaluate() and accumulate() on them, without reading
"""
import contextlib
import io
import json
import pathlib
import sys
import time

import numpy as np

CLASSES, SIDE = 80, 640


def random_boxes(random, n):
    sides = 8 * (SIDE / 8) ** random.random((n, 2))
    return np.concatenate([(SIDE - sides) * random.random((n, 2)), sides], 1)


def make(directory, n_images):
    random = np.random.default_rng(0)
    n_gt, n = int(7.2 * n_images), 100 * n_images
    gt_image, gt_class, gt_box = np.arange(n_gt) * n_images // n_gt, random.integers(CLASSES, size=n_gt), random_boxes(random, n_gt)
    image, label, box = np.arange(n) // 100, random.integers(CLASSES, size=n), random_boxes(random, n)
    near = random.integers(n_gt, size=n // 8)  # every eighth detection lies near an object
    rows = near * n // n_gt // 8 * 8
    image[rows], label[rows] = gt_image[near], gt_class[near]
    box[rows] = gt_box[near] * random.uniform(0.9, 1.1, (len(near), 4))
    coco = {
        "images": [{"id": i + 1, "width": SIDE, "height": SIDE, "file_name": f"{i}.jpg"} for i in range(n_images)],
        "categories": [{"id": c + 1, "name": f"class {c}"} for c in range(CLASSES)],
        "annotations": [{"id": k + 1, "image_id": int(i) + 1, "category_id": int(c) + 1, "bbox": b.tolist(),
                         "area": float(b[2] * b[3]), "iscrowd": int(k % 100 == 0)}
                        for k, (i, c, b) in enumerate(zip(gt_image, gt_class, gt_box))]}
    results = [{"image_id": int(i) + 1, "category_id": int(c) + 1, "bbox": b.tolist(), "score": float(s)}
               for i, c, b, s in zip(image, label, box, random.random(n))]
    (directory / "coco.json").write_text(json.dumps(coco))
    (directory / "results.json").write_text(json.dumps(results))


def measure(directory):
    import pycocotools
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(directory / "coco.json"))
        task = COCOeval(coco, coco.loadRes(str(directory / "results.json")), "bbox")
        start = time.perf_counter()
        task.evaluate()
        task.accumulate()
        seconds = time.perf_counter() - start
        task.summarize()
    version = getattr(pycocotools, "__version__", "")
    return {"peer": f"pycocotools {version}".strip(), "metrics_s": seconds, "bbox_mAP": task.stats[0]}


def main():
    directory = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "make":
        make(directory, int(sys.argv[3]))
    else:
        print(json.dumps(measure(directory)))


if __name__ == "__main__":
    main()
