"""The peer of `freeanchor bench step` and `bench loss`: the same training step as a plain PyTorch program.

The network is that of tests/parity/reference (torchvision's ResNet, batch norm on stored statistics); the loss is
vectorised, in float32, with what needs no gradient under no_grad; clipping and SGD are PyTorch's own. One JSON
object on the last line, with the keys of `freeanchor bench step`.
"""
import argparse
import json
import pathlib
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "parity"))
from reference.boxes import anchors_of  # noqa: E402
from reference.network import Detector  # noqa: E402

BAG, THRESHOLD, TINY = 50, 0.6, 1e-12
CODER_STD = torch.tensor([0.1, 0.1, 0.2, 0.2])


# ---- boxes ----


def centres(boxes):
    return (boxes[..., :2] + boxes[..., 2:]) * 0.5, boxes[..., 2:] - boxes[..., :2]


def decode(anchors, deltas):
    centre, size = centres(anchors)
    d = deltas * CODER_STD
    centre, size = centre + size * d[:, :2], size * d[:, 2:].clamp(-4.135, 4.135).exp()
    return torch.cat([centre - size * 0.5, centre + size * 0.5], 1)


def encode(anchors, objects):
    (pc, ps), (gc, gs) = centres(anchors), centres(objects)
    return torch.cat([(gc - pc) / ps, (gs / ps).log()], -1) / CODER_STD


def iou(objects, boxes):
    """(G, A)"""
    a, b = objects.t()[:, :, None], boxes.t().contiguous()
    w = torch.minimum(a[2], b[2]).sub_(torch.maximum(a[0], b[0])).clamp_(min=0)
    inter = torch.minimum(a[3], b[3]).sub_(torch.maximum(a[1], b[1])).clamp_(min=0).mul_(w)
    areas = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    return inter / (areas[0] + areas[1] - inter).clamp_(min=1e-6)


# ---- the FreeAnchor loss ----


@torch.no_grad()
def box_probability(anchors, deltas, objects, labels, classes):
    """(A, C): how well the anchor's box fits the best object of the class."""
    overlaps = iou(objects, decode(anchors, deltas))
    best = overlaps.max(1, keepdim=True).values.clamp(min=THRESHOLD + TINY)
    fit = overlaps.sub_(THRESHOLD).div_(best - THRESHOLD).clamp_(0, 1)
    probability = torch.zeros(len(anchors), classes)
    for label in labels.unique():
        probability[:, label] = fit[labels == label].amax(0)
    return probability


def positive_loss(logits, deltas, anchors, objects, labels):
    with torch.no_grad():
        bags = iou(objects, anchors).topk(BAG, 1, sorted=False).indices
        targets = encode(anchors[bags], objects[:, None])
    p = logits[bags, labels[:, None]].sigmoid()
    box_loss = F.smooth_l1_loss(deltas[bags], targets, reduction="none", beta=0.11).sum(2)
    matched = p * (-0.75 * box_loss).exp()
    weight = 1 / (1 - matched).clamp(min=TINY)
    bag = (weight * matched).sum(1) / weight.sum(1)
    return F.binary_cross_entropy(bag, torch.ones_like(bag), reduction="none")


def negative_loss(logits, fits):
    p = logits.sigmoid() * (1 - fits)
    return p.square() * F.binary_cross_entropy(p, torch.zeros_like(p), reduction="none")


def freeanchor_loss(logits, deltas, anchors, objects, labels):
    n = max(1, len(objects))
    fits = box_probability(anchors, deltas, objects, labels, logits.shape[1])
    positive = positive_loss(logits, deltas, anchors, objects, labels).sum() / n
    return 0.5 * positive + 0.5 * negative_loss(logits, fits).sum() / (n * BAG)


# ---- the step ----


class Clock:
    """Seconds of each phase, per step."""

    def __init__(self):
        self.steps, self.last = [], 0

    def start(self):
        self.steps.append({})
        self.last = time.perf_counter()

    def phase(self, name):
        now = time.perf_counter()
        self.steps[-1][name] = now - self.last
        self.last = now

    def median(self, name):
        return statistics.median(step[name] for step in self.steps[1:])


class Step:
    def __init__(self, options):
        torch.manual_seed(0)
        self.options = options
        self.format = torch.channels_last if options.channels_last else torch.contiguous_format
        self.model = Detector(options.network, options.classes, options.frozen_stages, options.norm_groups)
        self.model.to(memory_format=self.format)
        torch.nn.init.constant_(self.model.bbox_head.retina_cls.bias, -4.595)
        for last in (self.model.bbox_head.retina_cls, self.model.bbox_head.retina_reg):
            torch.nn.init.normal_(last.weight, std=0.01)
        self.parameters = list(self.model.trainable().values())
        self.sgd = torch.optim.SGD(self.parameters, 1e-6, momentum=0.9, weight_decay=1e-4, foreach=True)
        self.anchors = torch.from_numpy(anchors_of(*options.size))
        self.image = torch.randn(1, 3, *options.size).to(memory_format=self.format)
        self.objects, self.labels = self.make_objects()

    def make_objects(self):
        h, w = self.options.size
        n = self.options.objects
        sides = 16 * (torch.tensor([w, h]) / 16) ** torch.rand(n, 2).square()
        corner = torch.rand(n, 2) * (torch.tensor([w, h]) - sides)
        return torch.cat([corner, corner + sides], 1), torch.randint(0, self.options.classes, (n,))

    def forward(self):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.bf16):
            logits, deltas = self.model(self.image)
        return logits.float(), deltas.float()

    def loss(self, logits, deltas):
        return freeanchor_loss(logits, deltas, self.anchors, self.objects, self.labels)

    def train(self, clock):
        clock.start()
        self.sgd.zero_grad(set_to_none=True)
        logits, deltas = self.forward()
        clock.phase("forward")
        loss = self.loss(logits, deltas)
        clock.phase("loss")
        loss.backward()
        clock.phase("backward")
        torch.nn.utils.clip_grad_norm_(self.parameters, 35)
        self.sgd.step()
        clock.phase("update")
        assert torch.isfinite(loss)


def measure_step(options):
    step, clock = Step(options), Clock()
    for _ in range(options.steps + 1):
        step.train(clock)
    for phases in clock.steps:
        phases["step"] = sum(phases.values())
    report = {name + "_s": clock.median(name) for name in ("step", "forward", "loss", "backward", "update")}
    report["fastest_step_s"] = min(phases["step"] for phases in clock.steps[1:])
    report["peak_rss_bytes"] = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return report


# ---- inference, and the loss alone ----


def postprocess(logits, deltas, anchors, classes):
    """As torchvision's RetinaNet does it: threshold, 1000 best of each level, decode, NMS by class."""
    from torchvision.ops import batched_nms

    scores = logits.sigmoid().flatten()
    kept = torch.where(scores > 0.05)[0]
    best = scores[kept].topk(min(3000, len(kept)))
    index = kept[best.indices]
    rows, labels = index // classes, index % classes
    boxes = decode(anchors[rows], deltas[rows])
    return batched_nms(boxes, best.values, labels, 0.5)[:100]


def median_time(call, n):
    times = []
    for _ in range(n + 1):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


@torch.inference_mode()
def measure_inference(options):
    step = Step(options)
    step.model.requires_grad_(False)
    logits = torch.randn(len(step.anchors), options.classes) * 0.6 - 4.6
    deltas = torch.randn(len(step.anchors), 4) * 0.5
    forward_s = median_time(step.forward, options.steps)
    postprocess_s = median_time(lambda: postprocess(logits, deltas, step.anchors, options.classes), options.steps)
    return {"inference_s": forward_s + postprocess_s, "inference_forward_s": forward_s, "postprocess_s": postprocess_s}


def measure_loss(options):
    anchors = torch.from_numpy(anchors_of(*options.size))
    logits = (torch.randn(len(anchors), options.classes) * 0.6 - 4.6).requires_grad_()
    deltas = (torch.randn(len(anchors), 4) * 0.5).requires_grad_()
    objects, labels = Step.make_objects(argparse.Namespace(options=options))

    def call():
        logits.grad = deltas.grad = None
        freeanchor_loss(logits, deltas, anchors, objects, labels).backward()

    return {"loss_s": median_time(call, options.steps)}


def size(text):
    return tuple(int(side) for side in text.split("x"))


def parse(words=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["step", "inference", "loss"])
    parser.add_argument("--network", default="r50")
    parser.add_argument("--frozen-stages", type=int, default=1)
    parser.add_argument("--norm-groups", type=int, default=0, help="of group norm everywhere; 0: frozen batch norm")
    parser.add_argument("--size", type=size, default=(800, 1344))
    parser.add_argument("--classes", type=int, default=80)
    parser.add_argument("--objects", type=int, default=8)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--bf16", action="store_true", help="autocast, in which forward and backward are not float32")
    return parser.parse_args(words)


def main():
    options = parse()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    measure = {"step": measure_step, "inference": measure_inference, "loss": measure_loss}[options.what]
    print(json.dumps({"peer": "PyTorch " + torch.__version__, "threads": options.threads, **measure(options)}))


if __name__ == "__main__":
    main()
