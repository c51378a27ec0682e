"""The detector in PyTorch: torchvision's ResNets under a feature pyramid and RetinaNet head written from the
recipe (FreeAnchor and RetinaNet share them). Batch norm runs on stored statistics; gamma and beta are
trained. Or group norm takes its place, and that of the biases in pyramid and towers.

Modules are called as in an mmdetection checkpoint, so that state_dict() has its names; but torchvision calls
whatever norm a ResNet has bn, mmdetection a group norm gn.
"""
import json
import re
from typing import NamedTuple

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import resnet

CELL_ANCHORS = 9
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
BASIC, BOTTLENECK = resnet.BasicBlock, resnet.Bottleneck
# name: (block, blocks of each stage, groups, width of a group)
BACKBONES = {
    "r18": (BASIC, (2, 2, 2, 2), 1, 64),
    "r34": (BASIC, (3, 4, 6, 3), 1, 64),
    "r50": (BOTTLENECK, (3, 4, 6, 3), 1, 64),
    "x50-32x4d": (BOTTLENECK, (3, 4, 6, 3), 32, 4),
    "r101": (BOTTLENECK, (3, 4, 23, 3), 1, 64),
    "x101-32x4d": (BOTTLENECK, (3, 4, 23, 3), 32, 4),
    "x101-64x4d": (BOTTLENECK, (3, 4, 23, 3), 64, 4),
}


class Widths(NamedTuple):
    """Channels of the stem, which each stage doubles, and of pyramid and towers."""
    base: int = 64
    pyramid: int = 256


PUBLISHED = Widths()


class Backbone(resnet.ResNet):
    """Gives C2 to C5."""

    def __init__(self, name, norm_groups, base_channels):
        block, blocks, groups, width = BACKBONES[name]
        norm = (lambda channels: nn.GroupNorm(norm_groups, channels)) if norm_groups else None
        super().__init__(block, blocks, groups=groups, width_per_group=width, norm_layer=norm)
        del self.fc, self.avgpool
        if base_channels != PUBLISHED.base:
            self.narrow(block, blocks, base_channels)
        self.channels = [(base_channels << stage) * block.expansion for stage in range(4)]

    def narrow(self, block, blocks, base_channels):
        """What torchvision builds of 64 channels, anew of fewer."""
        self.inplanes = base_channels
        self.conv1 = nn.Conv2d(3, base_channels, 7, 2, 3, bias=False)
        self.bn1 = self._norm_layer(base_channels)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            self._make_layer(block, base_channels << stage, blocks[stage], stride=2 if stage else 1) for stage in range(4))

    def stages(self):
        return [self.layer1, self.layer2, self.layer3, self.layer4]

    def freeze(self, stages):
        """None for -1, the stem for 0, and the stages up to this one."""
        frozen = [] if stages < 0 else [self.conv1, self.bn1, *self.stages()[:stages]]
        for module in frozen:
            module.requires_grad_(False)

    def forward(self, image):
        x = self.maxpool(self.relu(self.bn1(self.conv1(image))))
        features = []
        for stage in self.stages():
            x = stage(x)
            features.append(x)
        return features


class Conv(nn.Module):
    """A convolution with bias, or with group norm; mmdetection keeps them one level deeper, as .conv and .gn."""

    def __init__(self, channels_in, channels, kernel, stride=1, norm_groups=0):
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, bias=not norm_groups)
        if norm_groups:
            self.gn = nn.GroupNorm(norm_groups, channels)

    def last(self):
        """The module whose bias is added last."""
        return self.gn if hasattr(self, "gn") else self.conv

    def forward(self, x):
        return self.gn(self.conv(x)) if hasattr(self, "gn") else self.conv(x)


class Neck(nn.Module):
    """P3, P4, P5 from C3, C4, C5 with the levels above added; P6 from C5 and P7 from P6, without a ReLU."""

    def __init__(self, channels_in, channels, norm_groups):
        super().__init__()
        self.lateral_convs = nn.ModuleList(Conv(c, channels, 1, norm_groups=norm_groups) for c in channels_in)
        outputs = [Conv(channels, channels, 3, norm_groups=norm_groups) for _ in channels_in]
        extra = [Conv(c, channels, 3, 2, norm_groups) for c in (channels_in[-1], channels)]
        self.fpn_convs = nn.ModuleList(outputs + extra)

    def forward(self, features):
        merged = [lateral(x) for lateral, x in zip(self.lateral_convs, features)]
        for i in (1, 0):
            merged[i] = merged[i] + F.interpolate(merged[i + 1], size=merged[i].shape[2:], mode="nearest")
        levels = [self.fpn_convs[i](x) for i, x in enumerate(merged)]
        levels.append(self.fpn_convs[3](features[-1]))
        levels.append(self.fpn_convs[4](levels[-1]))
        return levels


class Head(nn.Module):
    """Two towers of four convolutions, shared by the levels."""

    def __init__(self, channels, classes, norm_groups):
        super().__init__()
        self.cls_convs = nn.ModuleList(Conv(channels, channels, 3, norm_groups=norm_groups) for _ in range(4))
        self.reg_convs = nn.ModuleList(Conv(channels, channels, 3, norm_groups=norm_groups) for _ in range(4))
        self.retina_cls = nn.Conv2d(channels, CELL_ANCHORS * classes, 3, padding=1)
        self.retina_reg = nn.Conv2d(channels, CELL_ANCHORS * 4, 3, padding=1)

    @staticmethod
    def branch(tower, last, levels, per_anchor):
        """Rows (level, y, x, anchor) of the only image."""
        rows = []
        for x in levels:
            for conv in tower:
                x = F.relu(conv(x))
            rows.append(last(x)[0].permute(1, 2, 0).reshape(-1, per_anchor))
        return torch.cat(rows)

    def forward(self, levels):
        classes = self.retina_cls.out_channels // CELL_ANCHORS
        return (self.branch(self.cls_convs, self.retina_cls, levels, classes),
                self.branch(self.reg_convs, self.retina_reg, levels, 4))


class Detector(nn.Module):
    """image (1,3,H,W) -> logits (A,C), deltas (A,4). norm_groups: of group norm; 0: batch norm."""

    def __init__(self, name, classes, frozen_stages=-1, norm_groups=0, widths=PUBLISHED):
        super().__init__()
        self.norm_groups = norm_groups
        self.backbone = Backbone(name, norm_groups, widths.base)
        self.neck = Neck(self.backbone.channels[1:], widths.pyramid, norm_groups)
        self.bbox_head = Head(widths.pyramid, classes, norm_groups)
        self.backbone.freeze(frozen_stages)
        self.eval()

    def forward(self, image):
        return self.bbox_head(self.neck(self.backbone(image)[1:]))

    def trainable(self):
        return {self.name_in_file(name): p for name, p in self.named_parameters() if p.requires_grad}

    def name_in_file(self, name):
        return re.sub(r"\.bn(\d)\.", r".gn\1.", name) if self.norm_groups else name


# ---- weights ----


def picture(seed, h, w):
    """(3,H,W) float32 of mean about 0 and deviation 1, with shapes of every size, as photographs have."""
    random = np.random.default_rng(seed)
    total = 0.5 * random.standard_normal((3, h, w))
    for cell in (2, 4, 8, 16, 32):
        coarse = random.standard_normal((3, -(-h // cell), -(-w // cell)))
        total += 0.6 * coarse.repeat(cell, 1).repeat(cell, 2)[:, :h, :w]
    return (total / total.std()).astype(np.float32)


def norms(model):
    return {name: m for name, m in model.named_modules() if isinstance(m, (nn.BatchNorm2d, nn.GroupNorm))}


def spread_norms(model, random):
    """Gammas and betas as trained ones lie: a residual block's last gamma is small, betas are near 0."""
    last = "bn2" if isinstance(model.backbone.layer1[0], BASIC) else "bn3"
    for name, norm in norms(model).items():
        low, high = (0.1, 0.5) if name.endswith(last) and "layer" in name else (0.5, 1.5)
        norm.weight.data.uniform_(low, high, generator=random)
        norm.bias.data.normal_(0, 0.2, generator=random)


def measure_norms(model, random):
    """Stored statistics are those of some pictures, then a little off, as of another training set."""
    pictures = torch.from_numpy(np.stack([picture(1000 + i, 96, 96) for i in range(4)]))
    for norm in norms(model).values():
        norm.momentum = 1.0
    model.backbone.train()
    with torch.no_grad():
        model.backbone(pictures)
    model.backbone.eval()
    for norm in norms(model).values():
        deviation = norm.running_var.sqrt()
        norm.running_mean += 0.1 * deviation * torch.empty_like(deviation).normal_(generator=random)
        norm.running_var *= torch.empty_like(deviation).uniform_(0.8, 1.25, generator=random)


def fill_convs(model, random):
    """Filters keep the size of what passes through them."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            fan_in = module.weight[0].numel()
            module.weight.data.normal_(0, (2 / fan_in) ** 0.5, generator=random)
            if module.bias is not None:
                module.bias.data.normal_(0, 0.1, generator=random)


def randomise(model, seed):
    """Weights as realistic as random ones can be; logits spread over rare and likely."""
    random = torch.Generator().manual_seed(seed)
    fill_convs(model, random)
    spread_norms(model, random)
    if not model.norm_groups:
        measure_norms(model, random)
    head = model.bbox_head
    head.retina_cls.bias.data -= 3
    head.retina_cls.weight.data *= 0.5
    head.retina_reg.weight.data *= 0.3
    return model


def weights_of(model):
    """{name: float32 array}, as a weights file has them."""
    return {model.name_in_file(name): tensor.numpy().astype(np.float32)
            for name, tensor in model.state_dict().items() if not name.endswith("num_batches_tracked")}


def write_weights(path, model):
    classes = model.bbox_head.retina_cls.out_channels // CELL_ANCHORS
    with h5py.File(path, "w") as file:
        for name, value in weights_of(model).items():
            file.create_dataset(name, data=value)
        file.attrs["mean"] = np.array(MEAN, np.float32)
        file.attrs["std"] = np.array(STD, np.float32)
        file.attrs["to_rgb"] = np.array([1], np.uint8)
        file.attrs["classes"] = json.dumps([f"class {c}" for c in range(classes)])


# ---- away from the kinks ----


def shift_off_zero(x):
    """(C): what to add to the channels of x (1,C,...), so that no value is nearly 0. At most a twentieth of
    the deviation: within that reach of 0, the middle of the widest gap between values becomes 0."""
    values = x.flatten(2)[0]
    reach = 0.05 * values.std()
    ends = torch.ones_like(values[:, :1]) * reach
    ordered = torch.cat([values, -ends, ends], 1).sort(1).values
    middles, widths = (ordered[:, 1:] + ordered[:, :-1]) / 2, ordered.diff(dim=1)
    widths[middles.abs() > reach] = -1
    return -middles.gather(1, widths.argmax(1, keepdim=True))[:, 0]


def move_bias(bias, x):
    """Moves a bias, in steps of float32, and the values x that it was added to; gives them."""
    before = bias.data.clone()
    bias.data.copy_((before + shift_off_zero(x)).float())
    return x + (bias.data - before).reshape(1, -1, *[1] * (x.dim() - 2))


def move_betas(relu, norms):
    """A ReLU that serves these norms in turn moves their betas as it is next run."""
    turn = iter(norms)
    return relu.register_forward_pre_hook(lambda _, inputs: move_bias(next(turn).bias, inputs[0]))


def move_tower(tower, levels):
    """A bias serves all levels, so it is moved for all of them together."""
    for module in tower:
        outputs = [module(x) for x in levels]
        flat = F.relu(move_bias(module.last().bias, torch.cat([x.flatten(2) for x in outputs], 2)))
        parts = flat.split([x[0, 0].numel() for x in outputs], 2)
        levels = [part.reshape(x.shape) for part, x in zip(parts, outputs)]


def keep_off_kinks(model, image):
    """Moves betas and the towers' biases a little, until no ReLU's input for this image is nearly 0.

    There float32 and float64 may fall to different sides of 0, and the gradient jumps by that element's
    share: it is not defined to better than that, and in a layer of few positions the share is percents.
    """
    backbone = model.backbone
    blocks = [block for stage in backbone.stages() for block in stage]
    groups = [(block.relu, [m for name, m in block.named_children() if name.startswith("bn")])
              for block in blocks]
    hooks = [move_betas(relu, members) for relu, members in [(backbone.relu, [backbone.bn1]), *groups]]
    with torch.no_grad():
        levels = model.neck(backbone(tensor_of(model, image))[1:])
        for hook in hooks:
            hook.remove()
        move_tower(model.bbox_head.cls_convs, levels)
        move_tower(model.bbox_head.reg_convs, levels)


# ---- one image through it ----


def tensor_of(model, image):
    return torch.from_numpy(image).to(next(model.parameters()).dtype)[None]


def forward(model, image):
    """(logits, deltas), with what backward needs. image: (3,H,W) array."""
    return model(tensor_of(model, image))


def gradients(model, outputs, grad_cls, grad_reg):
    """{name: gradient of every trainable parameter} of a loss with these gradients by the outputs."""
    params = model.trainable()
    like = outputs[0].dtype
    seeds = [torch.from_numpy(np.asarray(g)).to(like) for g in (grad_cls, grad_reg)]
    found = torch.autograd.grad(outputs, list(params.values()), seeds, retain_graph=True)
    return {name: gradient.numpy() for name, gradient in zip(params, found)}
