#!/usr/bin/env python3
"""Makes the small PNGs of tests/data/golden and pngs.h, the CRCs of what OpenCV decodes from them.

What OpenCV drops, transparency, is laid over white here, by numpy in float. Needs numpy, OpenCV and Pillow; run it in this folder.
"""
import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image

from crc32c import crc32c
from make_jpegs import scene

W, H = 23, 17


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(depth, color, rows, extra=b"", interlace=0):
    """From rows of bytes, none of them filtered."""
    header = struct.pack(">IIBBBBB", W, H, depth, color, 0, 0, interlace)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def pillow(image, mode, **options):
    out = io.BytesIO()
    Image.fromarray(image, mode).save(out, "PNG", **options)
    return out.getvalue()


def deep(channels):
    """16 bits a sample, big-endian, the lower byte not like the upper."""
    rng = np.random.default_rng(channels)
    return rng.integers(0, 65536, (H, W * channels), dtype=np.uint16).astype(">u2")


def over_white(rgb, alpha):
    mixed = (rgb * alpha[..., None] + 255.0 * (255 - alpha[..., None])) / 255
    return np.floor(mixed + 0.5).astype(np.uint8)


def opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]


rgb, gray = scene(W, H, 3), scene(W, H, 1)[:, :, 0]
alpha = scene(W + 1, H, 1)[:, 1:, 0]
palette = np.random.default_rng(5).integers(0, 256, (16, 3), dtype=np.uint8)
index = (gray // 16).astype(np.uint8)
bits = np.packbits(gray > 127, axis=1)
fours = np.array([[(a << 4) | b for a, b in zip(row[0::2], list(row[1::2]) + [0])] for row in index], np.uint8)
clear = np.where(index == 3, 0, 255)

files = {
    "rgb": pillow(rgb, "RGB"),
    "gray": pillow(gray, "L"),
    "gray_1bit": png(1, 0, [row.tobytes() for row in bits]),
    "gray_16bit": png(16, 0, [row.tobytes() for row in deep(1)]),
    "rgb_16bit": png(16, 2, [row.tobytes() for row in deep(3)]),
    "palette": png(8, 3, [row.tobytes() for row in index], chunk(b"PLTE", palette.tobytes())),
    "palette_4bit": png(4, 3, [row.tobytes() for row in fours], chunk(b"PLTE", palette.tobytes())),
    "palette_clear": png(8, 3, [row.tobytes() for row in index],
                         chunk(b"PLTE", palette.tobytes()) + chunk(b"tRNS", bytes(0 if i == 3 else 255 for i in range(16)))),
    "rgb_alpha": pillow(np.dstack([rgb, alpha]), "RGBA"),
    "gray_alpha": pillow(np.dstack([gray, alpha]), "LA"),
    "gamma": png(8, 2, [row.tobytes() for row in rgb], chunk(b"gAMA", struct.pack(">I", 100000))),
}
expected = {name: opencv(data) for name, data in files.items() if "alpha" not in name and "clear" not in name}
expected["palette_clear"] = over_white(palette[index].astype(float), clear.astype(float))
expected["rgb_alpha"] = over_white(rgb.astype(float), alpha.astype(float))
expected["gray_alpha"] = over_white(np.repeat(gray[:, :, None], 3, 2).astype(float), alpha.astype(float))

# seven passes: pixels of a pass one after the other
interlaced = b""
for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
    for row in rgb[y0::dy, x0::dx]:
        interlaced += b"\0" + row.tobytes() if len(row) else b""
files["interlaced"] = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 8, 2, 0, 0, 1)) +
                       chunk(b"IDAT", zlib.compress(interlaced)) + chunk(b"IEND", b""))
expected["interlaced"] = opencv(files["interlaced"])

with open("pngs.h", "w") as f:
    f.write("/* make_pngs.py: name, components, CRC32C of the RGB pixels. */\n")
    f.write("static const struct golden_png golden_pngs[] = {\n")
    for name, data in files.items():
        components = Image.open(io.BytesIO(data)).mode
        components = {"1": 1, "L": 1, "P": 1, "I": 1, "I;16": 1, "LA": 2, "RGB": 3, "RGBA": 4}[components]
        f.write(f'    {{"{name}", {components}, 0x{crc32c(expected[name].tobytes()):08x}}},\n')
        open(f"{name}.png", "wb").write(data)
    f.write("};\n")
