#!/usr/bin/python3
"""one_threshold.h5: a weights file of before classes had score thresholds of their own, cut down to two tensors.

make_one_threshold.py WEIGHTS.h5 OUT.h5        WEIGHTS.h5: as such a program wrote it, with its one threshold
"""
import sys

import h5py

with h5py.File(sys.argv[1]) as old, h5py.File(sys.argv[2], "w") as out:
    for name, value in old.attrs.items():
        old_attribute = h5py.h5a.open(old.id, name.encode())
        out.attrs.create(name, value, shape=old_attribute.shape, dtype=old_attribute.dtype)
    for name in ("backbone.bn1.bias", "backbone.bn1.weight"):
        old.copy(name, out)
