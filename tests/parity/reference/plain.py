"""The losses and the detections once more, as one writes them with the functions of PyTorch and torchvision:
batched where the other references go object by object, and with none of their care at the edges.

Losses are in the dtype of the logits, but for IoU and targets, which are float32. It holds the other
references against the recipe's own words where both are defined: no probability that rounds to 0 or 1, no IoU
of exactly 0.6.
"""
import torch
from torch.nn import functional
from torchvision.ops import nms

FREEANCHOR_STD, RETINANET_STD = (0.1, 0.1, 0.2, 0.2), (1.0, 1.0, 1.0, 1.0)


def overlaps(a, b):
    top_left = torch.max(a[:, None, :2], b[None, :, :2])
    bottom_right = torch.min(a[:, None, 2:], b[None, :, 2:])
    inter = (bottom_right - top_left).clamp(min=0).prod(2)
    area = (a[:, 2:] - a[:, :2]).prod(1)[:, None] + (b[:, 2:] - b[:, :2]).prod(1)[None]
    return inter / (area - inter).clamp(min=1e-6)


def centre_and_size(boxes):
    return (boxes[..., :2] + boxes[..., 2:]) * 0.5, boxes[..., 2:] - boxes[..., :2]


def encode(anchors, boxes, std):
    (ac, asize), (bc, bsize) = centre_and_size(anchors), centre_and_size(boxes)
    return torch.cat([(bc - ac) / asize, (bsize / asize).log()], -1) / torch.tensor(std)


def decode(anchors, deltas, std):
    centre, size = centre_and_size(anchors)
    d = deltas * torch.tensor(std)
    centre = centre + size * d[:, :2]
    size = size * d[:, 2:].clamp(-4.135166556742355, 4.135166556742355).exp()
    return torch.cat([centre - 0.5 * size, centre + 0.5 * size], 1)


def box_probability(anchors, deltas, boxes, labels, classes):
    iou = overlaps(boxes, decode(anchors, deltas, FREEANCHOR_STD))
    best = iou.max(1, keepdim=True).values.clamp(min=0.6 + 1e-12)
    saturated = ((iou - 0.6) / (best - 0.6)).clamp(0, 1)
    table = torch.zeros(classes, len(anchors))
    for c in range(classes):
        if (labels == c).any():
            table[c] = saturated[labels == c].max(0).values
    return table.t()


def positive_bag_loss(p, deltas, anchors, boxes, labels, bags):
    objects = torch.arange(len(boxes))[:, None]
    target = encode(anchors[bags], boxes[:, None].expand(-1, bags.shape[1], -1), FREEANCHOR_STD)
    box_loss = functional.smooth_l1_loss(deltas[bags], target.to(p.dtype), reduction="none", beta=0.11)
    matched = p[bags, labels[objects]] * torch.exp(-(0.75 * box_loss).sum(2))
    weight = 1 / (1 - matched).clamp(min=1e-12)
    weight = weight / weight.sum(1, keepdim=True)
    bag = (weight * matched).sum(1).clamp(max=1)
    return 0.5 * functional.binary_cross_entropy(bag, torch.ones_like(bag), reduction="sum")


def freeanchor(logits, deltas, anchors, boxes, labels, normalizer):
    """(positive_bag_loss, negative_bag_loss). The sort is stable: equal IoUs by lowest index, as topk does on
    a GPU; on a CPU topk keeps any of them."""
    with torch.no_grad():
        b = torch.zeros_like(logits)
        if len(boxes):
            b = box_probability(anchors, deltas.float(), boxes, labels, logits.shape[1]).to(logits.dtype)
        bags = overlaps(boxes, anchors).sort(dim=1, descending=True, stable=True).indices[:, :50]
    p = logits.sigmoid()
    negative = (p * (1 - b)).clamp(1e-12, 1)
    nothing = torch.zeros_like(negative)
    focal = negative ** 2 * functional.binary_cross_entropy(negative, nothing, reduction="none")
    positive = positive_bag_loss(p, deltas, anchors, boxes, labels, bags) if len(boxes) else 0 * deltas.sum()
    return positive / max(1, normalizer), 0.5 * focal.sum() / max(1, 50 * normalizer)


def assign(anchors, boxes):
    """Index of the object + 1; 0: negative; -1: ignored."""
    found = torch.full((len(anchors),), -1)
    if len(boxes) == 0:
        return found.zero_()
    iou = overlaps(boxes, anchors)
    best, which = iou.max(0)
    found[best < 0.4] = 0
    found[best >= 0.5] = which[best >= 0.5] + 1
    for i in range(len(boxes)):
        found[iou[i] == iou[i].max()] = i + 1
    return found


def select(anchors, levels, boxes, k=9, per_position=9):
    """As assign, by ATSS: levels are slices of anchors. None is ignored."""
    if len(boxes) == 0:
        return torch.zeros(len(anchors), dtype=torch.long)
    centre, iou = centre_and_size(anchors)[0], overlaps(boxes, anchors)
    near = []
    for rows in levels:
        distance = (centre[rows][::per_position] - centre_and_size(boxes)[0][:, None]).pow(2).sum(2)
        first = rows.start + per_position * distance.sort(dim=1, stable=True).indices[:, :k]
        near.append((first[:, :, None] + torch.arange(per_position)).flatten(1))
    near = torch.cat(near, 1)
    of_near = iou.gather(1, near).double()
    threshold = of_near.mean(1, keepdim=True) + of_near.std(1, keepdim=True).nan_to_num(0)
    inside = ((centre > boxes[:, None, :2]) & (centre < boxes[:, None, 2:])).all(2)
    positive = torch.zeros_like(iou, dtype=torch.bool).scatter(1, near, of_near >= threshold) & inside
    best, which = torch.where(positive, iou, torch.full_like(iou, -1)).max(0)
    return torch.where(best >= 0, which + 1, 0)


def retinanet(logits, deltas, anchors, boxes, labels, normalizer):
    """(loss_cls, loss_bbox)."""
    return focal_loss(assign(anchors, boxes), logits, deltas, anchors, boxes, labels, normalizer)


def atss(logits, deltas, anchors, levels, boxes, labels, normalizer):
    """(loss_cls, loss_bbox)."""
    return focal_loss(select(anchors, levels, boxes), logits, deltas, anchors, boxes, labels, normalizer)


def focal_loss(found, logits, deltas, anchors, boxes, labels, normalizer):
    rows = torch.nonzero(found > 0).squeeze(1)
    target = torch.zeros_like(logits)
    target[rows, labels[found[rows] - 1]] = 1
    p = logits.sigmoid()
    miss = (1 - p) * target + p * (1 - target)
    weight = (0.25 * target + 0.75 * (1 - target)) * miss ** 2
    focal = weight * functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    wanted = encode(anchors[rows], boxes[found[rows] - 1], RETINANET_STD).to(deltas.dtype)
    bbox = functional.l1_loss(deltas[rows], wanted, reduction="sum")
    return focal[found >= 0].sum() / normalizer, bbox / normalizer


def candidates(logits, deltas, anchors, levels, clip, scale_factor):
    """Boxes and scores of all levels before NMS, and anchor * classes + class; levels: slices of anchors."""
    parts, classes = [], logits.shape[1]
    for rows in levels:
        scores, order = logits[rows].sigmoid().flatten().sort(descending=True, stable=True)
        order = order[scores > 0.05][:1000]
        anchor = torch.div(order, classes, rounding_mode="floor")
        boxes = decode(anchors[rows][anchor], deltas[rows][anchor], FREEANCHOR_STD)
        boxes = torch.min(boxes.clamp(min=0), boxes.new_tensor([*clip, *clip]))
        boxes = boxes / boxes.new_tensor(scale_factor)
        parts.append((boxes, scores[:len(order)], order + rows.start * classes))
    return [torch.cat(column) for column in zip(*parts)]


def detections(boxes, scores, labels):
    """Indices of the candidates kept, best first."""
    if len(boxes) == 0:
        return labels
    scores, order = scores.sort(descending=True, stable=True)
    shifted = boxes + (labels.to(boxes) * (boxes.max() + 1))[:, None]
    return order[nms(shifted[order], scores, 0.5)][:100]
