"""The network, forward and backward, against PyTorch in float64.

Compared: the head's outputs, and the gradient of every trainable parameter, of `freeanchor replay` on
random pictures through five networks, two of them with group norm, by each CPU backend: those of 18 layers at
three sizes, the deeper ones, which cost most, at one. PARITY_ALL=1: at all, and through those of 101 layers, which
have more of the same blocks. Independent: torchvision's own
ResNets under a pyramid and head written from the recipe (reference/network.py), batch norm unfolded, gradients
by autograd.
The loss is not under test here: its gradient by the head's outputs is taken from the same out file and sent
backward through PyTorch's graph.

Tolerances. Float32 rounds at 6e-8 and a network adds up thousands of products some hundred layers deep,
which leaves 1e-6 to 1e-5 of the outputs' range; 1e-4 allows for that and for nothing else. Winograd's
transforms may lose a digit more, hence 1e-3 there. Gradients: 1e-3 of a tensor's largest.

Those hold where the gradient is one number. A ReLU's input within rounding of 0 falls to either side in
float32, and the gradient jumps by what passes there: measured with weights as they are drawn, up to 6e-2 of
a tensor. So betas and the towers' biases are moved a little, by at most a twentieth of their layer's
deviation, until for the image of the case no such input is left (network.keep_off_kinks).
"""
import json
import math
import pathlib
from typing import NamedTuple

import numpy as np

import parity
from reference import network

CLASSES = 20
FILES = ("config.json", "weights.h5", "case.h5", "out.h5")
SIZES = ((32, 32), (64, 96), (96, 96))
SIZE_OF_DEEP = (64, 96)
DEEPEST = (("r101", 1, 0), ("x101-32x4d", 1, 0), ("x101-64x4d", 1, 0)) if parity.ALL else ()
# (network, frozen stages, groups of group norm): 1 stage as in the recipes, -1 for the gradients of the stem
KINDS = {
    "network": (("r18", -1, 0), ("r50", 1, 0), ("x50-32x4d", 1, 0), *DEEPEST),
    "network with group norm": (("r18", -1, 16), ("r50", 1, 32)),
}
WAYS = {
    "blas": ("blas", "direct"),
    "blas Winograd": ("blas", "winograd"),
    "oneDNN direct": ("onednn", "direct"),
    "oneDNN Winograd": ("onednn", "winograd"),
}


def sizes_of(name):
    return SIZES if name == "r18" or parity.ALL else [SIZE_OF_DEEP]


class Comparison(NamedTuple):
    forward: parity.Row
    backward: parity.Row


def write_config(path, name, frozen_stages, norm_groups=0, widths=network.PUBLISHED, **others):
    """Makes the program's network this one. others: sections of the configuration."""
    block, blocks, groups, width = network.BACKBONES[name]
    depth = 2 + sum(blocks) * (2 if block is network.BASIC else 3)
    backbone = {"depth": depth, "groups": groups, "base_width": width, "base_channels": widths.base,
                "frozen_stages": frozen_stages}
    pyramid = {"neck_channels": widths.pyramid, "head_channels": widths.pyramid}
    norm = {"norm": "group", "norm_groups": norm_groups} if norm_groups else {}
    path.write_text(json.dumps({"model": {"backbone": backbone, **pyramid, **norm}, **others}))


def way_settings(way):
    backend, algorithm = WAYS[way]
    return ["--threads", 1, "--backend", backend, "--set", f"backend.conv_algorithm={algorithm}"]


def make_case(path, seed, h, w):
    random = np.random.default_rng(seed)
    sides = random.uniform(0.2, 0.6, (4, 2)) * (w, h)
    corner = random.uniform(0, 1, (4, 2)) * ((w, h) - sides)
    case = {
        "image": network.picture(seed, h, w),
        "gt_boxes": np.hstack([corner, corner + sides]).astype(np.float32),
        "gt_labels": random.integers(0, CLASSES, 4),
    }
    parity.write_h5(path, case)
    return case["image"]


def of_range(got, want):
    """Largest difference, as a part of the spread of the values expected."""
    if got.shape != want.shape:
        return math.inf
    return np.abs(got - want).max() / np.ptp(want)


def compare_outputs(row, out, outputs, case):
    for name, want in zip(("cls", "reg"), outputs):
        row.add(of_range(out[f"head/{name}"], want.detach().numpy()), f"{case}: {name}")


def compare_gradients(row, out, model, outputs, case):
    wanted = network.gradients(model, outputs, out["grad_head/cls"], out["grad_head/reg"])
    found = {name[len("grad/"):]: value for name, value in out.items() if name.startswith("grad/")}
    if found.keys() != wanted.keys():
        row.add(math.inf, f"{case}: gradients of {sorted(found.keys() ^ wanted.keys())[:3]}")
    for name in found.keys() & wanted.keys():
        row.add(parity.of_largest(found[name], wanted[name]), f"{case}: {name}")


def compare_network(folder, name, frozen_stages, norm_groups, comparisons):
    model = network.randomise(network.Detector(name, CLASSES, frozen_stages, norm_groups), seed=5)
    config, weights, case, out = (pathlib.Path(folder) / part for part in FILES)
    write_config(config, name, frozen_stages, norm_groups)
    model = model.double()
    for h, w in sizes_of(name):
        image = make_case(case, SIZES.index((h, w)), h, w)
        network.keep_off_kinks(model, image)
        network.write_weights(weights, model)
        outputs = network.forward(model, image)
        for way, comparison in comparisons.items():
            parity.run("replay", case, "--config", config, "--weights", weights, "--out", out,
                       *way_settings(way))
            found, label = parity.read_h5(out), f"{name} frozen {frozen_stages} at {w}x{h}"
            compare_outputs(comparison.forward, found, outputs, label)
            compare_gradients(comparison.backward, found, model, outputs, label)


def empty_rows(kind, way):
    cases, loose = sum(len(sizes_of(name)) for name, *_ in KINDS[kind]), way.endswith("Winograd")
    return Comparison(parity.Row(f"{kind} forward, {way}", cases, "of the range", 1e-3 if loose else 1e-4),
                      parity.Row(f"{kind} backward, {way}", cases, "of a tensor's largest", 1e-3))


def rows_of(kind):
    comparisons = {way: empty_rows(kind, way) for way in WAYS}
    with parity.scratch() as folder:
        for name, frozen_stages, norm_groups in KINDS[kind]:
            compare_network(folder, name, frozen_stages, norm_groups, comparisons)
    return [c.forward for c in comparisons.values()] + [c.backward for c in comparisons.values()]


def rows():
    return [row for kind in KINDS for row in rows_of(kind)]
