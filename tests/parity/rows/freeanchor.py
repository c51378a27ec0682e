"""The FreeAnchor loss of `freeanchor replay` from given head outputs: value of both parts, gradient of every
logit and delta.

Compared with reference/freeanchor.py: PyTorch autograd in float64 (the program has its own formulas of the
gradient, and float32 vector loops where most logits are). What the two share is the definition of three edges,
named at the top of that file, and that IoUs, decoded boxes and targets are float32, as in the recipe: bags and
thresholds turn on their last bits. The reference in its turn is held against reference/plain.py, the formulas
in PyTorch's own functions, and both the program and the references against the published toy batch.

Tolerance: 1e-5, some hundred float32 roundings; of the value relative, of gradients as a part of the largest of
the logits' and of the deltas'. Published numbers were computed in float32 and have 5 to 8 digits.
"""
import numpy as np
import torch

from heads import Case, edges, last_digits, of_largest, random_cases, relative, replay
from parity import Row, scratch
from reference import plain, toy
from reference.freeanchor import loss

CONFIG = "freeanchor_r50_fpn_1x_coco.json"
PUBLISHED = {  # objects of each image, normalizer: positive, negative
    "toy": (toy.OBJECTS, 3, "2.8720887", "0.5609485"),
    "toy without objects": ((toy.NO_OBJECTS,) * 2, 0, "0", "84.3012"),
    "toy, objects in the first alone": ((toy.OBJECTS[0], toy.NO_OBJECTS), 2, "2.4466", "0.8414"),
}
PUBLISHED_SUMS = ("1.3332742", "1.3872425")  # of the absolute gradients of logits, of deltas
PUBLISHED_ROW = 257  # of the first image
PUBLISHED_GRADIENT = (("4.536068e-4", "-2.6248405e-2", "3.297e-6"),
                      ("0.03401389", "-0.03401389", "-0.00619562", "0.03401389"))


def normalizer_of(case):
    return len(case.boxes) if case.normalizer is None else case.normalizer


def wanted(case):
    return loss(case.logits, case.deltas, case.anchors, case.boxes, case.labels, normalizer_of(case))


def add_case(case, got, value, gradient):
    want = wanted(case)
    for part in ("positive", "negative"):
        value.add(relative(got[f"loss/{part}"], getattr(want, part)), f"{case.name}, {part}")
    for part in ("cls", "reg"):
        gradient.add(of_largest(got[f"grad_head/{part}"], getattr(want, f"grad_{part}")), f"{case.name}, {part}")


def rows_of_cases(what, cases, folder):
    value = Row(f"{what}: value", 0, "relative", 1e-5)
    gradient = Row(f"{what}: gradient", 0, "of the largest", 1e-5)
    for case in cases:
        add_case(case, replay(case, CONFIG, folder), value, gradient)
        value.cases, gradient.cases = value.cases + 1, gradient.cases + 1
    return [value, gradient]


def toy_results(objects, normalizer, folder):
    return [replay(Case("toy", *toy.SIZE, *toy.head(n), *objects[n], normalizer), CONFIG, folder)
            for n in toy.IMAGES]


def published(folder):
    row = Row("FreeAnchor, the published toy batch", len(PUBLISHED), "units of last digit", 1.5)
    for name, (objects, normalizer, positive, negative) in PUBLISHED.items():
        got = toy_results(objects, normalizer, folder)
        row.add(last_digits(sum(one["loss/positive"] for one in got), positive), f"{name}, positive")
        row.add(last_digits(sum(one["loss/negative"] for one in got), negative), f"{name}, negative")
    got = toy_results(*PUBLISHED["toy"][:2], folder)
    for part, total, gradient in zip(("cls", "reg"), PUBLISHED_SUMS, PUBLISHED_GRADIENT):
        grads = [one[f"grad_head/{part}"].astype(np.float64) for one in got]
        row.add(last_digits(sum(np.abs(grad).sum() for grad in grads), total), f"gradient of {part}, sum")
        for value, one in zip(grads[0][PUBLISHED_ROW], gradient):
            row.add(last_digits(value, one), f"gradient of {part}, row {PUBLISHED_ROW}")
    return row


def is_ordinary(case):
    """Nothing that the plain formulas cannot do: they need 50 anchors, and P away from 0 and 1."""
    return np.abs(case.logits).max() < 14 and np.abs(case.deltas).max() < 1e3 and "0.6" not in case.name


def plain_loss(case, function, normalizer):
    """Value of both parts and gradients by the plain formulas in float64."""
    logits = torch.from_numpy(case.logits).double().requires_grad_()
    deltas = torch.from_numpy(case.deltas).double().requires_grad_()
    first, second = function(logits, deltas, torch.from_numpy(case.anchors), torch.from_numpy(case.boxes),
                             torch.from_numpy(case.labels), normalizer)
    (first + second).backward()
    return float(first), float(second), logits.grad.numpy(), deltas.grad.numpy()


def against_plain(cases):
    row = Row("FreeAnchor, reference and plain PyTorch", 0, "relative, of the largest", 1e-5)
    for case in filter(is_ordinary, cases):
        want = wanted(case)
        positive, negative, grad_cls, grad_reg = plain_loss(case, plain.freeanchor, normalizer_of(case))
        row.cases += 1
        row.add(relative(positive, want.positive), f"{case.name}, positive")
        row.add(relative(negative, want.negative), f"{case.name}, negative")
        row.add(of_largest(grad_cls, want.grad_cls), f"{case.name}, gradient of cls")
        row.add(of_largest(grad_reg, want.grad_reg), f"{case.name}, gradient of reg")
    return row


def rows():
    with scratch() as folder:
        return [published(folder), *rows_of_cases("FreeAnchor, random heads", random_cases(200), folder),
                *rows_of_cases("FreeAnchor, edges", edges(), folder),
                against_plain([*random_cases(40), *edges()])]
