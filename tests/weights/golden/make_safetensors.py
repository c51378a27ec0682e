"""Writes types.safetensors from the description of the format alone: length, JSON header, tensors end to end.

    python3 make_safetensors.py
"""
import json
import struct

import numpy as np

numbers = [0.0, -1.5, 65504.0, 2.0 ** -24, 3.140625, -0.0]  # exact in float16
bfloat = np.array([0.0, -1.5, 65536.0, 2.0 ** -100, 3.140625, -0.0], np.float32).view(np.uint32) >> 16

tensors = [  # name, dtype, shape, bytes; not in the order of their names
    ("single", "F32", [2, 3], np.array(numbers, np.float32).tobytes()),
    ("double", "F64", [3, 2], np.array(numbers, np.float64).tobytes()),
    ("counter", "I64", [], np.array(7, np.int64).tobytes()),
    ("half", "F16", [6], np.array(numbers, np.float16).tobytes()),
    ("brain", "BF16", [6, 1], bfloat.astype(np.uint16).tobytes()),
    ("scalar", "F32", [], np.array(2.5, np.float32).tobytes()),
    ("empty", "F32", [0, 4], b""),
    ("mask", "BOOL", [3], bytes([1, 0, 1])),
]
header, data = {"__metadata__": {"format": "pt"}}, b""
for name, dtype, shape, content in tensors:
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
    data += content
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("types.safetensors", "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text + data)
