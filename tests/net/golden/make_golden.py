#!/usr/bin/python3
"""Head outputs and parameter gradients of small detectors, computed by PyTorch in double precision.

Written from the formulas of the recipe with torch.nn.functional only; parameters, image and dLoss/dHead are
pseudo-random functions of (name, index), the same as in tests/net/network.c, so no weights are stored.
Loss = <grad_cls, cls> + <grad_reg, reg>. Run: make_golden.py, in this folder; torch 1.13 made the committed files.

A line of <case>.txt is one of
    cls ROW COLUMN VALUE         reg ROW COLUMN VALUE
    grad NAME INDEX VALUE        one element
    dot NAME 0 VALUE             <gradient, pseudo-random vector "dot.NAME">: sees every element
"""
import numpy as np
import torch
import torch.nn.functional as F

CLASSES, H, W = 3, 64, 96
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}


def uniform(name, n, low, high):
    """n values in [low, high): a hash of the index, started from the FNV-1a hash of the name."""
    start = 0x811C9DC5
    for byte in name.encode():
        start = ((start ^ byte) * 0x01000193) & 0xFFFFFFFF
    mask = np.uint64(0xFFFFFFFF)
    x = (np.arange(n, dtype=np.uint64) + np.uint64(start)) & mask
    x = (x * np.uint64(0x9E3779B1)) & mask
    x ^= x >> np.uint64(15)
    x = (x * np.uint64(0x85EBCA77)) & mask
    x ^= x >> np.uint64(13)
    return torch.from_numpy(low + (high - low) * (x.astype(np.float64) / 2.0**32))


class Network:
    def __init__(self, depth, groups, base_width, frozen_stages, norm_groups, neck, head, head_convs, finest):
        self.finest = finest  # level of the pyramid
        self.neck_channels, self.head_channels, self.head_convs = neck, head, head_convs
        self.depth, self.groups, self.base_width, self.frozen = depth, groups, base_width, frozen_stages
        self.norm_groups = norm_groups  # of group norm everywhere; 0: batch norm in the backbone
        self.params, self.trainable = {}, []

    def param(self, name, shape, low, high, trainable):
        if name not in self.params:
            value = uniform(name, int(np.prod(shape)), low, high).reshape(shape)
            value.requires_grad_(trainable)
            self.params[name] = value
            if trainable:
                self.trainable.append(name)
        return self.params[name]

    def filters(self, name, out, fan, kernel, trainable=True):
        bound = (6.0 / (fan * kernel * kernel))**0.5
        return self.param(name + '.weight', (out, fan, kernel, kernel), -bound, bound, trainable)

    def group_norm(self, x, name, trainable=True):
        gamma = self.param(name + '.weight', (x.shape[1],), 0.2, 0.8, trainable)
        beta = self.param(name + '.bias', (x.shape[1],), -0.2, 0.2, trainable)
        return F.group_norm(x, self.norm_groups, gamma, beta)

    def conv_bn(self, x, scope, conv, bn, stage, out, kernel, stride=1, groups=1):
        trainable = stage > self.frozen
        w = self.filters(scope + conv, out, x.shape[1] // groups, kernel, trainable)
        if self.norm_groups:
            y = F.conv2d(x, w, None, stride, kernel // 2, 1, groups)
            return self.group_norm(y, scope + bn.replace('bn', 'gn'), trainable)
        gamma = self.param(scope + bn + '.weight', (out,), 0.2, 0.8, trainable)
        beta = self.param(scope + bn + '.bias', (out,), -0.2, 0.2, trainable)
        mean = self.param(scope + bn + '.running_mean', (out,), -0.2, 0.2, False)
        var = self.param(scope + bn + '.running_var', (out,), 0.5, 1.5, False)
        y = F.conv2d(x, w, None, stride, kernel // 2, 1, groups)
        return F.batch_norm(y, mean, var, gamma, beta, False, 0.1, 1e-5)

    def block(self, x, scope, stage, planes, stride):
        if self.depth >= 50:
            width, out = planes * self.base_width // 64 * self.groups, 4 * planes
            y = F.relu(self.conv_bn(x, scope, 'conv1', 'bn1', stage, width, 1))
            y = F.relu(self.conv_bn(y, scope, 'conv2', 'bn2', stage, width, 3, stride, self.groups))
            y = self.conv_bn(y, scope, 'conv3', 'bn3', stage, out, 1)
        else:
            out = planes
            y = F.relu(self.conv_bn(x, scope, 'conv1', 'bn1', stage, out, 3, stride))
            y = self.conv_bn(y, scope, 'conv2', 'bn2', stage, out, 3)
        if stride != 1 or x.shape[1] != out:
            x = self.conv_bn(x, scope, 'downsample.0', 'downsample.1', stage, out, 1, stride)
        return F.relu(x + y)

    def backbone(self, x):
        x = F.relu(self.conv_bn(x, 'backbone.', 'conv1', 'bn1', 0, 64, 7, 2))
        x = F.max_pool2d(x, 3, 2, 1)
        features = []
        for stage in range(1, 5):
            for b in range(BLOCKS[self.depth][stage - 1]):
                scope = 'backbone.layer%d.%d.' % (stage, b)
                x = self.block(x, scope, stage, 64 << (stage - 1), 2 if stage > 1 and b == 0 else 1)
            features.append(x)
        return features

    def conv(self, x, name, out, kernel, stride=1):
        w = self.filters(name, out, x.shape[1], kernel)
        if self.norm_groups and name.endswith('.conv'):
            return self.group_norm(F.conv2d(x, w, None, stride, kernel // 2), name[:-len('conv')] + 'gn')
        b = self.param(name + '.bias', (out,), -0.1, 0.1, True)
        return F.conv2d(x, w, b, stride, kernel // 2)

    def neck(self, features):
        width, used = self.neck_channels, features[self.finest - 2:]
        lateral = [self.conv(c, 'neck.lateral_convs.%d.conv' % l, width, 1) for l, c in enumerate(used)]
        for l in reversed(range(len(used) - 1)):
            lateral[l] = lateral[l] + F.interpolate(lateral[l + 1], size=lateral[l].shape[2:], mode='nearest')
        out = [self.conv(x, 'neck.fpn_convs.%d.conv' % l, width, 3) for l, x in enumerate(lateral)]
        for l in range(len(used), 5):
            out.append(self.conv(out[-1] if l > len(used) else used[-1], 'neck.fpn_convs.%d.conv' % l, width, 3, 2))
        return out

    def branch(self, x, tower, last, channels, columns):
        for d in range(self.head_convs):
            x = F.relu(self.conv(x, 'bbox_head.%s.%d.conv' % (tower, d), self.head_channels, 3))
        x = self.conv(x, 'bbox_head.' + last, channels, 3)
        return x[0].permute(1, 2, 0).reshape(-1, columns)

    def head(self, pyramid):
        cls = [self.branch(p, 'cls_convs', 'retina_cls', 9 * CLASSES, CLASSES) for p in pyramid]
        reg = [self.branch(p, 'reg_convs', 'retina_reg', 36, 4) for p in pyramid]
        return torch.cat(cls), torch.cat(reg)


def write(case, depth, groups, base_width, frozen_stages, norm_groups=0, neck=256, head=256, head_convs=4, finest=3):
    net = Network(depth, groups, base_width, frozen_stages, norm_groups, neck, head, head_convs, finest)
    image = uniform('image', 3 * H * W, -2, 2).to(torch.float32).to(torch.float64).reshape(1, 3, H, W)
    cls, reg = net.head(net.neck(net.backbone(image)))
    grad_cls = uniform('grad_cls', cls.numel(), -1, 1).reshape(cls.shape)
    grad_reg = uniform('grad_reg', reg.numel(), -1, 1).reshape(reg.shape)
    ((cls * grad_cls).sum() + (reg * grad_reg).sum()).backward()
    with open(case + '.txt', 'w') as f:
        for name, rows, columns in (('cls', cls, CLASSES), ('reg', reg, 4)):
            for k in range(100):
                j = k * (rows.shape[0] - 1) // 99
                f.write('%s %d %d %.12g\n' % (name, j, k % columns, rows[j, k % columns].item()))
        for name in net.trainable:
            grad = net.params[name].grad.reshape(-1)
            n = grad.numel()
            for index in (n // 7, n * 5 // 7):
                f.write('grad %s %d %.12g\n' % (name, index, grad[index].item()))
            f.write('dot %s 0 %.12g\n' % (name, torch.dot(grad, uniform('dot.' + name, n, -1, 1)).item()))


write('r18', 18, 1, 64, 1)
write('r50', 50, 1, 64, -1)
write('x50', 50, 32, 4, 2)
write('r18_gn', 18, 1, 64, -1, 16)
write('r50_gn', 50, 1, 64, 1, 32)
write('r18_narrow', 18, 1, 64, 3, neck=96, head=48, head_convs=2)
write('r18_p2', 18, 1, 64, 0, neck=48, head=48, head_convs=1, finest=2)
