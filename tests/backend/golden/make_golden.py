#!/usr/bin/env python3
"""Writes golden.h: what PyTorch gives, in double, for a few operations of the backends.

    python3 tests/backend/golden/make_golden.py > tests/backend/golden/golden.h

Inputs are not stored: both sides compute element i of the array with this seed, in PyTorch's order (NCHW,
OIHW), as ramp(i, seed) below, which is exact in float32.
"""
import torch
import torch.nn.functional as F


def ramp(shape, seed):
    n = torch.Size(shape).numel()
    i = torch.arange(n, dtype=torch.int64)
    return (((i * 7919 + seed * 104729) % 8191).double() / 4096 - 1).reshape(shape)


def emit(name, tensor):
    values = tensor.detach().flatten().tolist()
    print(f"static const double {name}[{len(values)}] = {{")
    for begin in range(0, len(values), 6):
        print("    " + " ".join(f"{v:.12g}," for v in values[begin:begin + 6]))
    print("};\n")


def conv(name, c, h, w, out, groups, kernel, stride, pad, relu, residual):
    src = ramp((1, c, h, w), 1).requires_grad_()
    filters = ramp((out, c // groups, kernel, kernel), 2).requires_grad_()
    bias = ramp((out,), 3).requires_grad_()
    dst = F.conv2d(src, filters, bias, stride, pad, 1, groups)
    if residual:
        dst = dst + ramp(dst.shape, 4)
    before = dst
    if relu:
        dst = F.relu(dst)
    diff = ramp(dst.shape, 5) * (before > 0 if relu else 1)
    dst.backward(diff)
    emit(f"{name}_dst", dst)
    emit(f"{name}_diff_src", src.grad)
    emit(f"{name}_diff_filters", filters.grad)
    emit(f"{name}_diff_bias", bias.grad)


def norm(name, c, h, w, groups, relu, residual):
    src = ramp((1, c, h, w), 1).requires_grad_()
    gamma = ramp((c,), 2).requires_grad_()
    beta = ramp((c,), 3).requires_grad_()
    dst = F.group_norm(src, groups, gamma, beta)
    if residual:
        dst = dst + ramp(dst.shape, 4)
    before = dst
    if relu:
        dst = F.relu(dst)
    diff = ramp(dst.shape, 5) * (before > 0 if relu else 1)
    dst.backward(diff)
    emit(f"{name}_dst", dst)
    emit(f"{name}_diff_src", src.grad)
    emit(f"{name}_diff_gamma", gamma.grad)
    emit(f"{name}_diff_beta", beta.grad)


def pool(name, c, h, w, levels):
    """Values are rounded to so many levels, so that windows hold equals."""
    src = torch.floor(ramp((1, c, h, w), 6) * levels).requires_grad_()
    dst = F.max_pool2d(src, 3, 2, 1)
    dst.backward(ramp(dst.shape, 5))
    emit(f"{name}_dst", dst)
    emit(f"{name}_diff_src", src.grad)


def upsample(name, c, h, w, out_h, out_w):
    src = ramp((1, c, h, w), 7).requires_grad_()
    dst = F.interpolate(src, size=(out_h, out_w), mode="nearest")
    dst.backward(ramp(dst.shape, 5))
    emit(f"{name}_dst", dst)
    emit(f"{name}_diff_src", src.grad)


print("/* Made by make_golden.py with PyTorch; see there. */\n/* clang-format off */\n")
conv("stem", 3, 9, 13, 4, 1, 7, 2, 3, True, False)
conv("half", 6, 7, 5, 9, 1, 3, 2, 1, False, True)
conv("grouped", 8, 5, 6, 8, 2, 3, 1, 1, True, True)
conv("point", 5, 4, 3, 18, 1, 1, 1, 0, False, False)
norm("norm", 18, 3, 4, 3, True, False)
norm("norm_residual", 8, 3, 5, 2, True, True)
pool("pool", 3, 7, 10, 3)
upsample("upsample", 2, 3, 4, 5, 8)
