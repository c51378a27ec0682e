#!/usr/bin/python3
"""Writes lars.h5: twenty steps of LARS (doc/method.md 7.7) in double over three layers' filters and a bias, which goes as SGD does. The
third layer starts at 0, where its norm says nothing."""
import os

import h5py
import numpy as np

random = np.random.default_rng(5)
sizes, has_filters = [(6, 3, 3, 3), (5,), (7, 3, 1, 1), (4, 2, 1, 1)], [True, False, True, True]
steps, lr, trust, momentum, decay, scale = 20, 2.0, 0.01, 0.9, 1e-3, 0.25
values = [random.standard_normal(size) * width for size, width in zip(sizes, (0.1, 1, 2, 0))]
motion = [np.zeros(size) for size in sizes]
start, grads, after = np.concatenate([v.ravel() for v in values]), [], []
for step in range(steps):
    grad = [random.standard_normal(size).astype(np.float32) * 10.0 ** (step % 3 - 1) for size in sizes]
    for k, (value, g) in enumerate(zip(values, grad)):
        g = scale * g.astype(np.float64) + decay * value
        norms = np.linalg.norm(value), scale * np.linalg.norm(grad[k].astype(np.float64)) + decay * np.linalg.norm(value)
        factor = trust * norms[0] / norms[1] if has_filters[k] and min(norms) > 0 else 1
        motion[k] = momentum * motion[k] + factor * g
        values[k] = value - lr * motion[k]
    grads.append(np.concatenate([g.ravel() for g in grad]))
    after.append(np.concatenate([v.ravel() for v in values]))

with h5py.File(os.path.join(os.path.dirname(os.path.abspath(__file__)), "lars.h5"), "w") as file:
    file["start"], file["grad"], file["value"] = start, np.stack(grads).astype(np.float32), np.stack(after)
