"""Writes scales.h: the scales drawn for 1000 samples of multi-scale training, by a Philox of its own.

Usage: python3 make_scales.py    (beside this file)
"""
import pathlib

MULTIPLIERS, WEYL, WORD = (0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85), 0xFFFFFFFF
PURPOSE = 10
SEED = 0x123456789
VALUES = [(1333, side) for side in range(480, 961, 32)]
RANGE = [(1000, 640), (1333, 800)]
N = 1000


def philox(counter, key):
    x, key = list(counter), list(key)
    for _ in range(10):
        a, b = MULTIPLIERS[0] * x[0], MULTIPLIERS[1] * x[2]
        x = [(b >> 32) ^ x[1] ^ key[0], b & WORD, (a >> 32) ^ x[3] ^ key[1], a & WORD]
        key = [(k + w) & WORD for k, w in zip(key, WEYL)]
    return x


def words(epoch, position):
    block = 0
    while True:
        yield from philox((block, position, epoch & WORD, (epoch >> 32) ^ PURPOSE << 24), (SEED & WORD, SEED >> 32))
        block += 1


def below(stream, n):
    """Lemire: without bias."""
    while True:
        product = next(stream) * n
        if product & WORD >= (1 << 32) % n:
            return product >> 32


def place(sample):
    """Epoch and position."""
    return sample // 250, sample * 37 % 5000


def value(sample):
    return VALUES[below(words(*place(sample)), len(VALUES))]


def within_range(sample):
    stream = words(*place(sample))
    return tuple(low + below(stream, high - low + 1) for low, high in zip(*RANGE))


def table(name, draw):
    rows = ",\n".join("    " + ", ".join("{%d, %d}" % draw(i) for i in range(begin, begin + 8)) for begin in range(0, N, 8))
    return f"static const short {name}[{N}][2] = {{\n{rows}}};\n"


if __name__ == "__main__":
    HERE = pathlib.Path(__file__).resolve().parent
    (HERE / "scales.h").write_text("/* Made by make_scales.py. */\n/* clang-format off */\n" + table("golden_values", value) + table("golden_ranges", within_range))
