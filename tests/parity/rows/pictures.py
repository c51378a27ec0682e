"""From a JPEG and its boxes to the network's input: the program's pipeline against OpenCV.

Fifty pictures (album.py: gray, progressive, CMYK, EXIF 1 to 8, odd sizes and shapes, made smaller and larger)
and three photographs are packed; `freeanchor replay --save-case` then gives what training would be fed.
reference/pictures.py makes the same by OpenCV's own decoder, resize and arithmetic, and the boxes by numpy.
Each picture goes through twice: straight with the usual normalisation, and mirrored with another one.

0: OpenCV decodes by the same libjpeg (CMYK by its own step from there, which the program repeats), and its
resizing and normalisation are well-defined arithmetic on 8-bit and float32 numbers: every float must have the
same bits.

Not part of this: boxes that reach outside a picture, which `pack` refuses, drops or clips, as it is told (to
clip before scaling moves a corner by its last bit at most); and EXIF that contradicts the annotation file's
width and height, which `pack` leaves unapplied where OpenCV applies it.
"""
import math
import pathlib

import numpy as np
from cases.album import CATEGORY_IDS, pictures, write
from parity import ROOT, Row, read_h5, run, scratch
from reference.pictures import Recipe, feed

CONFIG = ROOT / "configs/freeanchor_r18_fpn_bccd.json"
CAFFE = {"mean": (103.53, 116.28, 123.675), "std": (1.0, 1.0, 1.0), "to_rgb": False}
ODD = {"mean": (1.7, 250.3, 99.99), "std": (0.3, 71.7, 255.0)}


def set_of(recipe):
    """Options of the program for a recipe."""
    values = {"scale": list(recipe.scale), "mean": list(recipe.mean), "std": list(recipe.std)}
    values["to_rgb"] = "true" if recipe.to_rgb else "false"
    return [word for key, value in values.items() for word in ("--set", f"data.{key}={value}")]


def fed_by_program(shards, number, recipe, flip, folder):
    case = folder / "case.h5"
    mirrored = ["--flip"] if flip else []
    source = ["--data", shards, "--image-id", number, *mirrored]
    run("replay", *source, "--config", CONFIG, *set_of(recipe), "--save-case", case)
    return read_h5(case)


def n_different(got, want):
    """How many elements differ in any bit; infinite if the shapes do."""
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape or got.dtype != want.dtype:
        return math.inf
    bits = f"u{got.dtype.itemsize}"
    return np.count_nonzero(np.ascontiguousarray(got).view(bits) != np.ascontiguousarray(want).view(bits))


def rows():
    album = pictures()
    n = 2 * len(album)
    pixels = Row("picture to network input: pixels", n, "floats that differ", 0)
    boxes = Row("picture to network input: boxes, labels, scale", n, "numbers that differ", 0)
    with scratch() as folder:
        folder = pathlib.Path(folder)
        write(album, folder)
        run("pack", "--coco", folder / "coco.json", "--images", folder / "images", "--out", folder / "shards")
        for number, picture in enumerate(album):
            other = CAFFE if number % 2 else ODD
            for flip, recipe in ((False, Recipe(picture.scale)), (True, Recipe(picture.scale, **other))):
                got = fed_by_program(folder / "shards", number, recipe, flip, folder)
                want = feed(picture.jpeg, picture.annotations, CATEGORY_IDS, recipe, flip)
                case = f"{picture.name}{', mirrored' if flip else ''}"
                pixels.add(n_different(got["image"], want.image), case)
                boxes.add(n_different(got["gt_boxes"], want.boxes), f"{case}, boxes")
                boxes.add(n_different(got["gt_labels"], want.labels), f"{case}, labels")
                boxes.add(n_different(got["scale_factor"], want.scale_factor), f"{case}, scale")
                boxes.add(n_different(got["clip_size"], want.clip_size), f"{case}, size")
    return [pixels, boxes]
