#!/usr/bin/env python3
"""Is learning to match better than assigning? Trains FreeAnchor, focal loss (RetinaNet) and ATSS with the same network, schedule and seeds
on three datasets, and tells their differences seed by seed.

usage: match.py rates [--out DIR] [--bccd DIR] [--datasets A,B] [--losses A,B] [--threads N] [--tiny]
       match.py run   [--out DIR] [--bccd DIR] [--datasets A,B] [--losses A,B] [--seeds 0,1,2,3,4] [--threads N] [--tiny]
       match.py table [--out DIR]

`rates` trains each loss at several learning rates, with a seed that `run` does not use; `run` takes the best of each dataset and loss, for no
loss should win by a rate that was chosen for another. A row is a dataset, a loss, a rate and a seed. Each is a line of DIR/rows.jsonl, written when it ends;
rows that are there are not made again, and a row that was interrupted goes on from its newest checkpoint. Several may work in one DIR at
once, on rows of their own (`--seeds`, `--datasets`). Standard library only; the program is FREEANCHOR, or build/release/freeanchor.
The rows so far are in tests/experiments/results/match, where `--out` goes on with them.
--tiny makes rows of a minute or so, which prove the script and nothing else (in a folder of its own).

Datasets, packed below DIR/data:
  bccd       blood cells, 292 + 72 photographs (MIT licence), dense and round; from --bccd, left out where that is not there
  crowded    300 + 100 scenes of `synth --scenes crowded`: up to 24 objects, half of them stretched up to 1:6, up to three quarters hidden
  elongated  300 + 100 scenes of `synth --scenes elongated`: up to 8 objects, 3 to 12 times as long as they are wide
"""
import argparse
import collections
import itertools
import json
import math
import os
import pathlib
import statistics
import sys
import time

import rows
from rows import ROOT, freeanchor, mean_and_error

RECIPE = ROOT / "configs/freeanchor_r18_fpn_scratch.json"
NETWORK = {"model.backbone.base_channels": 32, "model.neck_channels": 64, "model.head_channels": 64, "model.head_convs": 2, "model.head_init": '"kaiming"'}
SCHEDULE = {"train.epochs": 10, "train.eval_interval": 0, "train.keep_checkpoints": 1, "data.random_scale": "[1,1]"}
SCALES = {"bccd": "[192,144]", "crowded": "[256,192]", "elongated": "[256,192]"}
DATASETS = tuple(SCALES)
ASSIGNED = {"model.coder_std": "[1,1,1,1]"}  # the unit of RetinaNet's box deltas
RATES_TRIED, SEED_OF_RATES = (0.02, 0.04, 0.08), 100
LOSSES = {"freeanchor": {}, "focal": {"loss.type": '"focal"', **ASSIGNED}, "atss": {"loss.type": '"atss"', **ASSIGNED}}
IOUS = [0.5 + 0.05 * k for k in range(10)]
ASPECTS = {"below 2": (1, 2), "2 to 4": (2, 4), "from 4": (4, math.inf)}  # longer to shorter side
# The 0.975 quantile of Student's t, of 1, 2, ... degrees of freedom.
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)


# ---- data ----

class Dataset:
    def __init__(self, name, args):
        self.name, self.folder = name, args.out / "data" / name
        self.bccd, self.images = args.bccd, {"train": 24, "val": 8} if args.tiny else {"train": 300, "val": 100}

    def exists(self):
        return self.name != "bccd" or self.bccd.is_dir()

    def shards(self, part):
        return self.folder / part

    def annotations(self):
        if self.name == "bccd":
            return self.bccd / "annotations/instances_test.json"
        return self.folder / "scenes-val/annotations.json"

    def make(self):
        for seed, part in enumerate(("train", "val")):
            if (self.folder / f"{part}.done").exists():
                continue
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.name == "bccd":
                coco = self.bccd / f"annotations/instances_{'trainval' if part == 'train' else 'test'}.json"
                images = self.bccd / "images"
            else:
                scenes = self.folder / f"scenes-{part}"
                coco, images = scenes / "annotations.json", scenes / "images"
                freeanchor("synth", "--out", scenes, "--scenes", self.name, "--images", self.images[part], "--classes", 4, "--seed", seed)
            freeanchor("pack", "--coco", coco, "--images", images, "--out", self.shards(part), "--fix", "drop")
            (self.folder / f"{part}.done").touch()


# ---- AP of objects of some aspect ratios, as COCO's of some areas ----

def iou(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h) if w > 0 and h > 0 else 0


def aspect(box):
    return max(box[2], box[3]) / max(min(box[2], box[3]), 1e-9)


def outcomes(objects, found, threshold, counts):
    """Of an image and class: (score, is right) of each detection that counts. Objects that do not count take detections last, which then
    count neither."""
    objects = sorted(objects, key=lambda box: not counts(box))
    taken, told = set(), []
    for score, box in found:
        best, least = None, min(threshold, 1 - 1e-10)
        for i, other in enumerate(objects):
            if i in taken:
                continue
            if best is not None and counts(objects[best]) and not counts(other):
                break
            if (overlap := iou(box, other)) >= least:
                best, least = i, overlap
        if best is not None:
            taken.add(best)
        if best is None and not counts(box) or best is not None and not counts(objects[best]):
            continue
        told.append((score, best is not None))
    return told


def precision(told, n):
    """The mean over 101 recalls; told is sorted."""
    right, curve = 0, []
    for k, (_, is_right) in enumerate(told):
        right += is_right
        curve.append((right / n, right / (k + 1)))
    for k in range(len(curve) - 2, -1, -1):
        curve[k] = curve[k][0], max(curve[k][1], curve[k + 1][1])
    at, total = 0, 0
    for step in range(101):
        while at < len(curve) and curve[at][0] < step / 100 - 1e-12:
            at += 1
        total += curve[at][1] if at < len(curve) else 0
    return total / 101


def average_precision(annotations, results, counts):
    """Over classes and IoUs; None where no object counts."""
    objects, found = collections.defaultdict(list), collections.defaultdict(list)
    for one in annotations["annotations"]:
        if not one.get("iscrowd") and one["bbox"][2] > 0 and one["bbox"][3] > 0:
            objects[one["category_id"], one["image_id"]].append(one["bbox"])
    for one in results:
        found[one["category_id"], one["image_id"]].append((one["score"], one["bbox"]))
    for ranked in found.values():
        ranked.sort(key=lambda row: -row[0])
        del ranked[100:]
    images, values = sorted(image["id"] for image in annotations["images"]), []
    for category in sorted({one["category_id"] for one in annotations["annotations"]}):
        n = sum(counts(box) for image in images for box in objects[category, image])
        for threshold in IOUS if n else ():
            told = [row for image in images for row in outcomes(objects[category, image], found[category, image], threshold, counts)]
            told.sort(key=lambda row: -row[0])
            values.append(precision(told, n))
    return statistics.mean(values) if values else None


def by_aspect(annotations, results):
    return {name: average_precision(annotations, results, lambda box: low <= aspect(box) < high) for name, (low, high) in ASPECTS.items()}


# ---- rows ----

def key_of(row):
    return row["dataset"], row["loss"], row["lr"], row["seed"]


def settings(dataset, loss, rate, tiny):
    keys = {**NETWORK, **SCHEDULE, "data.scale": SCALES[dataset], "train.lr": rate, **LOSSES[loss]}
    if tiny:
        keys |= {"train.epochs": 1, "train.max_steps": 3, "data.scale": "[96,64]"}
    return rows.sets(keys)


def make_row(dataset, loss, rate, seed, args):
    work, began = args.out / "runs" / f"{dataset.name}-{loss}-{rate}-{seed}", time.monotonic()
    work.parent.mkdir(exist_ok=True)
    if not (work / "weights.h5").exists():
        freeanchor("train", "--config", RECIPE, "--work-dir", work, "--seed", seed, "--threads", args.threads, "--train-data",
                   dataset.shards("train"), "--resume", "auto", *settings(dataset.name, loss, rate, args.tiny))
    results = work / "results.json"
    got = freeanchor("eval", "--weights", work / "weights.h5", "--config", work / "config.json", "--data", dataset.shards("val"), "--out", results,
                     "--nms-recall", "--json", "--threads", args.threads)
    annotations, found = json.loads(dataset.annotations().read_text()), json.loads(results.read_text())
    return {"dataset": dataset.name, "loss": loss, "lr": rate, "seed": seed, "AP": got["bbox_mAP"], "AP50": got["bbox_mAP_50"], "AP75": got["bbox_mAP_75"],
            "nms_recall": {name: value for name, value in got.items() if name.split("_")[0] == "NR"},
            "own_AP": average_precision(annotations, found, lambda box: True), "aspect": by_aspect(annotations, found),
            "seconds": round(time.monotonic() - began, 1)}


def make_rows(args, wanted):
    """Those of `wanted`, an iterable of (dataset, loss, rate, seed), that are not there yet."""
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "rows.jsonl"
    done = rows.read(path, key_of)
    for name, loss, rate, seed in wanted:
        dataset = Dataset(name, args)
        if not dataset.exists() or (name, loss, rate, seed) in done:
            continue
        dataset.make()
        row = make_row(dataset, loss, rate, seed, args)
        rows.append(path, row)
        print(f"{name} {loss} lr {rate} seed {seed}: AP {row['AP']:.4f}, {row['seconds']:.0f} s", flush=True)


def rates(args):
    make_rows(args, itertools.product(args.datasets, args.losses, RATES_TRIED, [SEED_OF_RATES]))


def best_rates(found):
    """dataset, loss: the rate of the best AP among those tried."""
    tried = [(row["AP"], key) for key, row in found.items() if key[3] == SEED_OF_RATES and key[2] in RATES_TRIED]
    return {key[:2]: key[2] for _, key in sorted(tried)}


def run(args):
    """Seed by seed, so that an early end has pairs."""
    best = best_rates(rows.read(args.out / "rows.jsonl", key_of))
    wanted = [(dataset, loss, seed) for seed in args.seeds for dataset in args.datasets if Dataset(dataset, args).exists() for loss in args.losses]
    if missing := [one[:2] for one in wanted if one[:2] not in best]:
        sys.exit(f"match.py: no learning rate has been tried of {' by '.join(missing[0])}; `match.py rates` comes first")
    make_rows(args, ((dataset, loss, best[dataset, loss], seed) for dataset, loss, seed in wanted))


# ---- table ----

def interval(differences):
    """Mean and half the 95 % interval of a paired difference."""
    mean, error = mean_and_error(differences)
    return mean, error * STUDENT[min(len(differences) - 1, len(STUDENT)) - 1] if len(differences) > 1 else math.nan


def quantities(row):
    yield from ((name, row[name]) for name in ("AP", "AP50", "AP75"))
    yield from ((f"AP, aspect {name}", value) for name, value in row["aspect"].items())
    yield from ((f"NMS recall{name[2:].replace('_', ' at 0.')}", row["nms_recall"][name]) for name in ("NR", "NR_50", "NR_70", "NR_90")
                if name in row["nms_recall"])


def cell(values):
    mean, error = mean_and_error(values)
    return f"{mean:.4f} +- {error:.4f}"


def difference(mine, other):
    seeds = sorted(mine.keys() & other.keys())
    if not seeds:
        return ""
    mean, half = interval([mine[seed] - other[seed] for seed in seeds])
    return f"{mean:+.4f} +- {half:.4f}{' *' if abs(mean) > half else ''}"


def table_of_rates(found):
    tried = {key: row["AP"] for key, row in found.items() if key[3] == SEED_OF_RATES}
    best = best_rates(found)
    if not best:
        return
    print("| AP at learning rate | " + " | ".join(map(str, RATES_TRIED)) + " |")
    print("|---" * (len(RATES_TRIED) + 1) + "|")
    for dataset, loss in dict.fromkeys(key[:2] for key in tried):
        cells = [f"{tried[key]:.4f}{' (taken)' if best[dataset, loss] == rate else ''}"
                 if (key := (dataset, loss, rate, SEED_OF_RATES)) in tried else "" for rate in RATES_TRIED]
        print(f"| {dataset}, {loss} | " + " | ".join(cells) + " |")
    print(f"\nseed {SEED_OF_RATES}\n")


def table(args):
    found = rows.read(args.out / "rows.jsonl", key_of)
    if not found:
        sys.exit(f"match.py: {args.out}/rows.jsonl has no rows; `match.py run` makes them")
    table_of_rates(found)
    best = best_rates(found)
    found = {(dataset, loss, seed): row for (dataset, loss, rate, seed), row in found.items()
             if seed != SEED_OF_RATES and rate == best.get((dataset, loss))}
    if not found:
        return
    values = collections.defaultdict(dict)  # dataset, quantity, loss: seed: value
    for (dataset, loss, seed), row in found.items():
        for name, value in quantities(row):
            if value is not None:
                values[dataset, name, loss][seed] = value
    off = max(abs(row["own_AP"] - row["AP"]) for row in found.values())
    print(f"AP by aspect is this script's, whose AP of all objects differs from the program's by {off:.0e} at most.")
    print("Mean and standard error over seeds; paired differences with 95 % intervals (Student's t), * where that excludes 0.\n")
    for dataset in dict.fromkeys(key[0] for key in found):
        print(f"| {dataset} | " + " | ".join(LOSSES) + " | freeanchor - focal | freeanchor - atss |")
        print("|---" * (len(LOSSES) + 3) + "|")
        for name in dict.fromkeys(key[1] for key in values if key[0] == dataset):
            per_loss = [values.get((dataset, name, loss), {}) for loss in LOSSES]
            cells = [cell(list(one.values())) if one else "" for one in per_loss]
            print(f"| {name} | " + " | ".join([*cells, difference(per_loss[0], per_loss[1]), difference(per_loss[0], per_loss[2])]) + " |")
        seeds = sorted({key[2] for key in found if key[0] == dataset})
        print(f"\nseeds {', '.join(map(str, seeds))}; {statistics.mean(row['seconds'] for key, row in found.items() if key[0] == dataset):.0f} s a row\n")


# ---- the command ----

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("rates", "run", "table"))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("match-experiment"))
    parser.add_argument("--bccd", type=pathlib.Path, default=pathlib.Path(os.environ.get("FA_SHARED_DIR", ROOT / "../shared")) / "data/bccd")
    parser.add_argument("--datasets", type=rows.some_of(DATASETS), default=list(DATASETS))
    parser.add_argument("--losses", type=rows.some_of(tuple(LOSSES)), default=list(LOSSES))
    parser.add_argument("--seeds", type=rows.numbers, default=list(range(5)))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--tiny", action="store_true")
    args = parser.parse_args()
    if args.tiny:
        args.out = args.out / "tiny"
    {"rates": rates, "run": run, "table": table}[args.what](args)


if __name__ == "__main__":
    main()
