"""The network in bf16, forward and backward, beside PyTorch's.

A network of which every activation is rounded to eight bits cannot be compared by its largest difference: a ReLU
whose input is near 0 falls to either side. So both are compared with float64, and their errors with each other:
that of `freeanchor replay` under train.precision=bf16 may be at most so many times that of the same network under
torch.autocast, each being the root of the mean square over all outputs, and over all gradients, of which every
tensor counts alike. Independent: PyTorch's choice of what it rounds, and its arithmetic.

Tolerances. Both round what a convolution reads and writes; here batch norm is folded into filters before they are
rounded, and the sum of a residual is rounded once more or less, so neither need always be the better; seen: 0.76 to
0.87 forward, 0.89 to 0.97 backward. Winograd's algorithm in float on maps of bf16, which large ones take where there
is no AMX, does not round filters at all. With group norm there is no peer: PyTorch 1.13's autocast does not take it.
"""
import pathlib
from typing import NamedTuple

import numpy as np
import torch

import parity
from reference import network
from rows.network import CLASSES, FILES, SIZES, make_case, write_config

KINDS = (("r18", -1, "auto"), ("r50", 1, "auto"), ("r18", -1, "winograd"))
LARGER = SIZES[1:]  # of maps of one pixel PyTorch 1.13 has gradients that are not finite
LIMIT = 1.1


def require_bf16():
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    if "amx_bf16" not in flags and "avx512_bf16" not in flags:
        raise parity.Skipped("this processor does not compute in bf16")


def root_mean_square(errors):
    return float(np.sqrt(np.mean(np.square(np.concatenate([np.ravel(error) for error in errors])))))


class Run(NamedTuple):
    outputs: tuple  # logits, deltas
    gradients: dict  # of every trainable parameter


def error_of_outputs(run, exact):
    """Of each output as a part of its deviation."""
    return root_mean_square([(got - want) / want.std() for got, want in zip(run.outputs, exact.outputs)])


def error_of_gradients(run, exact):
    """Of each tensor: the length of the difference over its own."""
    return root_mean_square([np.linalg.norm(run.gradients[name] - want) / np.linalg.norm(want) for name, want in exact.gradients.items()])


def run_peer(model, image, seeds, in_bf16):
    """The reference's network under autocast, or in float64."""
    model = model.float() if in_bf16 else model.double()
    with torch.autocast("cpu", torch.bfloat16, enabled=in_bf16):
        outputs = network.forward(model, image)
    gradients = network.gradients(model, outputs, *seeds)
    return Run([output.detach().double().numpy() for output in outputs],
               {name: gradient.astype(np.float64) for name, gradient in gradients.items()})


def compare(folder, kind, forward, backward):
    name, frozen_stages, algorithm = kind
    model = network.randomise(network.Detector(name, CLASSES, frozen_stages), seed=5)
    config, weights, case, out = (pathlib.Path(folder) / part for part in FILES)
    write_config(config, name, frozen_stages)
    network.write_weights(weights, model)
    for seed, (h, w) in enumerate(LARGER):
        image, label = make_case(case, seed, h, w), f"{name} frozen {frozen_stages} at {w}x{h}, {algorithm}"
        parity.run("replay", case, "--config", config, "--weights", weights, "--out", out, "--threads", 1,
                   "--backend", "onednn", "--set", "train.precision=bf16", "--set", f"backend.conv_algorithm={algorithm}")
        ours = parity.read_h5(out)
        seeds = ours["grad_head/cls"], ours["grad_head/reg"]
        rounded, exact = (run_peer(model, image, seeds, in_bf16) for in_bf16 in (True, False))
        ours = Run((ours["head/cls"], ours["head/reg"]), {name: ours[f"grad/{name}"] for name in exact.gradients})
        forward.add(error_of_outputs(ours, exact) / error_of_outputs(rounded, exact), label)
        backward.add(error_of_gradients(ours, exact) / error_of_gradients(rounded, exact), label)


def rows():
    require_bf16()
    cases = len(KINDS) * len(LARGER)
    found = [parity.Row(f"network {way}, bf16", cases, "of PyTorch's error", LIMIT) for way in ("forward", "backward")]
    with parity.scratch() as folder:
        for kind in KINDS:
            compare(folder, kind, *found)
    return found
