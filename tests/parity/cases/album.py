"""Fifty pictures with boxes, of every kind of JPEG that a dataset may hold, and three photographs."""
import dataclasses
import json
import sys

import cv2
import numpy as np

from parity import ROOT, SHARED

sys.path.insert(0, str(ROOT / "tests/data/golden"))
from make_jpegs import adobe, encode, exif, good, rebuilt

CATEGORY_IDS = [7, 2, 40]  # in the order of the labels


@dataclasses.dataclass
class Picture:
    name: str
    jpeg: bytes
    scale: tuple  # of the config it is fed with
    annotations: list


def random_box(rng, w, h):
    """Inside the picture; one in three touches its right and lower border."""
    x, y = np.round(rng.uniform(0, (w - 1, h - 1)), 2)
    if rng.uniform() < 1 / 3:
        return x, y, w - x, h - y
    return x, y, max(1, round(rng.uniform(0, w - x), 3)), max(1, round(rng.uniform(0, h - y), 3))


def annotate(rng, w, h):
    """Boxes of w x h pixels: some random ones, the whole picture, and what is no object."""
    boxes = [random_box(rng, w, h) for _ in range(rng.integers(1, 30))] + [(0, 0, w, h)]
    rows = [{"bbox": box, "area": box[2] * box[3], "iscrowd": 0} for box in boxes]
    rows += [
        {"bbox": (0, 0, 0.99, h), "area": 1, "iscrowd": 0},
        {"bbox": (0, 0, w, h), "area": 0, "iscrowd": 0},
        {"bbox": (0, 0, w, h), "area": 1, "iscrowd": 1},
        {"bbox": (0, 0, w, h), "area": 1, "iscrowd": 0, "ignore": 1},
    ]
    rng.shuffle(rows)
    return [
        row | {"bbox": [float(v) for v in row["bbox"]], "category_id": int(rng.choice(CATEGORY_IDS))}
        for row in rows
    ]


def photographs():
    """A few of the blood-cell images, where they are."""
    found = sorted((SHARED / "data/bccd/images").glob("*.jpg"))[:3]
    return {path.stem: (path.read_bytes(), (320, 240)) for path in found}


def larger():
    """{name: (JPEG, scale)}."""
    cmyk = encode("CMYK", 150, 131, quality=85)
    rgb = encode("RGB", 203, 155, quality=85)
    return {
        "420 halved": (encode("RGB", 640, 480), (320, 240)),
        "444 halved": (encode("RGB", 300, 200, subsampling=0), (150, 100)),
        "422 to a quarter": (encode("RGB", 640, 480, subsampling=1), (160, 120)),
        "420 as it is": (encode("RGB", 320, 240), (320, 240)),
        "420 doubled": (encode("RGB", 160, 120), (320, 240)),
        "420 down": (encode("RGB", 700, 500, quality=95), (500, 333)),
        "444 up": (encode("RGB", 123, 97, subsampling=0), (333, 200)),
        "422 by one pixel": (encode("RGB", 257, 255, subsampling=1), (256, 254)),
        "full scale": (encode("RGB", 500, 375), (1333, 800)),
        "full scale, upright": (encode("RGB", 427, 640, subsampling=1), (1333, 800)),
        "flat": (encode("RGB", 700, 5), (320, 240)),
        "narrow": (encode("RGB", 3, 600, subsampling=0), (500, 333)),
        "two pixels": (encode("RGB", 2, 1), (97, 71)),
        "coarse": (encode("RGB", 211, 157, quality=5), (320, 240)),
        "fine": (encode("RGB", 157, 211, quality=100, subsampling=0), (320, 240)),
        "gray": (encode("L", 333, 222), (320, 240)),
        "gray up": (encode("L", 55, 77), (200, 160)),
        "progressive": (encode("RGB", 401, 299, progressive=True), (320, 240)),
        "progressive 444": (encode("RGB", 98, 203, progressive=True, subsampling=0), (320, 240)),
        "progressive gray": (encode("L", 266, 127, progressive=True), (333, 200)),
        "cmyk": (cmyk, (97, 71)),
        "cmyk, no Adobe segment": (rebuilt(cmyk, drop=(0xEE,)), (200, 160)),
        "ycck": (rebuilt(cmyk, drop=(0xEE,), first=adobe(2)), (200, 160)),
        "exif 6": (rebuilt(rgb, first=exif(b"MM", 6)), (320, 240)),
        "exif 7": (rebuilt(rgb, first=exif(b"II", 7)), (101, 67)),
    }


def small():
    """Those of the decoder's own test, but for one of which libjpeg complains aloud."""
    return {f"small {name}": (jpeg, (97, 71)) for name, jpeg in good().items() if name != "stray_bytes"}


def size_of(jpeg):
    """Width and height as it is seen, turned by EXIF."""
    h, w = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape[:2]
    return w, h


def pictures():
    album = []
    for number, (name, (jpeg, scale)) in enumerate((larger() | small() | photographs()).items()):
        annotations = annotate(np.random.default_rng(number), *size_of(jpeg))
        album.append(Picture(name, jpeg, scale, annotations))
    return album


def write(album, folder):
    """The album as a COCO file and a folder of JPEGs; the number in the album is the image's id."""
    images, annotations = [], []
    (folder / "images").mkdir()
    for number, picture in enumerate(album):
        file_name = f"{number}.jpg"
        (folder / "images" / file_name).write_bytes(picture.jpeg)
        w, h = size_of(picture.jpeg)
        images.append({"id": number, "file_name": file_name, "width": w, "height": h})
        annotations += [a | {"image_id": number} for a in picture.annotations]
    annotations = [a | {"id": n} for n, a in enumerate(annotations, 1)]
    categories = [{"id": k, "name": f"class {k}"} for k in CATEGORY_IDS]
    (folder / "coco.json").write_text(
        json.dumps({"images": images, "annotations": annotations, "categories": categories})
    )
