"""The inputs that the golden files of this folder do not hold, because test and script compute the same."""
import numpy as np


def noise(seed, n):
    """n float32 in [-1, 1), multiples of 2^-15: test_noise of tests/detect/scene.c."""
    x = (np.arange(n, dtype=np.uint64) + np.uint64(seed) * np.uint64(1000003)) & np.uint64(0xFFFFFFFF)
    for multiplier, shift in ((0x9E3779B1, 16), (0x85EBCA6B, 13), (0xC2B2AE35, 16)):
        x = (x * np.uint64(multiplier)) & np.uint64(0xFFFFFFFF)
        x ^= x >> np.uint64(shift)
    return ((x >> np.uint64(16)).astype(np.int64) - 32768).astype(np.float32) * np.float32(2.0 ** -15)


def noisy_head(n_anchors, classes, seed, logit_scale, logit_offset, delta_scale):
    """Logits (n_anchors, classes) and deltas (n_anchors, 4): test_scene_fill of tests/detect/scene.c."""
    values, split = noise(seed, n_anchors * (classes + 4)), n_anchors * classes
    logits = values[:split] * np.float32(logit_scale) + np.float32(logit_offset)
    return logits.reshape(-1, classes), (values[split:] * np.float32(delta_scale)).reshape(-1, 4)
