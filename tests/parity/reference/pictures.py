"""What the network is fed from a JPEG and its annotations, as mmdetection 2.x has it: by calls of OpenCV.

Decoded with IMREAD_COLOR (which applies EXIF), resized by 8-bit INTER_LINEAR, mirrored, normalised and
padded. Boxes go through float32, one rounding for every operation.
"""
import dataclasses

import cv2
import numpy as np

F = np.float32


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The data part of a config."""

    scale: tuple = (1333, 800)
    mean: tuple = (123.675, 116.28, 103.53)
    std: tuple = (58.395, 57.12, 57.375)
    to_rgb: bool = True


@dataclasses.dataclass
class Fed:
    image: np.ndarray  # (3,H,W) float32
    boxes: np.ndarray  # (N,4) float32, x1 y1 x2 y2
    labels: np.ndarray  # (N) int64
    scale_factor: np.ndarray  # (4) float32
    clip_size: np.ndarray  # (2) float32: w, h before padding


def resized_size(w, h, scale):
    factor = min(max(scale) / max(w, h), min(scale) / min(w, h))
    return int(w * factor + 0.5), int(h * factor + 0.5)


def normalized(bgr, recipe):
    """mean and std are float32, in the order in which the channels are fed."""
    image = bgr.astype(F)
    if recipe.to_rgb:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    mean = np.array(recipe.mean, F).astype(np.float64).reshape(1, 3)
    inverse = 1 / np.array(recipe.std, F).astype(np.float64).reshape(1, 3)
    return cv2.multiply(cv2.subtract(image, mean), inverse)


def padded(image, divisor=32):
    h, w = (-(-side // divisor) * divisor for side in image.shape[:2])
    out = np.zeros((3, h, w), F)
    out[:, : image.shape[0], : image.shape[1]] = image.transpose(2, 0, 1)
    return out


def is_object(annotation, w, h):
    x, y, box_w, box_h = annotation["bbox"]
    overlap_w = min(x + box_w, w) - max(x, 0)
    overlap_h = min(y + box_h, h) - max(y, 0)
    unwanted = annotation.get("ignore", 0) or annotation["iscrowd"] or annotation["area"] <= 0
    return not unwanted and box_w >= 1 and box_h >= 1 and overlap_w > 0 and overlap_h > 0


def placed(annotations, factor, w, h, flip):
    """Boxes in the resized picture of w x h."""
    corners = [(x, y, x + bw, y + bh) for x, y, bw, bh in (a["bbox"] for a in annotations)]
    boxes = np.array(corners, F).reshape(-1, 4) * factor
    boxes = np.clip(boxes, F(0), np.array([w, h, w, h], F))
    if flip:
        boxes = np.stack([F(w) - boxes[:, 2], boxes[:, 1], F(w) - boxes[:, 0], boxes[:, 3]], 1)
    return boxes


def feed(jpeg, annotations, category_ids, recipe, flip):
    """annotations: as in a COCO file, of this picture; category_ids: in the order of the labels."""
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    h, w = bgr.shape[:2]
    new_w, new_h = resized_size(w, h, recipe.scale)
    factor = np.array([new_w / w, new_h / h, new_w / w, new_h / h], F)
    resized = cv2.resize(bgr, (new_w, new_h), interpolation=cv2.INTER_LINEAR)
    if flip:
        resized = np.ascontiguousarray(resized[:, ::-1])
    objects = [a for a in annotations if is_object(a, w, h)]
    return Fed(
        padded(normalized(resized, recipe)),
        placed(objects, factor, new_w, new_h, flip),
        np.array([category_ids.index(a["category_id"]) for a in objects], np.int64),
        factor,
        np.array([new_w, new_h], F),
    )
