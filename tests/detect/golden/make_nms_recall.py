"""Writes nms_recall.bin: NMS recall of small cases, counted as doc/method.md 9.4 says.

Usage: python3 make_nms_recall.py [CASE.h5 OUT.h5]...    (beside this file; needs numpy, and h5py for files)

A record, little endian: int32 h w classes seed given n_objects; float32 score_threshold nms_iou logit_scale logit_offset delta_scale
clip_w clip_h; float32 box[4] of each object; uint32 found[9] kept[9]; where `given` is 1, float32 logits and deltas. Else they are
noise(seed) * logit_scale + logit_offset and noise * delta_scale. Given heads are those of trained networks: pairs of a case and what
`freeanchor replay` made of it; without arguments those that nms_recall.bin holds stay.
"""
import pathlib
import struct
import sys

import numpy as np

from noise import noisy_head

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "parity"))
from reference.boxes import F, anchors_of, decode, exp

IOUS = [i / 100 for i in range(50, 95, 5)]
HEADER = struct.Struct("<6i7f")
CASES = (  # h w classes seed n_objects score_threshold nms_iou logit_scale logit_offset delta_scale
    (64, 64, 3, 1, 12, 0.05, 0.5, 4, -3, 2), (128, 96, 2, 2, 40, 0.05, 0.5, 8, -4, 3), (96, 160, 5, 3, 60, 0.3, 0.4, 6, -4, 4),
    (64, 64, 1, 4, 30, 0, 0.5, 1, 0, 1), (64, 96, 2, 5, 9, 0.05, 0.5, 1, -9, 1), (32, 32, 3, 6, 0, 0.05, 0.5, 4, 0, 1),
    (128, 128, 80, 7, 50, 0.05, 0.7, 6, -7, 2),
)


def pixel_ious(objects, boxes):
    """(objects, boxes), where a side from 0 to 1 is two pixels long."""
    a, b = objects.astype(np.float64)[:, None], boxes.astype(np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]) + 1
    inter = np.maximum(sides, 0).prod(-1)
    return inter / ((a[..., 2:] - a[..., :2] + 1).prod(-1) + (b[..., 2:] - b[..., :2] + 1).prod(-1) - inter)


def nms(boxes, scores, threshold):
    """Which boxes of one class stay: in float32, without a shift."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    alive, kept = np.argsort(-scores, kind="stable"), []
    while len(alive):
        best, alive = alive[0], alive[1:]
        kept.append(best)
        sides = np.maximum(np.minimum(boxes[best, 2:], boxes[alive, 2:]) - np.maximum(boxes[best, :2], boxes[alive, :2]), F(0))
        inter = sides[:, 0] * sides[:, 1]
        alive = alive[~(inter > F(threshold) * (area[best] + area[alive] - inter))]
    return kept


def count(objects, boxes):
    best = pixel_ious(objects, boxes).max(1, initial=0) if len(objects) else np.zeros(0)
    return [int((best > iou).sum()) for iou in IOUS]


def nms_recall(logits, deltas, h, w, clip, objects, threshold, nms_iou):
    """Objects met by all boxes that score, and by those that NMS keeps, at the nine IoUs."""
    with np.errstate(over="ignore"):
        scores = F(1) / (F(1) + exp(-logits))
    boxes = np.clip(decode(anchors_of(h, w), deltas), F(0), np.array([*clip, *clip], F))
    every, kept = [], []
    for label in range(logits.shape[1]):
        rows = np.flatnonzero(scores[:, label] > F(threshold))
        every.append(boxes[rows])
        kept.append(boxes[rows][nms(boxes[rows], scores[rows, label], nms_iou)])
    return count(objects, np.concatenate(every)), count(objects, np.concatenate(kept))


def random_objects(rng, n, w, h):
    centre, size = rng.uniform(0, 1, (n, 2)) * (w, h), np.exp(rng.uniform(np.log(8), np.log(70), (n, 2)))
    return np.clip(np.concatenate([centre - size / 2, centre + size / 2], 1), 0, [w, h, w, h]).astype(F)


def random_record(h, w, classes, seed, n_objects, threshold, nms_iou, logit_scale, logit_offset, delta_scale):
    logits, deltas = noisy_head(len(anchors_of(h, w)), classes, seed, logit_scale, logit_offset, delta_scale)
    clip = (w - 3, h - 5)
    objects = random_objects(np.random.default_rng(seed), n_objects, *clip)
    found, kept = nms_recall(logits, deltas, h, w, clip, objects, threshold, nms_iou)
    return HEADER.pack(h, w, classes, seed, 0, n_objects, threshold, nms_iou, logit_scale, logit_offset, delta_scale,
                       *clip) + objects.tobytes() + np.array(found + kept, "<u4").tobytes()


def trained_record(case, out):
    import h5py
    with h5py.File(case) as file:
        h, w = file["image"].shape[1:]
        clip, objects = file["clip_size"][:].tolist(), file["gt_boxes"][:].astype(F)
    with h5py.File(out) as file:
        logits, deltas = file["head/cls"][:].astype(F), file["head/reg"][:].astype(F)
    found, kept = nms_recall(logits, deltas, h, w, clip, objects, 0.05, 0.5)
    return HEADER.pack(h, w, logits.shape[1], 0, 1, len(objects), 0.05, 0.5, 0, 0, 0, *clip) + objects.tobytes() + \
        np.array(found + kept, "<u4").tobytes() + logits.tobytes() + deltas.tobytes()


def trained_records(data):
    """Those of a file that is there."""
    at, kept = 0, []
    while at < len(data):
        h, w, classes, _, given, n_objects = HEADER.unpack_from(data, at)[:6]
        size = HEADER.size + 16 * n_objects + 72 + given * len(anchors_of(h, w)) * (classes + 4) * 4
        kept += [data[at:at + size]] * given
        at += size
    return kept


if __name__ == "__main__":
    FILE = HERE / "nms_recall.bin"
    TRAINED = [trained_record(*pair) for pair in zip(sys.argv[1::2], sys.argv[2::2])] or trained_records(
        FILE.read_bytes() if FILE.exists() else b"")
    FILE.write_bytes(b"".join([*(random_record(*case) for case in CASES), *TRAINED]))
