"""The peer on a GPU: the same training step and the same inference as a plain PyTorch program, as fast as PyTorch is without a compiler:
eager, cuDNN's engines by measurement, fused SGD; in bf16 autocast and channels last, in tf32 or in fp32.

Prints one JSON object: images_per_s or inference_s, and memory_mib, PyTorch's max_memory_allocated.

usage: gpu.py train|inference [--network N] [--size HxW] [--images N] [--precision P] [--steps N] [--device cuda|cpu]
"""
import argparse
import json
import pathlib
import statistics
import sys
import time

import torch
import torch.nn.functional as F
import torchvision

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "parity"))
from reference.boxes import anchors_of  # noqa: E402
from reference.network import CELL_ANCHORS, Detector  # noqa: E402

BAG, THRESHOLD, TINY, LOG_CLIP = 50, 0.6, 1e-12, 4.135
CANDIDATES, KEPT, NMS_IOU = 5000, 100, 0.5
CODER_STD = (0.1, 0.1, 0.2, 0.2)


# ---- boxes ----


def centres(boxes):
    return (boxes[..., :2] + boxes[..., 2:]) * 0.5, boxes[..., 2:] - boxes[..., :2]


def decode(anchors, deltas):
    centre, size = centres(anchors)
    d = deltas * deltas.new_tensor(CODER_STD)
    centre, size = centre + size * d[:, :2], size * d[:, 2:].clamp(-LOG_CLIP, LOG_CLIP).exp()
    return torch.cat([centre - size * 0.5, centre + size * 0.5], 1)


def encode(anchors, objects):
    (pc, ps), (gc, gs) = centres(anchors), centres(objects)
    return torch.cat([(gc - pc) / ps, (gs / ps).log()], -1) / anchors.new_tensor(CODER_STD)


# ---- the FreeAnchor loss of one image ----


@torch.no_grad()
def fits_of(anchors, deltas, objects, labels, classes):
    """(A, C): how well the anchor's box fits the best object of the class."""
    overlaps = torchvision.ops.box_iou(objects, decode(anchors, deltas))
    best = overlaps.max(1, keepdim=True).values.clamp(min=THRESHOLD + TINY)
    fit = ((overlaps - THRESHOLD) / (best - THRESHOLD)).clamp(0, 1)
    fits = torch.zeros(classes, len(anchors), device=anchors.device)
    return fits.scatter_reduce_(0, labels[:, None].expand_as(fit), fit, "amax").t()


def bag_loss(logits, deltas, anchors, objects, labels):
    with torch.no_grad():
        bags = torchvision.ops.box_iou(objects, anchors).topk(min(BAG, len(anchors)), 1, sorted=False).indices
        targets = encode(anchors[bags], objects[:, None])
    box_loss = F.smooth_l1_loss(deltas[bags], targets, reduction="none", beta=0.11).sum(2)
    matched = logits[bags, labels[:, None]].sigmoid() * (-0.75 * box_loss).exp()
    weight = 1 / (1 - matched).clamp(min=TINY)
    bag = ((weight * matched).sum(1) / weight.sum(1)).clamp(max=1)
    return F.binary_cross_entropy(bag, torch.ones_like(bag), reduction="sum")


def loss_of(logits, deltas, anchors, objects, labels):
    fits = fits_of(anchors, deltas, objects, labels, logits.shape[1])
    p = logits.sigmoid() * (1 - fits)
    negative = (p.square() * -torch.log1p(-p.clamp(max=1 - 1e-6))).sum()
    return (bag_loss(logits, deltas, anchors, objects, labels) + negative / BAG) * 0.5 / len(objects)


# ---- the network over several images ----


def branch(tower, last, levels, per_anchor):
    """(images, anchors, per_anchor)"""
    rows = []
    for x in levels:
        for conv in tower:
            x = F.relu(conv(x), inplace=True)
        rows.append(last(x).permute(0, 2, 3, 1).reshape(len(x), -1, per_anchor))
    return torch.cat(rows, 1)


class Network(Detector):
    def forward(self, images):
        head, levels = self.bbox_head, self.neck(self.backbone(images)[1:])
        classes = head.retina_cls.out_channels // CELL_ANCHORS
        return (branch(head.cls_convs, head.retina_cls, levels, classes),
                branch(head.reg_convs, head.retina_reg, levels, 4))


class Peer:
    def __init__(self, options):
        torch.manual_seed(0)
        bf16, precise = options.precision == "bf16", options.precision == "fp32"
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = not precise
        self.options, self.device = options, options.device
        layout = torch.channels_last if bf16 else torch.contiguous_format
        self.autocast = torch.autocast(self.device, torch.bfloat16, enabled=bf16)
        self.model = Network(options.network, options.classes, frozen_stages=1).to(self.device, memory_format=layout)
        torch.nn.init.constant_(self.model.bbox_head.retina_cls.bias, -4.595)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        quick = {"fused": True} if self.device == "cuda" else {"foreach": True}
        self.sgd = torch.optim.SGD(self.parameters, 1e-6, momentum=0.9, weight_decay=1e-4, **quick)
        self.anchors = torch.from_numpy(anchors_of(*options.size)).to(self.device)
        self.images = torch.randn(options.images, 3, *options.size, device=self.device).to(memory_format=layout)
        self.objects = [self.make_objects() for _ in range(options.images)]

    def make_objects(self):
        h, w = self.options.size
        n = self.options.objects
        sides = 16 * (torch.tensor([w, h]) / 16) ** torch.rand(n, 2).square()
        corner = torch.rand(n, 2) * (torch.tensor([w, h]) - sides)
        labels = torch.randint(0, self.options.classes, (n,))
        return torch.cat([corner, corner + sides], 1).to(self.device), labels.to(self.device)

    def forward(self):
        with self.autocast:
            logits, deltas = self.model(self.images)
        return logits.float(), deltas.float()

    def train(self):
        logits, deltas = self.forward()
        losses = [loss_of(logits[i], deltas[i], self.anchors, *self.objects[i]) for i in range(len(logits))]
        self.sgd.zero_grad(set_to_none=True)
        (sum(losses) / len(losses)).backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 35)
        self.sgd.step()

    @torch.inference_mode()
    def look(self):
        logits, deltas = self.forward()
        scores = logits[0].sigmoid().flatten()
        best = scores.topk(min(CANDIDATES, len(scores)))
        rows, labels = best.indices // self.options.classes, best.indices % self.options.classes
        boxes = decode(self.anchors[rows], deltas[0][rows])
        return torchvision.ops.batched_nms(boxes, best.values, labels, NMS_IOU)[:KEPT].cpu()

    def seconds(self, call):
        """The median; the first calls, in which cuDNN measures its engines, do not count."""
        each = []
        for _ in range(self.options.steps + 3):
            start = time.perf_counter()
            call()
            if self.device == "cuda":
                torch.cuda.synchronize()
            each.append(time.perf_counter() - start)
        return statistics.median(each[3:])


def size(text):
    return tuple(int(side) for side in text.split("x"))


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["train", "inference"])
    parser.add_argument("--network", default="r50")
    parser.add_argument("--size", type=size, default=(800, 1344))
    parser.add_argument("--images", type=int, default=1)
    parser.add_argument("--classes", type=int, default=80)
    parser.add_argument("--objects", type=int, default=8)
    parser.add_argument("--precision", choices=["fp32", "tf32", "bf16"], default="bf16")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    return parser.parse_args()


def main():
    options = parse()
    peer = Peer(options)
    report = {"peer": "PyTorch " + torch.__version__, "images": options.images, "precision": options.precision}
    if options.what == "train":
        report["step_s"] = peer.seconds(peer.train)
        report["images_per_s"] = options.images / report["step_s"]
    else:
        report["inference_s"] = peer.seconds(peer.look)
    if options.device == "cuda":
        report["memory_mib"] = torch.cuda.max_memory_allocated() / 2**20
    print(json.dumps(report))


if __name__ == "__main__":
    main()
