#!/usr/bin/env python3
"""Makes augment.h: colours, frames and boxes as OpenCV and numpy give them.

Colours are the operations of mmdetection 3.x's PhotoMetricDistortion, one after the other in float32 on B G R,
and at last cut to 0..255 and rounded. Frames are its Expand and MinIoURandomCrop (numpy) and Resize (OpenCV), then
pasted with what sticks out cut away, as is usual for a random scale with a shift. Boxes go the same way in numpy's
float32; of a crop those stay whose centre lies in it.
"""
import random

import cv2
import numpy as np

from crc32c import crc32c
from make_resizes import pattern

F = np.float32
W, H = 16, 9

# None makes many values end in a half. Brightness, contrast, contrast last, saturation, hue, order of the channels of R G B
COLORS = [
    (0, 1, False, 1, 0, (0, 1, 2)),
    (20.3, 1, False, 1, 0, (0, 1, 2)),
    (0, 0.713, False, 1, 0, (0, 1, 2)),
    (12.25, 1.3, True, 1, 0, (2, 0, 1)),
    (0, 1, False, 0.531, 0, (0, 1, 2)),
    (0, 1, False, 1.473, 0, (0, 1, 2)),
    (0, 1, False, 1, 17.9, (0, 1, 2)),
    (0, 1, False, 1, -17.37, (0, 1, 2)),
    (-32, 0.53, False, 1.25, -9.5, (1, 0, 2)),
    (-32, 1.47, True, 0.6, 11, (2, 1, 0)),
    (31, 1.45, True, 1.4, 3, (1, 2, 0)),
    (255, 2, False, 2, 180, (0, 2, 1)),
]


def distorted(rgb, brightness, contrast, last, saturation, hue, order):
    image = rgb[..., ::-1].astype(F)
    image += F(brightness)
    if not last:
        image *= F(contrast)
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hsv[..., 1] *= F(saturation)
    if saturation > 1:
        hsv[..., 1] = hsv[..., 1].clip(0, 1)
    hsv[..., 0] += F(hue)
    hsv[..., 0][hsv[..., 0] > 360] -= 360
    hsv[..., 0][hsv[..., 0] < 0] += 360
    image = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    if last:
        image *= F(contrast)
    image = image[..., ::-1][..., list(order)]
    return np.floor(image.clip(0, 255) + F(0.5)).astype(np.uint8)


# image w h, canvas w h, left top, resized w h, frame w h, x y
PLANS = [
    (64, 48, 64, 48, 0, 0, 64, 48, 64, 48, 0, 0),
    (64, 48, 64, 48, 0, 0, 53, 40, 53, 40, 0, 0),
    (64, 48, 64, 48, 0, 0, 45, 33, 64, 48, 0, 0),
    (64, 48, 64, 48, 0, 0, 45, 33, 64, 48, 19, 15),
    (64, 48, 64, 48, 0, 0, 45, 33, 64, 48, 7, 2),
    (64, 48, 64, 48, 0, 0, 83, 62, 64, 48, 0, 0),
    (64, 48, 64, 48, 0, 0, 83, 62, 64, 48, -19, -14),
    (64, 48, 64, 48, 0, 0, 83, 62, 64, 48, -11, -3),
    (31, 47, 31, 47, 0, 0, 97, 147, 60, 91, -37, -56),
    (64, 48, 64, 48, 0, 0, 32, 24, 64, 48, 5, 24),
    (64, 48, 160, 120, 0, 0, 64, 48, 64, 48, 0, 0),
    (64, 48, 160, 120, 96, 72, 64, 48, 64, 48, 0, 0),
    (64, 48, 201, 151, 33, 70, 64, 48, 64, 48, 0, 0),
    (64, 48, 128, 96, 33, 7, 64, 48, 64, 48, 0, 0),
    (64, 48, 201, 151, 33, 70, 51, 38, 64, 48, 13, 4),
    (64, 48, 201, 151, 33, 70, 81, 60, 64, 48, -2, -12),
    (640, 480, 1531, 1148, 300, 11, 1067, 800, 1067, 800, 0, 0),
]
# the same, and what is cut of the canvas: x y w h
CROPS = [
    ((64, 48, 64, 48, 0, 0, 64, 44, 64, 48, 0, 3), (20, 10, 32, 22)),
    ((64, 48, 64, 48, 0, 0, 24, 48, 64, 48, 17, 0), (0, 0, 20, 40)),
    ((64, 48, 64, 48, 0, 0, 128, 96, 128, 96, 0, 0), (32, 24, 32, 24)),
    ((64, 48, 64, 48, 0, 0, 41, 48, 64, 48, 23, 0), (33, 11, 31, 37)),
    ((64, 48, 160, 120, 33, 20, 64, 48, 64, 48, 0, 0), (40, 30, 64, 48)),
    ((64, 48, 160, 120, 33, 20, 57, 48, 64, 48, 5, 0), (10, 15, 90, 76)),
    ((64, 48, 160, 120, 90, 70, 60, 45, 64, 48, 2, 1), (3, 2, 80, 60)),
    ((64, 48, 201, 151, 33, 70, 81, 57, 64, 48, -9, -2), (50, 60, 100, 70)),
    ((640, 480, 640, 480, 0, 0, 914, 800, 1067, 800, 100, 0), (111, 85, 400, 350)),
]
FILL = (124, 116, 104)


def composed(plan, crop=None):
    w, h, canvas_w, canvas_h, left, top, new_w, new_h, frame_w, frame_h, x, y = plan
    canvas = np.full((canvas_h, canvas_w, 3), FILL, np.uint8)
    canvas[top : top + h, left : left + w] = pattern(w, h)
    if crop:
        canvas = canvas[crop[1] : crop[1] + crop[3], crop[0] : crop[0] + crop[2]]
    resized = cv2.resize(canvas, (new_w, new_h), interpolation=cv2.INTER_LINEAR)
    frame = np.full((frame_h, frame_w, 3), FILL, np.uint8)
    x0, y0, from_x, from_y = max(0, x), max(0, y), max(0, -x), max(0, -y)
    seen_w, seen_h = min(frame_w - x0, new_w - from_x), min(frame_h - y0, new_h - from_y)
    frame[y0 : y0 + seen_h, x0 : x0 + seen_w] = resized[from_y : from_y + seen_h, from_x : from_x + seen_w]
    return frame


def placed(bbox, plan, crop, flip_x, flip_y):
    """The box on the frame and the part of its area that is left; every step in float32."""
    _, _, canvas_w, canvas_h, left, top, new_w, new_h, frame_w, frame_h, x, y = plan
    bx, by, bw, bh = bbox
    if crop:
        left, top, canvas_w, canvas_h = left - crop[0], top - crop[1], crop[2], crop[3]
    box = np.array([bx, by, bx + bw, by + bh], F) + np.array([left, top, left, top], F)
    centre = (box[:2] + box[2:]) / 2
    if crop and not ((centre > 0) & (centre < (canvas_w, canvas_h))).all():
        return None, 0.0
    box = box * np.array([new_w / canvas_w, new_h / canvas_h, new_w / canvas_w, new_h / canvas_h], F)
    box = box.clip(F(0), np.array([new_w, new_h, new_w, new_h], F)) + np.array([x, y, x, y], F)
    whole = (box[2] - box[0]) * (box[3] - box[1])
    box = box.clip(F(0), np.array([frame_w, frame_h, frame_w, frame_h], F))
    part = float((box[2] - box[0]) * (box[3] - box[1])) / float(whole)  # mirroring rounds, and takes nothing away
    if flip_x:
        box = np.array([F(frame_w) - box[2], box[1], F(frame_w) - box[0], box[3]], F)
    if flip_y:
        box = np.array([box[0], F(frame_h) - box[3], box[2], F(frame_h) - box[1]], F)
    return box, part


def color_rows():
    picture = pattern(W, H)
    picture[0, :4] = [[0, 0, 0], [255, 255, 255], [7, 7, 7], [3, 40, 2]]
    for case in COLORS:
        brightness, contrast, last, saturation, hue, order = case
        flat = saturation == 1 and hue == 0
        assert not flat or brightness >= 0  # where the way through HSV is left out, and would not be the identity
        pixels = ", ".join(map(str, distorted(picture, *case).ravel()))
        order = "{%d, %d, %d}" % order
        yield "    {{%rf, %rf, %rf, %rf, %s, %s},\n     {%s}}," % (
            *(float(v) for v in (brightness, contrast, saturation, hue)),
            str(last).lower(),
            order,
            pixels,
        )


def plan_text(plan, crop):
    _, _, canvas_w, canvas_h, left, top, new_w, new_h, frame_w, frame_h, x, y = plan
    if crop:
        left, top, canvas_w, canvas_h = left - crop[0], top - crop[1], crop[2], crop[3]
    return (
        "{.canvas_w = %d, .canvas_h = %d, .left = %d, .top = %d, .resized_w = %d, .resized_h = %d, .frame_w = %d, "
        ".frame_h = %d, .x = %d, .y = %d, .colors = {.contrast = 1, .saturation = 1, .order = {0, 1, 2}}%s}"
        % (canvas_w, canvas_h, left, top, new_w, new_h, frame_w, frame_h, x, y, ", .cropped = true" if crop else "")
    )


def plans():
    return [(plan, None) for plan in PLANS] + CROPS


def frame_rows():
    for plan, crop in plans():
        yield "    {%d, %d, %s, 0x%08X}," % (*plan[:2], plan_text(plan, crop), crc32c(composed(plan, crop).tobytes()))


def box_rows():
    draw = random.Random(5)
    for number, (plan, crop) in enumerate(plans()):
        w, h = plan[:2]
        for _ in range(6):
            bx, by = draw.uniform(-2, w - 4), draw.uniform(-2, h - 4)
            bbox = (bx, by, draw.uniform(2, w - bx + 1), draw.uniform(2, h - by + 1))
            flips = draw.randrange(2), draw.randrange(2)
            box, left = placed(bbox, plan, crop, *flips)
            box = (0, 0, 0, 0) if box is None else box
            yield "    {{%s}, %d, {%d, %d}, {%s}, %s}," % (
                ", ".join(float(v).hex() for v in bbox),
                number,
                *flips,
                ", ".join(float(v).hex() for v in box),
                left.hex(),
            )


def main():
    with open("augment.h", "w") as out:
        out.write("/* Made by make_augment.py with OpenCV %s and numpy %s. */\n" % (cv2.__version__, np.__version__))
        out.write("/* clang-format off */\nenum { COLOR_W = %d, COLOR_H = %d };\n" % (W, H))
        for name, rows in (("color", color_rows()), ("frame", frame_rows()), ("box", box_rows())):
            kind, plural = "golden_" + name, {"box": "boxes"}.get(name, name + "s")
            out.write("static const struct %s golden_%s[] = {\n%s\n};\n" % (kind, plural, "\n".join(rows)))
        out.write("/* clang-format on */\n")


if __name__ == "__main__":
    main()
