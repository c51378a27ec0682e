"""Both sides of each row in turns, and the table. usage: see run.sh"""
import argparse
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import unittest.mock
from typing import Callable, NamedTuple

HERE = pathlib.Path(__file__).parent
CORES = len(os.sched_getaffinity(0))
NETWORKS = {"r18": "freeanchor_r18_fpn_synth", "r50": "freeanchor_r50_fpn_1x_coco",
            "x101-32x4d": "freeanchor_x101-32x4d_fpn_1x_coco"}
# What a machine without AVX-512 has, for oneDNN, PyTorch's own loops and OpenBLAS.
AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "OPENBLAS_CORETYPE": "Haswell"}


# ---- running ----


class Failed(Exception):
    pass


def last_json(command):
    """The object on the last line of its output."""
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    lines = run.stdout.strip().splitlines()
    if run.returncode != 0 or not lines:
        raise Failed((run.stderr.strip().splitlines() or ["no output"])[-1])
    return json.loads(lines[-1])


def ours(*words):
    return last_json([os.environ["FREEANCHOR"], "bench", *words, "--json"])


def peer(script, *words):
    return last_json([sys.executable, "-W", "ignore", HERE / "peers" / script, *words])


def within(environment, side):
    """The same measurement with more variables set."""
    def restricted():
        with unittest.mock.patch.dict(os.environ, environment):
            return side()
    return restricted


# ---- rows ----


class Row(NamedTuple):
    name: str
    ours: Callable
    peer: Callable  # None: nobody to compare with
    value: Callable  # of a report, of either side
    unit: str
    target: str
    more_is_better: bool = False


class Plan:
    """What is run, by the options."""

    def __init__(self, quick, scratch):
        self.steps = 2 if quick else 5
        self.large, self.small = ("160x224", "96x160") if quick else ("800x1344", "416x672")
        self.network, self.deep = ("r18", "r18") if quick else ("r50", "x101-32x4d")
        self.images = 200 if quick else 5000
        self.scratch = scratch

    def our_step(self, network, size, threads, *more):
        config = f"configs/{NETWORKS[network]}.json"
        return lambda: ours("step", "--config", config, "--set", "model.backbone.frozen_stages=1", "--size", size,
                            "--threads", threads, "--steps", self.steps, *more)

    def peer_step(self, network, size, threads, *more, what="step"):
        return lambda: peer("step.py", what, "--network", network, "--size", size, "--threads", threads, "--steps",
                            self.steps, *more)

    def step(self, name, network, size, threads, target, *peer_words):
        return Row(f"training step, {network}, {size}, {threads} thread{'s' * (threads > 1)}{name}",
                   self.our_step(network, size, threads), self.peer_step(network, size, threads, *peer_words),
                   lambda report: report["step_s"], "s", target)

    def without_avx512(self):
        row = self.step(", both with AVX2 only", self.network, self.small, CORES, "")
        return row._replace(ours=within(AVX2, row.ours), peer=within(AVX2, row.peer))

    def without_onednn(self):
        row = self.step(", freeanchor without oneDNN", self.network, self.small, CORES, "")
        return row._replace(ours=self.our_step(self.network, self.small, CORES, "--backend", "blas"))

    def bf16(self):
        """Both sides in bf16; then beside our step in fp32."""
        words = "--set", "train.precision=bf16"

        def both(network, size, target):
            row = self.step(", both in bf16", network, size, CORES, target, "--bf16", "--channels-last")
            return row._replace(ours=self.our_step(network, size, CORES, *words))

        row = both(self.network, self.large, ">= 1.8 times")
        beside = row._replace(name=row.name.replace("both in bf16", "bf16 beside our fp32"), target="",
                              peer=self.our_step(self.network, self.large, CORES))
        return [row, both(self.network, self.small, ""), both(self.deep, self.large, ">= 1.7 times"), beside,
                beside._replace(name="peak memory of the same two", target=">= 1.33 times", unit="MiB",
                                value=lambda report: report["peak_rss_bytes"] / 2**20)]

    def group_norm(self):
        """Beside PyTorch's, and beside our step with frozen batch norm."""
        ours_so = self.our_step(self.network, self.large, CORES, "--set", "model.norm=group", "--set", "model.init=random")
        row = self.step("", self.network, self.large, CORES, ">= 2 times", "--norm-groups", 32, "--channels-last")
        row = row._replace(name=row.name + ", group norm everywhere", ours=ours_so)
        frozen = self.our_step(self.network, self.large, CORES)
        return [row, row._replace(name=row.name + "; freeanchor with frozen batch norm", peer=frozen, target=">= 0.87 times"),
                row._replace(name="peak memory of the same two", peer=frozen, target=">= 0.8 times", unit="MiB",
                             value=lambda report: report["peak_rss_bytes"] / 2**20)]

    def inference(self):
        return Row(f"inference with post-processing, {self.network}, {self.large}",
                   self.our_step(self.network, self.large, CORES, "--inference"),
                   self.peer_step(self.network, self.large, CORES, what="inference"),
                   lambda report: report["inference_s"], "s", ">= 2.2 times")

    def memory(self):
        row = self.step("", self.network, self.large, CORES, "<= half")
        return row._replace(name=f"peak memory of that step, {self.large}", unit="MiB",
                            value=lambda report: report["peak_rss_bytes"] / 2**20)

    def loss(self):
        words = ["--size", self.large, "--objects", 100, "--steps", self.steps, "--threads", CORES]
        return Row(f"loss and gradient, 80 classes, 100 objects, {self.large}", lambda: ours("loss", *words),
                   lambda: peer("step.py", "loss", *words), lambda report: report["loss_s"], "s", "<= 2 % of our step")

    def split(self):
        return Row(f"not convolution, share of the step, {self.large}", self.our_step(self.network, self.large, CORES),
                   None, lambda report: 100 * (1 - report["convolution_share"]), "%", "<= 10 %")

    def conv(self):
        words = ["--config", f"configs/{NETWORKS[self.network]}.json", "--size", self.large, "--steps", self.steps]
        return Row("convolutions within the step / alone", lambda: ours("conv", *words), None,
                   lambda report: report["ratio"], "", "<= 1.1")

    def plans(self, value, name, unit, target):
        return Row(name, self.our_step(self.network, self.small, CORES, "--plans", 60), None, value, unit, target)

    def loader(self):
        folder = self.scratch / "scenes"

        def prepare_once():
            if not folder.exists():
                for words in (["synth", "--out", folder, "--images", 32, "--classes", 8, "--size", "640x480", "--seed", 1],
                              ["pack", "--coco", folder / "annotations.json", "--images", folder / "images", "--out",
                               self.scratch / "shards"]):
                    subprocess.run([os.environ["FREEANCHOR"], *map(str, words)], check=True, capture_output=True)

        def our_side():
            prepare_once()
            return ours("loader", "--data", self.scratch / "shards", "--images", self.images // 20, "--threads", 1)

        def peer_side():
            prepare_once()
            return peer("loader.py", folder / "images", self.images // 20)

        return Row("loader: JPEG 640x480 to 800x1067, one core", our_side, peer_side,
                   lambda report: report["images_per_s_per_thread"], "images/s", ">= 1.5 times, >= 150", True)

    def metrics(self):
        def make_once():
            if not (self.scratch / "results.json").exists():
                subprocess.run([sys.executable, HERE / "peers/metrics.py", "make", self.scratch, str(self.images)],
                               check=True)

        def our_side():
            make_once()
            return ours("eval", "--coco", self.scratch / "coco.json", "--results", self.scratch / "results.json",
                        "--size", "96x160", "--steps", 1)

        def peer_side():
            make_once()
            return peer("metrics.py", "time", self.scratch)

        return Row(f"COCO metrics: {self.images} images, {100 * self.images} detections", our_side, peer_side,
                   lambda report: report["metrics_s"], "s", "<= 2 s")

    def postprocess(self):
        row = self.inference()
        return row._replace(name=f"post-processing of one image, share of inference, {self.large}", unit="%",
                            value=lambda report: 100 * report["postprocess_s"] / report["inference_s"], target="<= 1 %")

    def rows(self):
        return {
            "step": [self.step("", self.network, self.large, CORES, ">= 2.4 times"),
                     self.step(", peer in bf16", self.network, self.large, CORES, ">= 1 times", "--bf16", "--channels-last")],
            "step-1": [self.step("", self.network, self.small, 1, ">= 2.4 times")],
            "step-2": [self.step("", self.network, self.small, CORES, ">= 2.4 times, >= 1.85 of 1 thread")],
            "bf16": self.bf16(), "group-norm": self.group_norm(),
            "inference": [self.inference()], "memory": [self.memory()], "loss": [self.loss()],
            "x101": [self.step("", self.deep, size, CORES, ">= 2 times") for size in (self.large, self.small)],
            "isa": [self.without_avx512(), self.without_onednn()],
            "split": [self.split()], "conv": [self.conv()],
            "plans": [self.plans(lambda r: r["new_size_extra_s"], "first step at a new size, over a later one", "s", "<= 1 s"),
                      self.plans(lambda r: 60 * r["plan_rss_bytes"] / 2**20, "60 sizes cached", "MiB", "<= 1024 MiB")],
            "loader": [self.loader()], "eval": [self.metrics()], "nms": [self.postprocess()],
        }


# ---- the table ----


def sample(side, row, values, versions):
    """One measurement, added to values; a side that fails is not asked again."""
    if side is None:
        return None
    try:
        report = side()
    except Failed as failure:
        print(f"  {row.name}: {failure}", file=sys.stderr)
        return None
    values.append(row.value(report))
    versions.update(report[key] for key in ("peer", "library") if key in report)
    return side


def cell(values, unit):
    return f"{statistics.median(values):.4g} {unit}".strip() if values else "-"


def measure(row, rounds, versions):
    sides, values = [row.ours, row.peer], ([], [])
    for _ in range(rounds):
        sides = [sample(side, row, v, versions) for side, v in zip(sides, values)]
    mine, theirs = values
    ratio = ""
    if mine and theirs:
        ratio = statistics.median(theirs) / statistics.median(mine)
        ratio = f"{1 / ratio if row.more_is_better else ratio:.2f}"
    print(f"| {row.name} | {cell(mine, row.unit)} | {cell(theirs, row.unit)} | {ratio} | {row.target} |", flush=True)


def processor():
    names = re.findall(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return names[0] if names else platform.processor()


def main():
    parser = argparse.ArgumentParser(prog="run.sh")
    parser.add_argument("--quick", action="store_true", help="small sizes, few repetitions: to see that all works")
    parser.add_argument("--rounds", type=int, help="turns of both sides (default 3; --quick 1)")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    options = parser.parse_args()
    versions = set()
    with tempfile.TemporaryDirectory() as scratch:
        table = Plan(options.quick, pathlib.Path(scratch)).rows()
        unknown = set(options.rows) - set(table)
        if unknown:
            parser.error(f"no row {', '.join(unknown)}; there are {', '.join(table)}")
        print("| measured | freeanchor | peer | times | target |\n|---|---|---|---|---|")
        for name in options.rows or table:
            for row in table[name]:
                measure(row, options.rounds or (1 if options.quick else 3), versions)
    print(f"\n{processor()}, {CORES} cores; {'; '.join(sorted(versions))}; load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
