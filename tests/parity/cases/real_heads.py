"""Outputs of a real head: a small network, trained for a moment on a few scenes, looks at them."""
import numpy as np

import parity
from cases.heads import Case

CONFIG = parity.ROOT / "configs/freeanchor_r18_fpn_synth.json"
SIZE = ("--set", "data.scale=[128, 96]")
IMAGES, CLASSES = 6, 4


def settings(**values):
    return [word for key, value in values.items() for word in ("--set", f"train.{key}={value}")]


def make_data(folder):
    parity.run("synth", "--out", folder / "scenes", "--images", IMAGES, "--classes", CLASSES, "--seed", 7,
               "--size", "256x192")
    parity.run("pack", "--coco", folder / "scenes/annotations.json", "--images", folder / "scenes/images",
               "--out", folder / "shards")
    return folder / "shards"


def train(folder, data):
    short = settings(batch=1, reference_batch=1, epochs=4, lr_steps="[3]", lr=0.005, warmup_steps=5,
                     checkpoint_interval=4)
    parity.run("train", "--config", CONFIG, "--work-dir", folder / "run", "--train-data", data, *SIZE, *short,
               "--threads", 1)
    return folder / "run/weights.h5"


def look(folder, data, weights, image, *flip):
    """The head's outputs as a case without objects, and what the program detects."""
    case, out = folder / "seen.h5", folder / "out.h5"
    parity.run("replay", "--data", data, "--image-id", image, *flip, "--config", CONFIG, *SIZE,
               "--weights", weights, "--save-case", case, "--out", out, "--threads", 1)
    seen, found = parity.read_h5(case), parity.read_h5(out)
    h, w = seen["image"].shape[1:]
    name = " ".join(["scene", str(image), *flip])
    return Case(name, h, w, found["head/cls"], found["head/reg"], clip=tuple(seen["clip_size"]),
                scale_factor=tuple(seen["scale_factor"])), found["detections"]


def real_heads(folder):
    """[(case, detections)] of every scene as it is and mirrored."""
    data = make_data(folder)
    weights = train(folder, data)
    views = [(image, *flip) for image in range(1, IMAGES + 1) for flip in ((), ("--flip",))]
    return [look(folder, data, weights, *view) for view in views]


def shifted(case, shift):
    """The case as of a network surer of itself, or less so."""
    logits = case.logits + np.float32(shift)
    return Case(f"{case.name}, logits {shift:+g}", case.h, case.w, logits, case.deltas, clip=case.clip,
                scale_factor=case.scale_factor)
