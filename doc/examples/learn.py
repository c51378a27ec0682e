#!/usr/bin/env python3
"""The loss of freeanchor as a function of PyTorch, through the installed library: FreeAnchorLoss below is what another program takes.

usage: learn.py [LIBRARY]        (default: libfreeanchor.so, as the loader finds it)

Checks its gradient against PyTorch's own of the same formulas (doc/method.md 1.3), on random anchors, logits, deltas and objects, with the
paper's constants and with others.
"""
import ctypes
import sys

import torch

SIZE, INT, DOUBLE, FLOATS = ctypes.c_size_t, ctypes.c_int, ctypes.c_double, ctypes.POINTER(ctypes.c_float)


def structure(name, **fields):
    return type(name, (ctypes.Structure,), {"_fields_": list(fields.items())})


# fa/loss.h, fa/objects.h, fa/box.h
Head = structure("Head", n_anchors=SIZE, num_classes=INT, anchors=FLOATS, cls=FLOATS, reg=FLOATS, n_levels=INT, level_first=ctypes.POINTER(SIZE),
                 per_position=INT)
Objects = structure("Objects", n=SIZE, boxes=FLOATS, labels=ctypes.POINTER(ctypes.c_int32))
FreeAnchor = structure("FreeAnchor", alpha=DOUBLE, gamma=DOUBLE, bag_size=INT, box_threshold=DOUBLE, smooth_l1_beta=DOUBLE, smooth_l1_weight=DOUBLE)
Focal = structure("Focal", alpha=DOUBLE, gamma=DOUBLE, positive_iou=DOUBLE, negative_iou=DOUBLE, min_positive_iou=DOUBLE)
Config = structure("Config", kind=INT, freeanchor=FreeAnchor, focal=Focal, coder=ctypes.c_float * 4, atss_k=INT)
Loss = structure("Loss", part=DOUBLE * 2, bag_probability=DOUBLE, matched_iou=DOUBLE)

library = ctypes.CDLL(sys.argv[1] if len(sys.argv) > 1 else "libfreeanchor.so")
library.fa_message.restype = ctypes.c_char_p
DEFAULT = Config.in_dll(library, "fa_loss_default")


def floats(tensor):
    return ctypes.cast(tensor.data_ptr(), FLOATS)


class FreeAnchorLoss(torch.autograd.Function):
    """Of an image's logits (J, C) and deltas (J, 4), with anchors (J, 4), boxes (G, 4) and labels (G): float32 on the processor. Divided by
    the normalizer, which is the number of objects of the whole batch."""

    @staticmethod
    def forward(ctx, cls, reg, anchors, boxes, labels, normalizer, config=DEFAULT):
        cls, reg, anchors, boxes, labels = (one.detach().contiguous() for one in (cls, reg, anchors, boxes, labels.int()))
        head = Head(len(anchors), cls.shape[1], floats(anchors), floats(cls), floats(reg))
        objects = Objects(len(boxes), floats(boxes), ctypes.cast(labels.data_ptr(), ctypes.POINTER(ctypes.c_int32)))
        loss, grads, workspace = Loss(), (torch.empty_like(cls), torch.empty_like(reg)), ctypes.c_void_p()
        failed = library.fa_loss_workspace_create(0, ctypes.byref(workspace)) or library.fa_loss_compute(
            ctypes.byref(config), ctypes.byref(head), ctypes.byref(objects), DOUBLE(normalizer), workspace,
            ctypes.byref(loss), floats(grads[0]), floats(grads[1]))
        library.fa_loss_workspace_destroy(workspace)
        if failed:
            raise ValueError(library.fa_message().decode())
        ctx.save_for_backward(*grads)
        return cls.new_tensor(sum(loss.part))

    @staticmethod
    def backward(ctx, slope):
        return *(slope * grad for grad in ctx.saved_tensors), None, None, None, None, None


def iou(a, b):
    size = (torch.minimum(a[:, None, 2:], b[None, :, 2:]) - torch.maximum(a[:, None, :2], b[None, :, :2])).clamp(min=0)
    area = [(x[:, 2:] - x[:, :2]).prod(1) for x in (a, b)]
    return size.prod(2) / (area[0][:, None] + area[1][None] - size.prod(2))


def plain_loss(cls, reg, anchors, boxes, labels, normalizer, of):
    """The same by PyTorch's own functions."""
    std, centre, size = cls.new_tensor([0.1, 0.1, 0.2, 0.2]), (anchors[:, :2] + anchors[:, 2:]) / 2, anchors[:, 2:] - anchors[:, :2]
    rows = iou(boxes, anchors).topk(of.bag_size, 1).indices  # (G, bag)
    object_centre, object_size = ((boxes[:, :2] + boxes[:, 2:]) / 2)[:, None], (boxes[:, 2:] - boxes[:, :2])[:, None]
    target = torch.cat([(object_centre - centre[rows]) / size[rows], (object_size / size[rows]).log()], 2) / std
    distance = of.smooth_l1_weight * torch.nn.functional.smooth_l1_loss(reg[rows], target, beta=of.smooth_l1_beta, reduction="none").sum(2)
    likelihood = cls.sigmoid()[rows, labels[:, None]] * (-distance).exp()
    weight = 1 / (1 - likelihood)
    positive = -of.alpha * (weight * likelihood).sum(1).div(weight.sum(1)).log().sum() / normalizer

    moved = reg.detach() * std
    predicted_centre, predicted_size = centre + size * moved[:, :2], size * moved[:, 2:].exp()
    overlap = iou(boxes, torch.cat([predicted_centre - predicted_size / 2, predicted_centre + predicted_size / 2], 1))
    best = overlap.max(1, keepdim=True).values
    box = ((overlap - of.box_threshold) / (best - of.box_threshold)).clamp(0, 1) * (best > of.box_threshold)
    of_class = torch.stack([box[labels == c].max(0).values if (labels == c).any() else box.new_zeros(len(anchors)) for c in range(cls.shape[1])], 1)
    p = cls.sigmoid() * (1 - of_class)
    return positive - (1 - of.alpha) * (p ** of.gamma * (1 - p).log()).sum() / (of.bag_size * normalizer)


def random_boxes(n, least, most):
    corner = torch.rand(n, 2) * 200
    return torch.cat([corner, corner + least + torch.rand(n, 2) * (most - least)], 1)


def agrees(config):
    anchors, boxes, labels = random_boxes(800, 20, 90), random_boxes(6, 25, 80), torch.randint(0, 3, (6,))
    mine = torch.randn(800, 3).sub(1).requires_grad_(), torch.randn(800, 4).mul(0.5).requires_grad_()
    theirs = tuple(one.detach().double().requires_grad_() for one in mine)
    loss = FreeAnchorLoss.apply(*mine, anchors, boxes, labels, 6, config)
    want = plain_loss(*theirs, anchors.double(), boxes.double(), labels, 6, config.freeanchor)
    loss.backward(), want.backward()
    worst = max(((a.grad - b.grad).abs().max() / b.grad.abs().max()).item() for a, b in zip(mine, theirs))
    print(f"loss {loss.item():.6f}, PyTorch's {want.item():.6f}; gradients differ by {worst:.1e} of the largest")
    return abs(loss.item() - want.item()) < 1e-5 * want.item() and worst < 1e-4


def main():
    torch.manual_seed(1)
    other = Config.from_buffer_copy(DEFAULT)
    other.freeanchor = FreeAnchor(0.3, 1.5, 20, 0.5, 0.2, 1.25)
    return not (agrees(DEFAULT) and agrees(other))


if __name__ == "__main__":
    sys.exit(main())
