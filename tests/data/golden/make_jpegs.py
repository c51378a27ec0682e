#!/usr/bin/env python3
"""Makes the small JPEGs of tests/data/golden and jpegs.h, the CRCs of what OpenCV decodes from them.

Needs numpy, OpenCV and Pillow; run it in this folder. The files that are refused (bad_*.jpg) have no CRC.
"""
import io
import struct

import cv2
import numpy as np
from PIL import Image

from crc32c import crc32c

EOI = b"\xff\xd9"


def scene(w, h, channels):
    """Smooth colours with a hard edge and some noise."""
    rng = np.random.default_rng(w * 1000 + h)
    coarse = rng.integers(0, 256, (4, 5, channels), dtype=np.uint8)
    image = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC).reshape(h, w, channels).astype(int)
    image[h // 3 :, w // 2 :] = 255 - image[h // 3 :, w // 2 :]
    return np.clip(image + rng.integers(-12, 13, image.shape), 0, 255).astype(np.uint8)


def encode(mode, w, h, **options):
    image = scene(w, h, len(mode))
    out = io.BytesIO()
    Image.fromarray(image[:, :, 0] if mode == "L" else image, mode).save(out, "JPEG", **options)
    return out.getvalue()


def segments(jpeg):
    """[(marker, bytes of the segment with its marker)] up to SOS, and the rest."""
    found, at = [], 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
        found.append((jpeg[at + 1], jpeg[at:end]))
        at = end
    return found, jpeg[at:]


def rebuilt(jpeg, drop=(), first=b""):
    found, rest = segments(jpeg)
    return b"\xff\xd8" + first + b"".join(s for m, s in found if m not in drop) + rest


def adobe(transform):
    return b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform])


def exif(order, orientation):
    """An APP1 segment with two entries, the second of which is the orientation."""
    e = "<" if order == b"II" else ">"
    tiff = order + struct.pack(e + "HI", 42, 8) + struct.pack(e + "H", 2)
    tiff += struct.pack(e + "HHII", 0x0100, 4, 1, 640)
    tiff += struct.pack(e + "HHIHH", 0x0112, 3, 1, orientation, 0) + struct.pack(e + "I", 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def good():
    rgb = encode("RGB", 37, 29, quality=85)
    cmyk = encode("CMYK", 21, 19, quality=85)
    files = {
        "rgb_420": rgb,
        "rgb_422": encode("RGB", 35, 18, subsampling=1),
        "rgb_444": encode("RGB", 19, 23, subsampling=0),
        "rgb_1x1": encode("RGB", 1, 1),
        "rgb_3x40": encode("RGB", 3, 40),
        "gray": encode("L", 33, 17),
        "gray_1x1": encode("L", 1, 1),
        "progressive": encode("RGB", 41, 31, progressive=True),
        "progressive_gray": encode("L", 26, 27, progressive=True),
        "optimized": encode("RGB", 30, 30, optimize=True, quality=40),
        "restarts": cv2.imencode(".jpg", scene(45, 20, 3), [cv2.IMWRITE_JPEG_RST_INTERVAL, 1])[1].tobytes(),
        "no_huffman_tables": rebuilt(rgb, drop=(0xC4,)),
        "adobe_rgb": rebuilt(encode("RGB", 22, 15, subsampling=0), drop=(0xE0,), first=adobe(0)),
        "cmyk": cmyk,
        "cmyk_plain": rebuilt(cmyk, drop=(0xEE,)),
        "ycck": rebuilt(cmyk, drop=(0xEE,), first=adobe(2)),
        "stray_bytes": rgb[:-2] + b"stray" + EOI,
        "trailing_bytes": rgb + b"anything may follow",
    }
    small = encode("RGB", 14, 9, quality=80)
    for orientation in range(1, 9):
        order = b"II" if orientation % 2 else b"MM"
        files["exif_%d" % orientation] = rebuilt(small, first=exif(order, orientation))
    return files


def many_scans():
    """A progressive file whose first scan is said 150 times."""
    jpeg = encode("L", 8, 8, progressive=True)
    found, rest = segments(jpeg)
    scan = rest[: rest.index(b"\xff", 2)]
    return b"\xff\xd8" + b"".join(s for _, s in found) + scan * 150 + rest


def two_components():
    sof = b"\xff\xc0" + struct.pack(">HBHHB", 14, 8, 16, 16, 2) + bytes([1, 0x11, 0, 2, 0x11, 0])
    sos = b"\xff\xda" + struct.pack(">HB", 10, 2) + bytes([1, 0, 2, 0, 0, 63, 0])
    return b"\xff\xd8" + sof + sos + bytes(64) + EOI


def bad():
    rgb = encode("RGB", 37, 29, quality=85)
    damaged = bytearray(rgb)
    damaged[-300:-290] = b"\xff\x00" * 5  # all ones: no Huffman code
    return {
        "bad_truncated": rgb[: len(rgb) * 2 // 3],
        "bad_no_end": rgb[:-2],
        "bad_header": rgb[:100],
        "bad_data": bytes(damaged),
        "bad_scans": many_scans(),
        "bad_components": two_components(),
    }


def info(jpeg, name):
    progressive = b"\xff\xc2" in jpeg
    sof = jpeg.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    h, w, components = struct.unpack(">HHB", jpeg[sof + 5 : sof + 10])
    orientation = int(name[-1]) if name.startswith("exif_") else 1
    return w, h, components, progressive, orientation


def main():
    rows = []
    for name, jpeg in {**good(), **bad()}.items():
        with open(name + ".jpg", "wb") as out:
            out.write(jpeg)
    for name, jpeg in good().items():
        bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        w, h, components, progressive, orientation = info(jpeg, name)
        assert bgr.shape[:2] == ((w, h) if orientation >= 5 else (h, w))
        crc = crc32c(np.ascontiguousarray(bgr[:, :, ::-1]).tobytes())
        rows.append(
            '    {"%s", %d, %d, %d, %s, %d, 0x%08X},'
            % (name, w, h, components, str(progressive).lower(), orientation, crc)
        )
    with open("jpegs.h", "w") as out:
        out.write("/* Made by make_jpegs.py with OpenCV %s. */\n" % cv2.__version__)
        out.write("static const struct golden_jpeg golden_jpegs[] = {\n%s\n};\n" % "\n".join(rows))


if __name__ == "__main__":
    main()
