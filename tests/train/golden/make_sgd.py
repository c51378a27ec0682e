#!/usr/bin/python3
"""Writes sgd.h5: six steps of torch's SGD with clipping (doc/method.md 7.1, 7.3, 7.5) over one small vector."""
import os

import h5py
import numpy as np
import torch

torch.manual_seed(3)
n, steps, lr = 1003, 6, [0.01, 0.01, 0.02, 0.02, 0.001, 0.001]
param = torch.nn.Parameter(torch.randn(n))
optimizer = torch.optim.SGD([param], lr=lr[0], momentum=0.9, weight_decay=1e-4)
start = param.detach().numpy().copy()
grads = [torch.randn(n) * (0.5 if s % 2 else 3.0) for s in range(steps)]  # norms near 16 and 95: clipped or not
values, norms = [], []
for step in range(steps):
    optimizer.param_groups[0]['lr'] = lr[step]
    param.grad = grads[step].clone()
    norms.append(float(torch.nn.utils.clip_grad_norm_([param], 35.0)))
    optimizer.step()
    values.append(param.detach().numpy().copy())

with h5py.File(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'sgd.h5'), 'w') as file:
    file['start'] = start
    file['grad'] = np.stack([g.numpy() for g in grads])
    file['value'] = np.stack(values)
    file['norm'] = np.array(norms)
    file['lr'] = np.array(lr)
