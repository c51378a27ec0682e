"""The sets of metrics.h5: ground truth, detections, and the numbers that pycocotools gives for them.

All sets lie end to end in flat datasets; "<kind>_first" (sets + 1) says where each begins.
  image_id, category_id          int32, in no order
  annotation_{id,image_id,category_id}, _bbox (n,4) x y w h, _area, _crowd
  result_{image_id,category_id}, _bbox, _score
  limits (2,3)                   the two limits of detections per image: pycocotools' and mmdetection's
  numbers (sets,2,12)            pycocotools' twelve numbers under each limit, annotation ids counted from 1
  class_ap (2,categories)        AP of each class at the last limit, -1 without ground truth
  numbers_with_id_0 (sets,2,12)  as numbers, with the ids as they are: differs where one is 0
Attributes: names (a line a set), pycocotools (version and commit). Boxes, areas and scores are float32.
"""
import dataclasses
import pathlib

import h5py
import numpy as np

PATH = pathlib.Path(__file__).resolve().parent / "metrics.h5"
LIMITS = ((1, 10, 100), (100, 300, 1000))
INPUTS = {
    "image_id": np.int32,
    "category_id": np.int32,
    "annotation_id": np.int32,
    "annotation_image_id": np.int32,
    "annotation_category_id": np.int32,
    "annotation_bbox": np.float32,
    "annotation_area": np.float32,
    "annotation_crowd": np.uint8,
    "result_image_id": np.int32,
    "result_category_id": np.int32,
    "result_bbox": np.float32,
    "result_score": np.float32,
}
COUNTED_BY = {kind: f"{kind}_id" for kind in ("image", "category", "annotation")} | {"result": "result_score"}


@dataclasses.dataclass
class MetricSet:
    name: str
    input: dict  # name of INPUTS: array
    numbers: np.ndarray = None
    class_ap: np.ndarray = None
    numbers_with_id_0: np.ndarray = None

    def coco(self, first_id=None):
        """The annotation file; first_id renumbers the annotations from there."""
        of = {name: values.tolist() for name, values in self.input.items()}
        ids = of["annotation_id"]
        if first_id is not None:
            ids = range(first_id, first_id + len(ids))
        fields = [of["annotation_" + f] for f in ("image_id", "category_id", "bbox", "area", "crowd")]
        size = {"width": 1000, "height": 1000}
        return {
            "images": [{"id": i, "file_name": f"{i}.jpg"} | size for i in of["image_id"]],
            "categories": [{"id": i, "name": f"class {i}"} for i in of["category_id"]],
            "annotations": [
                {"id": n, "image_id": i, "category_id": k, "bbox": b, "area": a, "iscrowd": c}
                for n, i, k, b, a, c in zip(ids, *fields)
            ],
        }

    def results(self):
        """The results file."""
        fields = [self.input["result_" + f].tolist() for f in ("image_id", "category_id", "bbox", "score")]
        return [dict(zip(("image_id", "category_id", "bbox", "score"), row)) for row in zip(*fields)]


def kind_of(name):
    return name.split("_")[0]


def write(sets, program):
    with h5py.File(PATH, "w") as file:
        file.attrs["names"] = "\n".join(s.name for s in sets)
        file.attrs["pycocotools"] = program
        for name, dtype in INPUTS.items():
            file[name] = np.concatenate([s.input[name] for s in sets]).astype(dtype)
        for kind in COUNTED_BY:
            counts = [len(s.input[COUNTED_BY[kind]]) for s in sets]
            file[kind + "_first"] = np.cumsum([0, *counts]).astype(np.int64)
        file["limits"] = np.array(LIMITS, np.int32)
        file["numbers"] = np.stack([s.numbers for s in sets])
        file["numbers_with_id_0"] = np.stack([s.numbers_with_id_0 for s in sets])
        file["class_ap"] = np.concatenate([s.class_ap for s in sets], axis=1)


def read():
    with h5py.File(PATH) as file:
        of = {name: dataset[()] for name, dataset in file.items()}
        names = file.attrs["names"].split("\n")
    sets = []
    for s, name in enumerate(names):
        part = {kind: slice(*of[kind + "_first"][s : s + 2]) for kind in COUNTED_BY}
        sets.append(
            MetricSet(
                name,
                {field: of[field][part[kind_of(field)]] for field in INPUTS},
                of["numbers"][s],
                of["class_ap"][:, part["category"]],
                of["numbers_with_id_0"][s],
            )
        )
    return sets
