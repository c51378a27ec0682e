"""Training on the same batch again and again in PyTorch: torch.optim.SGD and clip_grad_norm_ under the
recipe's warm-up. Weight decay reaches every trainable parameter; what is clipped is the gradient without
it."""
from typing import Callable, NamedTuple

import numpy as np
import torch

from reference import atss, focal, freeanchor, network
from reference.boxes import anchors_of, level_rows


class Recipe(NamedTuple):
    lr: float
    momentum: float
    weight_decay: float
    clip_norm: float
    warmup_steps: int
    warmup_ratio: float


class Sample(NamedTuple):
    image: np.ndarray  # (3,H,W) float32, normalised and padded
    boxes: np.ndarray  # (G,4) float32
    labels: np.ndarray  # (G)


class Step(NamedTuple):
    loss: float
    grad_norm: float  # before clipping


def rate(recipe, step):
    """Linear from warmup_ratio * lr at step 0."""
    ahead = max(0, 1 - step / recipe.warmup_steps)
    return recipe.lr * (1 - ahead * (1 - recipe.warmup_ratio))


class Objective(NamedTuple):
    share: Callable  # anchors, levels, sample: what an image adds to the normalizer
    loss: Callable  # logits, deltas, anchors, levels, boxes, labels, normalizer: two parts, .grad_cls, .grad_reg


FREEANCHOR = Objective(lambda anchors, levels, sample: len(sample.boxes),
                       lambda logits, deltas, anchors, levels, *rest: freeanchor.loss(logits, deltas, anchors, *rest))
ATSS = Objective(lambda anchors, levels, sample: focal.share(atss.assign(anchors, levels, sample.boxes)), atss.loss)


def places(sample):
    """Anchors, and the slice of each level."""
    h, w = sample.image.shape[1:]
    return anchors_of(h, w), level_rows(h, w)


def add_gradients(model, sample, normalizer, objective):
    """Of one image; gives its part of the loss. The loss is decided by outputs of float32, as boxes are."""
    outputs = network.forward(model, sample.image)
    logits, deltas = (x.detach().numpy().astype(np.float32) for x in outputs)
    loss = objective.loss(logits, deltas, *places(sample), sample.boxes, sample.labels, normalizer)
    gradients = [torch.from_numpy(g).to(outputs[0].dtype) for g in (loss.grad_cls, loss.grad_reg)]
    torch.autograd.backward(outputs, gradients)
    return loss[0] + loss[1]


def train(model, samples, recipe, steps, objective=FREEANCHOR):
    """[Step]. The samples are every step's batch."""
    params = list(model.trainable().values())
    sgd = torch.optim.SGD(params, recipe.lr, recipe.momentum, weight_decay=recipe.weight_decay)
    normalizer = sum(objective.share(*places(sample), sample) for sample in samples)
    taken = []
    for step in range(steps):
        sgd.zero_grad()
        loss = sum(add_gradients(model, sample, normalizer, objective) for sample in samples)
        norm = torch.nn.utils.clip_grad_norm_(params, recipe.clip_norm)
        sgd.param_groups[0]["lr"] = rate(recipe, step)
        sgd.step()
        taken.append(Step(loss, float(norm)))
    return taken
