"""The peer of `freeanchor bench loader`: OpenCV and numpy, one thread, JPEG bytes to the padded normalised tensor.

usage: loader.py DIRECTORY N       DIRECTORY holds JPEGs; N images are prepared, over and over the same
"""
import json
import pathlib
import sys
import time

import cv2
import numpy as np

MEAN = np.array([123.675, 116.28, 103.53], np.float64).reshape(1, 3)
STD = np.array([58.395, 57.12, 57.375], np.float64).reshape(1, 3)


def prepare(jpeg, limits=(1333, 800), divisor=32):
    image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    h, w = image.shape[:2]
    scale = min(max(limits) / max(h, w), min(limits) / min(h, w))
    image = cv2.resize(image, (int(w * scale + 0.5), int(h * scale + 0.5)), interpolation=cv2.INTER_LINEAR)
    image = image.astype(np.float32)
    cv2.cvtColor(image, cv2.COLOR_BGR2RGB, image)
    cv2.subtract(image, MEAN, image)
    cv2.multiply(image, 1 / STD, image)
    h, w = image.shape[:2]
    padded = np.zeros((3, -(-h // divisor) * divisor, -(-w // divisor) * divisor), np.float32)
    padded[:, :h, :w] = image.transpose(2, 0, 1)
    return padded


def main():
    cv2.setNumThreads(1)
    n = int(sys.argv[2])
    files = [np.fromfile(path, np.uint8) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.jpg"))]
    for jpeg in files:
        prepare(jpeg)
    start = time.perf_counter()
    for i in range(n):
        prepare(files[i % len(files)])
    seconds = time.perf_counter() - start
    print(json.dumps({"peer": f"OpenCV {cv2.__version__}, numpy {np.__version__}", "images_per_s_per_thread": n / seconds}))


if __name__ == "__main__":
    main()
