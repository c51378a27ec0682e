"""Makes weights thin: of the channels between layers only the first two stay, all else is zero.

Nothing flows through the other channels, so gradients and momentum of their weights stay zero too, and what a run leaves of
twenty million parameters compresses to a few KiB.

usage: thin.py FROM.safetensors TO.safetensors
"""

import array
import json
import math
import sys

KEPT = 2


def read(path):
    data = open(path, "rb").read()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = (entry["shape"], array.array("f", data[start + begin : start + end]))
    return header.get("__metadata__"), tensors


def write(path, metadata, tensors):
    header, blob = {"__metadata__": metadata} if metadata else {}, b""
    parts = []
    offset = 0
    for name, (shape, values) in tensors.items():
        parts.append(values.tobytes())
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(parts[-1])]}
        offset += len(parts[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(len(text).to_bytes(8, "little") + text + blob.join(parts))


def thin_vector(name, values):
    """Per channel: of the head's last layer all, of others the first ones; a variance elsewhere is 1."""
    if name.startswith(("bbox_head.retina_cls", "bbox_head.retina_reg")):
        return values
    rest = 1.0 if name.endswith("running_var") else 0.0
    kept = values[:KEPT]
    if name.endswith("bias"):
        kept = array.array("f", [0.05 * (c + 1) for c in range(KEPT)])
    return kept + array.array("f", [rest]) * (len(values) - KEPT)


def thin_filters(name, shape, values):
    """The filters between channels that stay, louder by what those miss that do not."""
    n_out, n_in, area = shape[0], shape[1], shape[2] * shape[3]
    kept_out = n_out if name.startswith(("bbox_head.retina_cls", "bbox_head.retina_reg")) else KEPT
    kept_in = min(n_in, KEPT)
    gain = math.sqrt(n_in / kept_in) * (2.0 if name.startswith("neck") else 1.0)
    out = array.array("f", bytes(4 * len(values)))
    for o in range(kept_out):
        for i in range(kept_in * area):
            at = o * n_in * area + i
            out[at] = values[at] * gain
    return out


def main():
    metadata, tensors = read(sys.argv[1])
    for name, (shape, values) in tensors.items():
        thin = thin_vector(name, values) if len(shape) == 1 else thin_filters(name, shape, values)
        tensors[name] = (shape, thin)
    write(sys.argv[2], metadata, tensors)


main()
