"""The toy batch whose results were published with the recipe: two images of 64x64, three classes."""
import numpy as np

from reference.boxes import F, anchors_of

SIZE, CLASSES, IMAGES = (64, 64), 3, (0, 1)
CLIP, SCALE_FACTOR = (62, 60), (1.5, 1.6, 1.5, 1.6)  # width, height; x y x y
OBJECTS = (
    (np.array([[5, 11, 44.25, 46.75], [0.5, 2.75, 50.75, 50.25]], F), np.array([1, 1])),
    (np.array([[19.5, 9.75, 35.25, 39.75]], F), np.array([0])),
)
NO_OBJECTS = (np.zeros((0, 4), F), np.zeros(0, int))


def head(n):
    """Logits (774, 3) and deltas (774, 4) of image n."""
    j = np.arange(len(anchors_of(*SIZE)))[:, None]
    logits = 2 * np.sin(0.37 * j + 1.3 * np.arange(CLASSES) + 0.5 * n) - 2
    deltas = 0.5 * np.cos(0.11 * j + 0.7 * np.arange(4) + 0.3 * n)
    return logits.astype(F), deltas.astype(F)
