"""The FreeAnchor loss of `freeanchor replay` from given head outputs: value of both parts, gradient of every
logit and delta.

Compared with reference/freeanchor.py: PyTorch autograd in float64 (the program has its own formulas of the
gradient, and float32 vector loops where most logits are). What the two share is the definition of three
edges, named at the top of that file, and that IoUs, decoded boxes and targets are float32, as in the recipe:
bags and thresholds turn on their last bits. The reference in its turn is held against reference/plain.py, the
formulas in PyTorch's own functions, and the program against the published toy batch.

Tolerance: 1e-5, some hundred float32 roundings; of the value relative, of gradients as a part of the largest
of the logits' and of the deltas'. Published numbers were computed in float32, printed with up to 8 digits:
the last is finer than float32, so two units of it are allowed.
"""
import numpy as np

from cases.heads import Case, edges, last_digits, random_cases, replay
from losses import Kind, against_plain, rows_of_cases
from parity import RANDOM_CASES, Row, scratch
from reference import freeanchor, plain, toy

KIND = Kind("FreeAnchor", "freeanchor_r50_fpn_1x_coco.json", ("positive", "negative"),
            lambda case: len(case.boxes), freeanchor.loss, plain.freeanchor)
PUBLISHED = {  # objects of each image, normalizer: positive, negative
    "toy": (toy.OBJECTS, 3, "2.8720887", "0.5609485"),
    "toy without objects": ((toy.NO_OBJECTS,) * 2, 0, "0", "84.3012"),
    "toy, objects in the first alone": ((toy.OBJECTS[0], toy.NO_OBJECTS), 2, "2.4466", "0.8414"),
}
PUBLISHED_SUMS = ("1.3332742", "1.3872425")  # of the absolute gradients of logits, of deltas
PUBLISHED_ROW = 257  # of the first image
PUBLISHED_GRADIENT = (("4.536068e-4", "-2.6248405e-2", "3.297e-6"),
                      ("0.03401389", "-0.03401389", "-0.00619562", "0.03401389"))


def toy_results(objects, normalizer, folder):
    return [replay(Case("toy", *toy.SIZE, *toy.head(n), *objects[n], normalizer), KIND.config, folder)
            for n in toy.IMAGES]


def add_published_gradient(row, results):
    for part, total, one_row in zip(("cls", "reg"), PUBLISHED_SUMS, PUBLISHED_GRADIENT):
        grads = [result[f"grad_head/{part}"].astype(np.float64) for result in results]
        row.add(last_digits(sum(np.abs(grad).sum() for grad in grads), total), f"gradient of {part}, sum")
        for got, published in zip(grads[0][PUBLISHED_ROW], one_row):
            row.add(last_digits(got, published), f"gradient of {part}, row {PUBLISHED_ROW}")


def published(folder):
    row = Row("FreeAnchor, the published toy batch", len(PUBLISHED), "units of the last digit", 2)
    for name, (objects, normalizer, *values) in PUBLISHED.items():
        results = toy_results(objects, normalizer, folder)
        for part, value in zip(KIND.parts, values):
            row.add(last_digits(sum(result[f"loss/{part}"] for result in results), value), f"{name}, {part}")
        if name == "toy":
            add_published_gradient(row, results)
    return row


def rows():
    with scratch() as folder:
        return [published(folder),
                *rows_of_cases(KIND, "random heads", random_cases(RANDOM_CASES), folder),
                *rows_of_cases(KIND, "edges", edges(), folder),
                against_plain(KIND, [*random_cases(40), *edges()])]
