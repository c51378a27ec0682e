#!/usr/bin/env python3
"""Makes resizes.h: what OpenCV's INTER_LINEAR gives for the pattern of tests/data/pattern.c at many sizes."""
import cv2
import numpy as np

from crc32c import crc32c

SIZES = [
    (640, 480, 1067, 800),
    (500, 375, 1067, 800),
    (427, 640, 800, 1199),
    (100, 2000, 67, 1333),
    (320, 240, 160, 120),  # exactly a half: OpenCV averages
    (321, 240, 160, 120),
    (320, 240, 160, 240),
    (320, 240, 320, 120),
    (320, 240, 320, 240),
    (320, 240, 640, 480),
    (300, 240, 100, 80),
    (640, 480, 160, 120),
    (64, 48, 63, 47),
    (64, 48, 65, 49),
    (17, 13, 211, 157),
    (211, 157, 17, 13),
    (1, 1, 7, 5),
    (7, 5, 1, 1),
    (2, 2, 1, 1),
    (1, 9, 6, 2),
    (9, 1, 2, 6),
    (2, 3, 5, 4),
    (5, 4, 2, 3),
    (33, 31, 32, 32),
    (1000, 10, 37, 23),
    (10, 1000, 23, 37),
    (123, 457, 389, 211),
    (389, 211, 123, 457),
    (255, 255, 256, 254),
    (97, 89, 291, 267),
]


def pattern(w, h):
    y, x, c = np.mgrid[0:h, 0:w, 0:3]
    return ((x * 73 + y * 151 + c * 199) ^ (x * y * 29 >> 2)).astype(np.uint8)


def main():
    rows = []
    for w, h, new_w, new_h in SIZES:
        out = cv2.resize(pattern(w, h), (new_w, new_h), interpolation=cv2.INTER_LINEAR)
        middle = out[new_h // 2, new_w // 2]
        rows.append(
            "    {%d, %d, %d, %d, {%d, %d, %d}, 0x%08X}," % (w, h, new_w, new_h, *middle, crc32c(out.tobytes()))
        )
    with open("resizes.h", "w") as out:
        out.write("/* Made by make_resizes.py with OpenCV %s. */\n/* clang-format off */\n" % cv2.__version__)
        out.write("static const struct golden_resize golden_resizes[] = {\n%s\n};\n/* clang-format on */\n" % "\n".join(rows))


if __name__ == "__main__":
    main()
