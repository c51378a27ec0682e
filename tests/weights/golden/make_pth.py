"""Writes the .pth files of the tests with torch.save, and the tensors in them as float32 in one text file.

    python3 make_pth.py

Each case is written twice, as <case>.zip.pth and <case>.legacy.pth, and its tensors to <case>.txt: a line a
tensor with name, dimensions and the bits of each number. harm.*.pth would run a command.
"""
import argparse
import collections
import datetime
import os
import pathlib
import sys
import types as python_types

import numpy as np
import torch


def stand_in(module, name, bases=(), **members):
    """A class under the name that it has in a library which is not needed to write it."""
    made = type(name, bases, {"__module__": module, "__qualname__": name, **members})
    for function in members.values():
        function.__module__, function.__qualname__ = module, name + "." + function.__name__
    parts = module.split(".")
    for n in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:n]), python_types.ModuleType(parts[n - 1]))
    setattr(sys.modules[module], name, made)
    return made


def mean(history):
    return history


HistoryBuffer = stand_in("mmengine.logging.history_buffer", "HistoryBuffer", mean=mean)
ConfigDict = stand_in("mmengine.config.config", "ConfigDict", (dict,))


class Harm:
    def __reduce__(self):
        return os.system, ("touch ran",)


def numbers(*shape, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(*shape, generator=generator).to(dtype)


def plain():
    """A bare state dict of a module, with Parameters' data, buffers and an integer counter."""
    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))
    return module.state_dict()


def types():
    """Every type, as float32 or left out, with numbers at the ends of their ranges."""
    half = torch.tensor([0.0, -0.0, 65504.0, 2.0 ** -24, -(2.0 ** -14), float("inf")], dtype=torch.float16)
    brain = torch.tensor([0.0, -0.0, 2.0 ** 127, 2.0 ** -126, 3.140625, -float("inf")], dtype=torch.bfloat16)
    return {"state_dict": collections.OrderedDict([
        ("single", numbers(4, 3)), ("half", half), ("brain", brain),
        ("double", torch.tensor([1 / 3, 1e-50, -1e30, 2.0 ** -149], dtype=torch.float64)),
        ("long", torch.tensor(5)), ("int", torch.arange(3, dtype=torch.int32)),
        ("mask", torch.tensor([True, False])), ("bytes", torch.arange(3, dtype=torch.uint8)),
        ("scalar", torch.tensor(2.5)), ("empty", torch.zeros(0, 4)),
        ("half_scalar", torch.tensor(-1.5, dtype=torch.float16)),
    ])}


def views():
    """Tensors that share storages, begin within them, and do not lie in them row by row."""
    shared = numbers(6, 5)
    image = numbers(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    wide = numbers(3, 1000, dtype=torch.float64)  # gathered from several pieces of the file
    return {"model": {
        "module.whole": shared, "module.rows": shared[2:4], "module.columns": shared[:, 1:4:2],
        "module.turned": shared.t(), "module.element": shared[3, 2], "module.again": shared,
        "image": image, "image_half": image.half()[:, 1:], "permuted": numbers(2, 3, 4).permute(2, 0, 1),
        "expanded": numbers(3, 1).expand(3, 4), "single_column": numbers(4, 1).t(),
        "sparse_columns": wide[:, ::250],
    }}


def checkpoint():
    """What a training run leaves: settings, histories, an optimizer, and Parameters among the tensors."""
    weight = torch.nn.Parameter(numbers(3, 2))
    tagged = torch.nn.Parameter(numbers(2))
    tagged.note = "a parameter with an attribute"
    marked = numbers(2, 2)
    marked.note = "a tensor with an attribute"
    meta = {
        "epoch": 12, "iter": 87960, "time": "20200129", "big": 2 ** 70, "negative": -3, "ratio": 0.5,
        "none": None, "CLASSES": ("person", "traffic light", "café"),
        "PALETTE": [(220, 20, 60), (119, 11, 32)],
        "hook_msgs": {"best_score": np.float64(0.42), "curve": np.arange(5.0), "flags": {1, 2}},
        "env": argparse.Namespace(device=torch.device("cpu"), dtype=torch.float32, size=torch.Size([1, 2])),
        "dates": [datetime.datetime(2020, 1, 29), pathlib.PurePosixPath("work_dirs")],
        "count": collections.Counter("abca"), "deep": collections.defaultdict(list, a=[1, [2, [3]]]),
    }
    history = HistoryBuffer()
    history.log, history.methods = np.arange(7.0), {"mean": HistoryBuffer.mean}
    hub = {"log_scalars": collections.OrderedDict(loss=history), "cfg": ConfigDict(a=ConfigDict(b=1)),
           "random": torch.get_rng_state()[:3].clone()}
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
    (weight * weight).sum().backward()
    optimizer.step()
    return {"meta": meta, "message_hub": hub, "optimizer": optimizer.state_dict(),
            "state_dict": collections.OrderedDict(weight=weight, tagged=tagged, marked=marked)}


def tensors_of(saved):
    state = saved.get("state_dict", saved.get("model", saved))
    return {name: tensor.detach() for name, tensor in state.items() if tensor.is_floating_point()}


def write_values(path, tensors):
    with open(path, "w") as out:
        for name in sorted(tensors):
            values = tensors[name].float().contiguous().numpy().ravel()
            if values.size > 60:  # one in thirteen of a large tensor
                values = values[::13]
            bits = " ".join("%08x" % b for b in values.view(np.uint32))
            print(name, "x".join(map(str, tensors[name].shape)) or "scalar", bits, file=out)


torch.save({"state_dict": {"weight": numbers(2)}, "meta": Harm()}, "harm.zip.pth")
torch.save({"weight": Harm()}, "harm.legacy.pth", _use_new_zipfile_serialization=False)
for case in (plain, types, views, checkpoint):
    saved, name = case(), case.__name__
    torch.save(saved, name + ".zip.pth")
    torch.save(saved, name + ".legacy.pth", _use_new_zipfile_serialization=False)
    write_values(name + ".txt", tensors_of(saved))
    if case is plain:
        for protocol in (3, 4):
            torch.save(saved, "protocol%d.zip.pth" % protocol, pickle_protocol=protocol)
        torch.save(saved, "protocol4.legacy.pth", pickle_protocol=4, _use_new_zipfile_serialization=False)
