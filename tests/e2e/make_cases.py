"""Cases for fast_replay.sh, as a user with h5py writes them.

    make_cases.py DIR            from DIR/case.h5 and its replay DIR/out.h5: head.h5, the case of its head's
                                 outputs; files damaged in one place each; damaged.txt, which lists them with
                                 words that the refusal must have
    make_cases.py DIR compare    DIR/head_out.h5, the replay of head.h5, equals out.h5 where it has the same
    make_cases.py DIR head CASE OUT HEAD    the case HEAD of the head's outputs, from a case and its replay, all in DIR
"""

import shutil
import sys

import h5py
import numpy as np


def write_head(folder, of_case, of_replay, to):
    with h5py.File(f"{folder}/{of_case}") as case, h5py.File(f"{folder}/{of_replay}") as out:
        with h5py.File(f"{folder}/{to}", "w") as head:
            for name in ("head/cls", "head/reg"):
                head[name] = out[name][:]
            head["head/size"] = case["image"].shape[1:]
            for name in ("gt_boxes", "gt_labels", "normalizer", "clip_size", "scale_factor"):
                head[name] = case[name][()]


def damages(case):
    """(dataset, its value or None, words of the refusal)"""
    image, boxes, labels = case["image"][:], case["gt_boxes"][:], case["gt_labels"][:]
    with_nan, flat = boxes.copy(), boxes.copy()
    with_nan[-1, 2] = np.nan
    flat[0, 3] = flat[0, 1]
    return [
        ("image", None, "neither a dataset image"),
        ("image", image[:, :-1], "multiple of 32"),
        ("image", image[0], "3 x H x W"),
        ("image", np.zeros((3, 32, 16416), np.float32), "up to 16384"),
        ("gt_boxes", None, "no dataset gt_boxes"),
        ("gt_boxes", boxes[:, :3], "objects x 4"),
        ("gt_boxes", with_nan, "is not a box"),
        ("gt_boxes", flat, "object 0 is not a box"),
        ("gt_labels", None, "no dataset gt_labels"),
        ("gt_labels", labels[:-1], "rows of gt_boxes"),
        ("gt_labels", labels + 2, "there are 2 classes"),
        ("gt_labels", labels - 2, "labels count classes from 0"),
        ("normalizer", -1.0, "neither 0 nor"),
    ]


def write_damaged(folder):
    with h5py.File(f"{folder}/case.h5") as case:
        wanted = damages(case)
    with open(f"{folder}/damaged.txt", "w") as listing:
        for number, (name, value, words) in enumerate(wanted):
            file = f"damaged{number}.h5"
            shutil.copy(f"{folder}/case.h5", f"{folder}/{file}")
            with h5py.File(f"{folder}/{file}", "a") as damaged:
                del damaged[name]
                if value is not None:
                    damaged[name] = value
            listing.write(f"{file} {words}\n")


def compare(folder):
    with h5py.File(f"{folder}/out.h5") as whole, h5py.File(f"{folder}/head_out.h5") as head:
        assert "grad" in whole and "grad" not in head
        names = []
        head.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        assert len(names) == 7, names
        for name in names:
            assert np.array_equal(whole[name][()], head[name][()]), name


if sys.argv[2:] == ["compare"]:
    compare(sys.argv[1])
elif sys.argv[2:]:
    write_head(sys.argv[1], *sys.argv[3:])
else:
    write_head(sys.argv[1], "case.h5", "out.h5", "head.h5")
    write_damaged(sys.argv[1])
