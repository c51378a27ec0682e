"""Forty steps of training (PARITY_ALL=1: a hundred) against PyTorch in float64, twenty with group norm, and twenty by ATSS.

Compared: the loss of every step that `freeanchor train` writes to log.jsonl, from the same weights on the
same two images as one batch: R-18 with nothing frozen, SGD with momentum and weight decay, warm-up, clipping. Its
layers are a quarter as wide as published ones, which rows/network.py compares; PARITY_ALL=1: as wide.
Independent: torchvision's backbone and autograd, a loss in float64 from the recipe, torch.optim.SGD and
clip_grad_norm_ (reference/training.py). The images are those that `replay --save-case` writes;
rows/pictures.py compares them.

Tolerances. The first steps differ by float32's rounding alone: 1e-3. Training then multiplies any difference,
in whatever program; what must not be is a difference that grows steadily from the start, as of a wrong rate,
decay or momentum. 2e-3 over forty steps, 2 % over a hundred, allow for the one and show the other.

How fast a difference grows is up to the learning rate: the loss of a bag is sharp in its boxes, and at a rate
of 1e-4 direct and Winograd convolutions, which differ by 1e-8 at the first step, are 10 % apart after forty.
At 1e-5 the loss still falls to a sixth in a hundred. Narrow layers are less sharp and take more. Weight decay is far above the recipe's, or so few steps would not
show whether there is any: without it the first steps are off by more than 1e-3.
"""
import json
import pathlib
from concurrent import futures

import torch

import parity
import scenes
from reference import network, training
from rows.network import way_settings, write_config

STEPS = 100 if parity.ALL else 40
LIMIT = 2e-2 if parity.ALL else 2e-3
WIDTHS = network.PUBLISHED if parity.ALL else network.Widths(16, 64)
FIRST_STEPS, IMAGES, CLASSES, NORM_GROUPS = 20, 2, 3, 16
SIZE = (64, 64)
RECIPE = training.Recipe(lr=1e-5 if parity.ALL else 4e-5, momentum=0.9, weight_decay=0.5,
                         clip_norm=30 if parity.ALL else 16, warmup_steps=10, warmup_ratio=0.001)
# With group norm gradients are smaller, and the network is not so sharp: it takes a higher rate.
GROUP_RECIPE = RECIPE._replace(lr=2e-4, clip_norm=10.2) if parity.ALL else RECIPE._replace(lr=5e-4, clip_norm=4.7)
# Its loss is not sharp in boxes.
ATSS_RECIPE = RECIPE._replace(lr=5e-5, clip_norm=30)
ATSS_OPTIONS = ("--set", "loss.type=atss", "--set", "model.coder_std=[1,1,1,1]")
COMPARED = ("blas", "oneDNN Winograd")


def start(norm_groups):
    """Weights whose signals keep their size, under output layers as at the start of training."""
    model = network.randomise(network.Detector("r18", CLASSES, norm_groups=norm_groups, widths=WIDTHS), seed=9)
    random = torch.Generator().manual_seed(9)
    for layer, bias in ((model.bbox_head.retina_cls, -4.59511985), (model.bbox_head.retina_reg, 0)):
        layer.weight.data.normal_(0, 0.01, generator=random)
        layer.bias.data.fill_(bias)
    return model


def sections(steps, recipe):
    """Of the configuration, beside the model."""
    train = {"batch": IMAGES, "reference_batch": IMAGES, "epochs": steps, "max_steps": steps,
             "log_interval": 1, "checkpoint_interval": steps, "eval_interval": 0, "lr_steps": []}
    return {"data": {"scale": SIZE, "flip": 0}, "train": {**train, **recipe._asdict()}}


def read_samples(folder, config, shards, ids):
    samples = []
    for image_id in ids:
        case = folder / "case.h5"
        parity.run("replay", "--data", shards, "--image-id", image_id, "--config", config,
                   "--save-case", case)
        found = parity.read_h5(case)
        samples.append(training.Sample(found["image"], found["gt_boxes"], found["gt_labels"]))
    return samples


def train(folder, way, config, shards, weights, options):
    """[loss of each step]"""
    work = folder / way.replace(" ", "-")
    parity.run("train", "--config", config, "--train-data", shards, "--work-dir", work,
               "--init-from", weights, *way_settings(way), *options)
    lines = [json.loads(line) for line in (work / "log.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if line.get("mode") == "train"]


def compare(first, all_steps, way, losses, wanted):
    if len(losses) != len(wanted):
        raise RuntimeError(f"{way}: {len(losses)} steps are logged, not {len(wanted)}")
    for i, (got, want) in enumerate(zip(losses, wanted)):
        error, case = parity.relative(got, want), f"{way}, step {i + 1}: {got:.6g}, not {want:.6g}"
        all_steps.add(error, case)
        if i < FIRST_STEPS:
            first.add(error, case)


def check_that_it_learns(steps, recipe, part):
    """A curve that does not fall to this part, or a clip that never or always works, would prove little."""
    clipped = sum(step.grad_norm > recipe.clip_norm for step in steps)
    if not steps[-1].loss < part * steps[0].loss or not 0 < clipped < len(steps):
        raise RuntimeError(f"{clipped} steps clipped, from {steps[0].loss:.3g} to {steps[-1].loss:.3g}")


def run(n_steps, recipe, norm_groups=0, objective=training.FREEANCHOR, options=()):
    """(steps in PyTorch, {way: losses of the program})"""
    with parity.scratch() as scratch, futures.ThreadPoolExecutor() as pool:
        folder = pathlib.Path(scratch)
        config, weights, model = folder / "config.json", folder / "weights.h5", start(norm_groups)
        write_config(config, "r18", -1, norm_groups, WIDTHS, **sections(n_steps, recipe))
        network.write_weights(weights, model)
        shards, ids = scenes.make(folder, IMAGES, CLASSES, SIZE)
        samples = read_samples(folder, config, shards, ids)
        running = {way: pool.submit(train, folder, way, config, shards, weights, options)
                   for way in COMPARED}
        steps = training.train(model.double(), samples, recipe, n_steps, objective)
        return steps, {way: losses.result() for way, losses in running.items()}


def rows():
    first = parity.Row(f"training, steps 1 to {FIRST_STEPS}", len(COMPARED), "relative", 1e-3)
    all_steps = parity.Row(f"training, steps 1 to {STEPS}", len(COMPARED), "relative", LIMIT)
    group = parity.Row(f"training with group norm, steps 1 to {FIRST_STEPS}", len(COMPARED), "relative", 1e-3)
    atss = parity.Row(f"training by ATSS, steps 1 to {FIRST_STEPS}", len(COMPARED), "relative", 1e-3)
    steps, found = run(STEPS, RECIPE)
    check_that_it_learns(steps, RECIPE, 0.6)
    for way, losses in found.items():
        compare(first, all_steps, way, losses, [step.loss for step in steps])
    steps, found = run(FIRST_STEPS, GROUP_RECIPE, NORM_GROUPS)
    check_that_it_learns(steps, GROUP_RECIPE, 0.9)
    for way, losses in found.items():
        compare(group, group, way, losses, [step.loss for step in steps])
    steps, found = run(FIRST_STEPS, ATSS_RECIPE, 0, training.ATSS, ATSS_OPTIONS)
    check_that_it_learns(steps, ATSS_RECIPE, 0.9)
    for way, losses in found.items():
        compare(atss, atss, way, losses, [step.loss for step in steps])
    return [first, all_steps, group, atss]
