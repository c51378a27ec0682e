"""The network on the GPU, forward and backward, in each precision, against PyTorch in float64 as tests/parity compares the CPU's; and the
losses against those of the CPU. Prints a line a figure: name, value, what is allowed ("<= x" as x, ">= x"), with tabs between.

usage: parity.py HxW NETWORK...
"""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "parity"))
import parity  # noqa: E402
from reference import network  # noqa: E402
from rows.network import CLASSES, FILES, make_case, of_range, write_config  # noqa: E402

FROZEN_STAGES = 1
# what is allowed: of the outputs' range, of a gradient's largest, of the losses
ALLOWED = {"fp32": (1e-4, 1e-3, 1e-5), "tf32": (1e-2, 1e-2, 2e-2), "bf16": (5e-2, 5e-2, 2e-2)}
LEAST_COSINE = 0.99


def replay(files, *words):
    config, weights, case, out = files
    parity.run("replay", case, "--config", config, "--weights", weights, "--out", out, "--threads", 2, *words)
    return parity.read_h5(out)


def on_gpu(precision):
    return "--backend", "cuda", "--set", "backend.device=0", "--set", f"train.precision={precision}"


def cosine(a, b):
    a, b = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    return float(a @ b / max(np.sqrt((a @ a) * (b @ b)), 1e-300))


def worst(values, judge):
    """Of (value, name) the one that judge calls worst; a NaN is worse than any."""
    values = list(values)
    broken = [pair for pair in values if np.isnan(pair[0])]
    return broken[0] if broken else judge(values)


def gradients(found, model, outputs):
    """(name, found, wanted), the latter for the head's gradient as the program computed it."""
    wanted = network.gradients(model, outputs, found["grad_head/cls"], found["grad_head/reg"])
    for name, value in wanted.items():
        yield name, found["grad/" + name], value


def losses(found):
    return {name: float(np.ravel(value)[0]) for name, value in found.items() if name.startswith("loss")}


def compare(name, precision, found, model, outputs, host):
    forward, backward, loss = ALLOWED[precision]
    label = f"{name} {precision}"
    outputs_off = worst(((of_range(found[f"head/{part}"], want.detach().numpy()), part)
                         for part, want in zip(("cls", "reg"), outputs)), max)
    pairs = list(gradients(found, model, outputs))
    gradient_off = worst(((parity.of_largest(got, want), layer) for layer, got, want in pairs), max)
    least_cosine = worst(((cosine(got, want), layer) for layer, got, want in pairs), min)
    loss_off = worst(((parity.relative(value, losses(host)[key]), key) for key, value in losses(found).items()), max)
    print(f"{label} outputs\t{outputs_off[0]:.3g}\t{forward}")
    print(f"{label} gradients\t{gradient_off[0]:.3g}\t{backward}")
    print(f"{label} cosine\t{least_cosine[0]:.6f}\t>= {LEAST_COSINE}")
    print(f"{label} losses\t{loss_off[0]:.3g}\t{loss}", flush=True)
    print(f"{label}: worst gradient {gradient_off[1]}, least cosine {least_cosine[1]}", file=sys.stderr)


def compare_network(folder, name, size):
    model = network.randomise(network.Detector(name, CLASSES, FROZEN_STAGES), seed=5)
    files = [pathlib.Path(folder) / part for part in FILES]
    config, weights, case, _ = files
    write_config(config, name, FROZEN_STAGES)
    model = model.double()
    image = make_case(case, 1, *size)
    network.keep_off_kinks(model, image)
    network.write_weights(weights, model)
    outputs = network.forward(model, image)
    host = replay(files, "--backend", "blas")
    for precision in ALLOWED:
        compare(name, precision, replay(files, *on_gpu(precision)), model, outputs, host)


def main():
    size = tuple(int(side) for side in sys.argv[1].split("x"))
    for name in sys.argv[2:]:
        with parity.scratch() as folder:
            compare_network(folder, name, size)


if __name__ == "__main__":
    main()
