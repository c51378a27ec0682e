"""Makes the files of this folder: small HDF5 files that are made to harm, or that are not read. Needs h5py."""
import struct
import zlib

import h5py
import numpy as np

values = np.arange(6, dtype="f4")


def patch(name, change):
    with open(name, "rb") as file:
        data = bytearray(file.read())
    change(data)
    with open(name, "wb") as file:
        file.write(data)


with h5py.File("external_storage.h5", "w") as f:
    f.create_dataset("secret", (4,), "f4", external=[("/etc/hostname", 0, 16)])
with h5py.File("external_link.h5", "w") as f:
    f["secret"] = h5py.ExternalLink("other.h5", "/w")
with h5py.File("user_link.h5", "w") as f:
    f["secret"] = h5py.ExternalLink("other.h5", "/w")
patch("user_link.h5", lambda data: data.__setitem__(data.index(b"\x08\x40\x06secret") + 1, 0x41))
with h5py.File("soft_link.h5", "w") as f:
    f["w"] = values
    f["alias"] = h5py.SoftLink("/w")
with h5py.File("two_names.h5", "w") as f:
    f["w"] = values
    f["z"] = f["w"]
with h5py.File("group_in_itself.h5", "w") as f:
    f["g/w"] = values
    f["g/again"] = f["g"]
with h5py.File("virtual.h5", "w", libver="latest") as f:
    layout = h5py.VirtualLayout((6,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "w", (6,))
    f.create_virtual_dataset("w", layout)
with h5py.File("named_type.h5", "w") as f:
    f["type"] = np.dtype("f4")
    f.create_dataset("w", data=values, dtype=f["type"])
with h5py.File("other_filter.h5", "w") as f:
    f.create_dataset("w", data=values, chunks=(6,), compression="lzf")
with h5py.File("large_chunk.h5", "w") as f:
    f.create_dataset("w", (4,), "f4", maxshape=(None,), chunks=(1 << 29,))
for name, n in ("inflates_to_more.h5", 1 << 22), ("inflates_to_less.h5", 8):
    with h5py.File(name, "w") as f:
        w = f.create_dataset("w", (64,), "f4", chunks=(64,), compression="gzip")
        w.id.write_direct_chunk((0,), zlib.compress(bytes(n)))
with h5py.File("compound.h5", "w") as f:
    f["w"] = np.zeros(2, [("a", "f4"), ("b", "i4")])


def share_values(data):  # the second dataset's are those of the first
    places = [data.index(struct.pack("<6f", *(values + i))) for i in (0, 100)]
    at = data.index(struct.pack("<QQ", places[1], 24))
    data[at : at + 8] = struct.pack("<Q", places[0])


with h5py.File("shared_values.h5", "w") as f:
    f["a"], f["b"] = values, values + 100
patch("shared_values.h5", share_values)


def close_circle(data):  # a free piece of the heap of names is its own successor
    heap = data.index(b"HEAP")
    first, segment = struct.unpack_from("<QQ", data, heap + 16)
    struct.pack_into("<Q", data, segment + first, first)


with h5py.File("endless_free_list.h5", "w") as f:
    f["w"] = values
patch("endless_free_list.h5", close_circle)
with h5py.File("long_header.h5", "w") as f:
    f["w"] = values
patch("long_header.h5", lambda data: struct.pack_into("<I", data, struct.unpack_from("<Q", data, 64)[0] + 8, 0xFFFFFFF0))
