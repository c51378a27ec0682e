#!/usr/bin/env python3
"""Makes the small TIFFs, WebPs and BMPs of tests/data/golden and images.h: what Pillow (libtiff, libwebp) and OpenCV decode from them.

What is transparent is laid over white here, by numpy in float. Needs numpy, OpenCV and Pillow; run it in this folder.
"""
import io
import struct

import cv2
import numpy as np
from PIL import Image

from crc32c import crc32c
from make_jpegs import scene

W, H = 23, 17


def pillow(image, format, **options):
    out = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(out, format, **options)
    return out.getvalue()


def over_white(rgb, alpha):
    alpha = alpha[..., None].astype(float)
    return np.floor((rgb * alpha + 255.0 * (255 - alpha)) / 255 + 0.5).astype(np.uint8)


def replicated(gray):
    return np.repeat(gray[:, :, None], 3, 2)


def opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]


def bmp(header, bits, rows, compression=0, masks=b"", palette=b"", sign=1):
    """From rows of bytes, in the order of the file."""
    rows = b"".join(row + b"\0" * (-len(row) % 4) for row in rows)
    if header == 12:
        info = struct.pack("<IHHHH", 12, W, H, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, W, sign * H, 1, bits, compression, len(rows), 2835, 2835,
                           len(palette) // 4, 0) + masks
        info += b"\0" * (header - len(info)) if header > 40 else b""
    at = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(rows), 0, 0, at) + info + palette + rows


rgb, gray = scene(W, H, 3), scene(W, H, 1)[:, :, 0]
alpha = scene(W + 1, H, 1)[:, 1:, 0]
deep = np.random.default_rng(1).integers(0, 65536, (H, W), dtype=np.uint16)
palette = np.random.default_rng(5).integers(0, 256, (16, 3), dtype=np.uint8)
index = (gray // 16).astype(np.uint8)
paletted = Image.fromarray(index, "P")
paletted.putpalette(palette.tobytes() + bytes(3 * 240))
bgr, bgra = rgb[:, :, ::-1], np.dstack([rgb[:, :, ::-1], alpha])
five = (rgb // 8).astype("<u2")
in_565 = (five[:, :, 0] << 11 | (rgb[:, :, 1] // 4).astype("<u2") << 5 | five[:, :, 2]).astype("<u2")
of_565 = np.dstack([np.floor((x * 255 + m // 2) // m) for x, m in
                    ((five[:, :, 0].astype(int), 31), (rgb[:, :, 1].astype(int) // 4, 63), (five[:, :, 2].astype(int), 31))]).astype(np.uint8)
fours = [bytes(a << 4 | b for a, b in zip(row[0::2], list(row[1::2]) + [0])) for row in index]
quads = b"".join(bytes([b, g, r, 0]) for r, g, b in palette)
bits = [np.packbits(row > 127).tobytes() for row in gray]
up = slice(None, None, -1)

files = {
    "plain.tif": (pillow(rgb, "TIFF"), rgb),
    "lzw.tif": (pillow(rgb, "TIFF", compression="tiff_lzw"), rgb),
    "deflate.tif": (pillow(rgb, "TIFF", compression="tiff_adobe_deflate"), rgb),
    "gray.tif": (pillow(gray, "TIFF", compression="packbits"), replicated(gray)),
    "deep.tif": (pillow(deep, "TIFF"), replicated((deep >> 8).astype(np.uint8))),
    "palette.tif": (pillow(paletted, "TIFF"), palette[index]),
    "bits.tif": (pillow(Image.fromarray(gray > 127), "TIFF"), replicated((gray > 127) * np.uint8(255))),
    "alpha.tif": (pillow(np.dstack([rgb, alpha]), "TIFF"), None),
    "lossless.webp": (pillow(rgb, "WEBP", lossless=True), rgb),
    "lossy.webp": (pillow(rgb, "WEBP", quality=80), None),
    "alpha.webp": (pillow(np.dstack([rgb, alpha]), "WEBP", lossless=True, exact=True), over_white(rgb, alpha)),
    "plain.bmp": (pillow(rgb, "BMP"), rgb),
    "gray.bmp": (pillow(gray, "BMP"), replicated(gray)),
    "palette.bmp": (bmp(40, 4, fours[up], palette=quads), palette[index]),
    "bits.bmp": (bmp(40, 1, bits[up], palette=b"\0\0\0\0\xff\xff\xff\0"), replicated((gray > 127) * np.uint8(255))),
    "core.bmp": (bmp(12, 24, [row.tobytes() for row in bgr[up]]), rgb),
    "top.bmp": (bmp(40, 32, [row.tobytes() for row in bgra], sign=-1), rgb),
    "565.bmp": (bmp(40, 16, [row.tobytes() for row in in_565[up]], 3, struct.pack("<III", 0xf800, 0x07e0, 0x1f)), of_565),
    "alpha.bmp": (bmp(108, 32, [row.tobytes() for row in bgra[up]], 3, struct.pack("<IIII", 0xff0000, 0xff00, 0xff, 0xff000000)),
                  over_white(rgb, alpha)),
}

with open("images.h", "w") as f:
    f.write("/* make_images.py: name, CRC32C of the RGB pixels. */\n")
    f.write("static const struct golden_image golden_images[] = {\n")
    for name, (data, pixels) in files.items():
        if name == "lossy.webp":
            pixels = np.array(Image.open(io.BytesIO(data)))
        if name == "alpha.tif":  # libtiff rounds each colour to its share first
            share = (rgb.astype(int) * alpha[:, :, None] + 127) // 255
            pixels = (share + 255 - alpha[:, :, None]).astype(np.uint8)
        if "alpha" not in name and name != "565.bmp":
            assert (opencv(data) == pixels).all(), name
        f.write(f'    {{"{name}", 0x{crc32c(np.ascontiguousarray(pixels).tobytes()):08x}}},\n')
        open(name, "wb").write(data)
    f.write("};\n")
