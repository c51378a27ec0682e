#!/usr/bin/python3
"""Writes schedule.h5: the rates of torch's CosineAnnealingLR and PolynomialLR over 60 steps."""
import os

import h5py
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, PolynomialLR

STEPS, LR, LR_MIN, POWER = 60, 0.02, 0.0005, 0.9


def rates(make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    scheduler, found = make(optimizer), []
    for _ in range(STEPS):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    return found


with h5py.File(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'schedule.h5'), 'w') as file:
    file['cosine'] = rates(lambda o: CosineAnnealingLR(o, T_max=STEPS, eta_min=LR_MIN))
    file['poly'] = rates(lambda o: PolynomialLR(o, total_iters=STEPS, power=POWER))
    file['lr_min_and_power'] = [LR_MIN, POWER]
