#!/usr/bin/env python3
"""Makes data_statistics.h: a small made-up dataset, and its statistics as numpy gives them.

Anchors are RetinaNet's, all of them, in double precision; every object is compared with every anchor of its image.
"""
import numpy as np

SCALE = (320, 200)  # the longer and the shorter side at most
POOR = 0.4
SHARES = (5, 25, 50, 75, 95, 100)
N_CLASSES = 3
random = np.random.default_rng(11)


def anchors_of(h, w):
    """x1 y1 x2 y2 of all anchors of an image of h by w, padded to multiples of 32."""
    h, w = (h + 31) // 32 * 32, (w + 31) // 32 * 32
    rows, columns = h // 8, w // 8
    anchors = []
    for level in range(5):
        stride = 8 << level
        if level > 0:
            rows, columns = -(-rows // 2), -(-columns // 2)
        ys, xs = np.meshgrid(np.arange(rows) * stride, np.arange(columns) * stride, indexing="ij")
        for ratio in (0.5, 1, 2):
            for octave in range(3):
                size = 4 * stride * 2 ** (octave / 3)
                half_w, half_h = size / np.sqrt(ratio) / 2, size * np.sqrt(ratio) / 2
                anchors.append(np.stack([xs - half_w, ys - half_h, xs + half_w, ys + half_h], -1).reshape(-1, 4))
    return np.concatenate(anchors)


def best_iou(box, anchors):
    low, high = np.maximum(anchors[:, :2], box[:2]), np.minimum(anchors[:, 2:], box[2:])
    shared = np.prod(np.clip(high - low, 0, None), 1)
    area = np.prod(box[2:] - box[:2])
    return np.max(shared / (np.prod(anchors[:, 2:] - anchors[:, :2], 1) + area - shared))


def make_images():
    """Sizes, and annotations [x, y, w, h, label, crowd, ignore, area]."""
    images = []
    for i in range(14):
        w, h = int(random.integers(60, 900)), int(random.integers(60, 900))
        annotations = []
        for _ in range(int(random.integers(0, 12)) if i % 5 else 0):
            side, aspect = np.exp(random.uniform(np.log(6), np.log(0.8 * min(w, h)))), np.exp(random.normal(0, 0.8))
            bw, bh = min(side * np.sqrt(aspect), w - 1), min(side / np.sqrt(aspect), h - 1)
            x, y = random.uniform(0, w - bw), random.uniform(0, h - bh)
            kind = random.integers(0, 12)
            annotations.append([*(round(float(v), 2) for v in (x, y, bw, bh)), int(random.integers(0, N_CLASSES - (i < 9))),
                                int(kind == 0), int(kind == 1), 0.0 if kind == 2 else round(float(0.7 * bw * bh), 2)])
            if kind == 3:
                annotations[-1][2] = 0.5  # below a pixel
        images.append((w, h, annotations))
    return images


def trained(a):
    return not a[5] and not a[6] and a[7] > 0 and a[2] >= 1 and a[3] >= 1


def numbers(values):
    return "{" + ", ".join(f"{v:.9g}" for v in values) + "}"


def main():
    images = make_images()
    side, seen, aspect, iou, label, size, image_of, per_image = [], [], [], [], [], [], [], []
    for i, (w, h, annotations) in enumerate(images):
        scale = min(max(SCALE) / max(w, h), min(SCALE) / min(w, h))
        new_w, new_h = int(w * scale + 0.5), int(h * scale + 0.5)
        anchors = anchors_of(new_h, new_w)
        objects = [a for a in annotations if trained(a)]
        per_image.append(len(objects))
        for x, y, bw, bh, k, _, _, area in objects:
            factor = np.array([new_w / w, new_h / h] * 2)
            box = np.clip(np.array([x, y, x + bw, y + bh]) * factor, 0, [new_w, new_h] * 2)
            side.append(np.sqrt(bw * bh))
            seen.append(np.sqrt((box[2] - box[0]) * (box[3] - box[1])))
            aspect.append(bw / bh)
            iou.append(best_iou(box, anchors))
            label.append(k)
            size.append(0 if area < 32**2 else 1 if area < 96**2 else 2)
            image_of.append(i)
    iou, label, size, image_of = np.array(iou), np.array(label), np.array(size), np.array(image_of)
    assert np.abs(iou - POOR).min() > 1e-4, "too near to the limit to be told apart in float32"
    flat = [a for _, _, annotations in images for a in annotations]
    first = np.cumsum([0] + [len(annotations) for _, _, annotations in images])

    print(f"/* Made by make_data_statistics.py with numpy {np.__version__}. */\n/* clang-format off */")
    print(f"static const int golden_scale[2] = {{{SCALE[0]}, {SCALE[1]}}};")
    print("static const struct fa_record golden_records[] = {")
    for i, (w, h, annotations) in enumerate(images):
        print(f"    {{.image_id = {i + 1}, .file_name = \"{i + 1}.jpg\", .w = {w}, .h = {h}, .orientation = 1, "
              f".first = {first[i]}, .n = {len(annotations)}}},")
    print("};\nstatic const double golden_bbox[][4] = {")
    for a in flat:
        print("    " + numbers(a[:4]) + ",")
    print("};")
    for name, column, kind in (("label", 4, "int32_t"), ("crowd", 5, "uint8_t"), ("ignore", 6, "uint8_t"), ("area", 7, "double")):
        print(f"static const {kind} golden_{name}[] = {numbers([a[column] for a in flat])};")
    print(f"static const int64_t golden_annotation_id[] = {numbers(range(1, len(flat) + 1))};")
    print(f"enum {{ GOLDEN_EMPTY = {sum(n == 0 for n in per_image)}, GOLDEN_CROWD = {sum(a[5] for a in flat)}, "
          f"GOLDEN_IGNORED = {sum(a[6] for a in flat)}, GOLDEN_OBJECTS = {len(iou)} }};")
    for name, values in (("per_image", [n for n in per_image if n > 0]), ("side", side), ("seen_side", seen), ("aspect", aspect),
                         ("best_iou", iou)):
        print(f"static const double golden_{name}[] = {numbers(np.percentile(values, SHARES))};")
    print("/* n, images, small, medium, large, sum of the best IoU, below 0.4 */\nstatic const double golden_classes[][7] = {")
    for k in range(N_CLASSES):
        mine = label == k
        print("    " + numbers([mine.sum(), len(set(image_of[mine])), *((mine & (size == s)).sum() for s in range(3)),
                                iou[mine].sum(), (iou[mine] < POOR).sum()]) + ",")
    print("};\n/* n, sum of the best IoU, below 0.4 */\nstatic const double golden_sizes[][3] = {")
    for s in range(3):
        print("    " + numbers([(size == s).sum(), iou[size == s].sum(), (iou[size == s] < POOR).sum()]) + ",")
    print("};\n/* clang-format on */")


main()
