"""Small packed datasets of the program's own synthetic scenes."""
import json

import parity


def make(folder, images, classes, size):
    """(the dataset's folder, the ids of its images); size is (width, height)."""
    scenes, shards = folder / "scenes", folder / "shards"
    parity.run("synth", "--out", scenes, "--images", images, "--classes", classes,
               "--size", "x".join(map(str, size)))
    annotations = scenes / "annotations.json"
    parity.run("pack", "--coco", annotations, "--images", scenes / "images", "--out", shards)
    return shards, [image["id"] for image in json.loads(annotations.read_text())["images"]]
