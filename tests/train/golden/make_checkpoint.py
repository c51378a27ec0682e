#!/usr/bin/python3
"""Writes the checkpoint epoch_7 as three ranks would have: three shards of a model of five parameters.

An independent writer of the format that src/train/checkpoint_private.h describes. Element i of the values is
i / 8, of the momentum -i / 16.
"""
import json
import os

import h5py
import numpy as np


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


TENSORS = [('head.weight', 'trainable', [4, 3, 3, 3]), ('head.bias', 'trainable', [4]),
           ('stem.weight', 'frozen', [5, 2]), ('bn.running_mean', 'statistic', [4]),
           ('bn.running_var', 'statistic', [4])]
SHARDS = 3

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'epoch_7')
os.makedirs(root, exist_ok=True)
table, offset = [], 0
for name, kind, dims in TENSORS:
    table.append(dict(name=name, kind=kind, dims=dims, offset=offset))
    offset += int(np.prod(dims))
n_value, n_momentum = offset, 4 * 27 + 4
value, momentum = np.arange(n_value, dtype='f4') / 8, -np.arange(n_momentum, dtype='f4') / 16

shards = []
for s in range(SHARDS):
    v, m = [[n * s // SHARDS, n * (s + 1) // SHARDS] for n in (n_value, n_momentum)]
    path = os.path.join(root, 'shard-%05d.h5' % s)
    with h5py.File(path, 'w') as file:
        file['value'], file['momentum'] = value[v[0]:v[1]], momentum[m[0]:m[1]]
    data = open(path, 'rb').read()
    shards.append(dict(bytes=len(data), crc32c='%016x' % crc32c(data), value=v, momentum=m))

manifest = dict(
    format='freeanchor checkpoint', version=2,
    progress=dict(samples=1120, step=70, epoch=7, seed='%016x' % (2**63 + 5), category_hash='%016x' % 77,
                  content_hash='%016x' % (2**64 - 78)),
    meta=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True,
              coder_std=[1, 1, 0.5, 0.125], classes=['cat', 'dog'], model='r50'),
    n_value=n_value, n_momentum=n_momentum, shards=shards, tensors=table)
text = json.dumps(manifest, indent=1)[:-2]
with open(os.path.join(root, 'manifest.json'), 'w') as file:
    file.write(text + ',\n\t"crc32c":\t"%08x"\n}\n' % crc32c(text.encode()))
