"""Weights in and out, against PyTorch's own files and outputs.

Compared: every tensor of checkpoints by torch.save, in the zip format and in the older one, with what
`freeanchor weights import` makes of them; the frozen tensors of a network that was trained from such a
file; and the outputs of a trained network with those of PyTorch after it has loaded what `weights export`
wrote. Independent: torch.save itself, h5py, and the safetensors format read by ten lines of numpy below.

Tolerances. Copies are equal to the last bit. Outputs: as in rows/network.py, 1e-4 of their range.
"""
import json
import pathlib

import numpy as np
import torch
import torchvision

import parity
import scenes
from reference import network
from rows.network import of_range, write_config

CLASSES = 3
SECTIONS = {
    "data": {"scale": [64, 64], "flip": 0},
    "train": {"batch": 2, "reference_batch": 2, "max_steps": 1, "epochs": 1, "warmup_steps": 0, "eval_interval": 0},
}


def read_safetensors(path):
    """{name: array}: eight bytes of the header's length, the header as JSON, the values."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (start + offset for offset in entry["data_offsets"])
        assert entry["dtype"] == "F32"
        tensors[name] = np.frombuffer(content[begin:end], "<f4").reshape(entry["shape"])
    return tensors


def different(got, want):
    """How many tensors are not there, too many, or not equal in every bit."""
    same = sum(name in got and got[name].shape == value.shape and got[name].tobytes() == value.tobytes()
               for name, value in want.items())
    return len(got.keys() | want.keys()) - same


def torchvision_state(model):
    """A torchvision ResNet-50 with this backbone: its names, its fc."""
    whole = torchvision.models.resnet50()
    whole.load_state_dict(model.backbone.state_dict(), strict=False)
    return whole.state_dict()


def compare_import(row, folder, backbone, whole):
    """A bare state dict of the backbone, and a checkpoint of mmdetection's kind."""
    weights = network.weights_of(whole)
    kinds = {
        "backbone": (torchvision_state(backbone), {n: v for n, v in network.weights_of(backbone).items()
                                                   if n.startswith("backbone.")}),
        "detector": ({"meta": {"epoch": 12}, "state_dict": whole.state_dict()}, weights),
    }
    for kind, (saved, wanted) in kinds.items():
        for form, is_zip in (("zip", True), ("older", False)):
            path, out = folder / f"{kind}-{form}.pth", folder / f"{kind}-{form}.h5"
            torch.save(saved, path, _use_new_zipfile_serialization=is_zip)
            parity.run("weights", "import", path, "--out", out)
            row.add(different(parity.read_h5(out), wanted), f"{kind}, {form} format")


def train(folder, config, shards, init):
    work = folder / "work"
    parity.run("train", "--config", config, "--train-data", shards, "--work-dir", work, "--init-from", init)
    return work / "weights.h5"


def compare_frozen(row, trained, model):
    """After a step: statistics and frozen stages are as they were, all else of the backbone has moved."""
    before = {n: v for n, v in network.weights_of(model).items() if n.startswith("backbone.")}
    after = parity.read_h5(trained)
    moving = model.trainable().keys()
    wrong = [n for n, v in before.items() if (after[n].tobytes() == v.tobytes()) == (n in moving)]
    row.add(len(wrong), ", ".join(wrong[:3]))


def compare_export(row, folder, config, trained, case):
    exported, out = folder / "exported.safetensors", folder / "out.h5"
    parity.run("weights", "export", trained, "--out", exported)
    parity.run("replay", case, "--config", config, "--weights", trained, "--out", out)
    model = network.Detector("r50", CLASSES, 1)
    state = {name: torch.from_numpy(value.copy()) for name, value in read_safetensors(exported).items()}
    odd = model.load_state_dict(state, strict=False)
    missing = [name for name in odd.missing_keys if not name.endswith("num_batches_tracked")]
    if missing or odd.unexpected_keys:
        raise RuntimeError(f"exported: {missing[:3]} missing, {odd.unexpected_keys[:3]} unexpected")
    found = parity.read_h5(out)
    for name, want in zip(("cls", "reg"), network.forward(model.double(), parity.read_h5(case)["image"])):
        row.add(of_range(found[f"head/{name}"], want.detach().numpy()), name)


def rows():
    imported = parity.Row("weights of torch.save, both formats, imported", 4, "tensors that differ", 0)
    frozen = parity.Row("weights after a step from such a file: frozen or moved", 1, "tensors in error", 0)
    exported = parity.Row("weights exported, outputs in PyTorch", 1, "of the range", 1e-4)
    with parity.scratch() as name:
        folder = pathlib.Path(name)
        r50 = network.randomise(network.Detector("r50", CLASSES, frozen_stages=1), seed=3)
        compare_import(imported, folder, r50, network.randomise(network.Detector("r18", CLASSES), seed=4))
        config, case = folder / "config.json", folder / "case.h5"
        write_config(config, "r50", 1, **SECTIONS)
        shards, ids = scenes.make(folder, 2, CLASSES, (64, 64))
        trained = train(folder, config, shards, folder / "backbone-older.pth")
        compare_frozen(frozen, trained, r50)
        parity.run("replay", "--data", shards, "--image-id", ids[0], "--config", config,
                   "--save-case", case)
        compare_export(exported, folder, config, trained, case)
    return [imported, frozen, exported]
