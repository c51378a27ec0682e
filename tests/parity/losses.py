"""How the rows of a loss are made: the program against the reference, and that against the plain formulas."""
import dataclasses
from typing import Callable

import numpy as np
import torch

from cases.heads import replay
from parity import Row, of_largest, relative

NOTHING = 1e-20  # a loss or gradient below it is none: the recipe keeps probabilities from below 1e-12 alone


@dataclasses.dataclass
class Kind:
    name: str
    config: str  # a file of configs/
    parts: tuple  # names of the two in the out file
    normalizer: Callable  # of a case that gives none
    reference: Callable  # logits, deltas, anchors, boxes, labels, normalizer: two parts, .grad_cls, .grad_reg
    plain: Callable  # the same of tensors: the two parts
    options: tuple = ()  # over the file
    by_level: bool = False  # both functions take the slices of levels after the anchors


def normalizer_of(kind, case):
    return kind.normalizer(case) if case.normalizer is None else case.normalizer


def levels_of(kind, case):
    return (case.levels,) if kind.by_level else ()


def wanted(kind, case):
    return kind.reference(case.logits, case.deltas, case.anchors, *levels_of(kind, case), case.boxes,
                          case.labels, normalizer_of(kind, case))


def rows_of_cases(kind, what, cases, folder):
    """Two rows: value and gradient."""
    value = Row(f"{kind.name}, {what}: value", 0, "relative", 1e-5)
    gradient = Row(f"{kind.name}, {what}: gradient", 0, "of the largest", 1e-5)
    for case in cases:
        got, want = replay(case, kind.config, folder, *kind.options), wanted(kind, case)
        for part, one in zip(kind.parts, want):
            value.add(relative(got[f"loss/{part}"], one, NOTHING), f"{case.name}, {part}")
        gradient.add(of_largest(got["grad_head/cls"], want.grad_cls, NOTHING), f"{case.name}, logits")
        gradient.add(of_largest(got["grad_head/reg"], want.grad_reg, NOTHING), f"{case.name}, deltas")
        value.cases, gradient.cases = value.cases + 1, gradient.cases + 1
    return [value, gradient]


def is_ordinary(case):
    """Nothing that the plain formulas cannot do: they need P away from 0 and 1."""
    return not case.is_undefined and np.abs(case.logits).max() < 14 and np.abs(case.deltas).max() < 1e3


def plain_loss(kind, case):
    """Both parts and the gradients, in float64."""
    logits = torch.from_numpy(case.logits).double().requires_grad_()
    deltas = torch.from_numpy(case.deltas).double().requires_grad_()
    parts = kind.plain(logits, deltas, torch.from_numpy(case.anchors), *levels_of(kind, case),
                       torch.from_numpy(case.boxes), torch.from_numpy(case.labels), normalizer_of(kind, case))
    sum(parts).backward()
    return [float(part) for part in parts], logits.grad.numpy(), deltas.grad.numpy()


def against_plain(kind, cases):
    row = Row(f"{kind.name}, the reference and plain PyTorch", 0, "relative, of the largest", 1e-5)
    for case in filter(is_ordinary, cases):
        want, (parts, grad_cls, grad_reg) = wanted(kind, case), plain_loss(kind, case)
        row.cases += 1
        for name, got, one in zip(kind.parts, parts, want):
            row.add(relative(got, one, NOTHING), f"{case.name}, {name}")
        row.add(of_largest(grad_cls, want.grad_cls, NOTHING), f"{case.name}, gradient of logits")
        row.add(of_largest(grad_reg, want.grad_reg, NOTHING), f"{case.name}, gradient of deltas")
    return row
