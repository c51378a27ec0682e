#!/usr/bin/env python3
"""How large may a step be? Trains a small FreeAnchor on synthetic scenes with steps of 4 to 64 images, each for the same number of images,
by every rule for the rate, and tells the AP of each.

usage: batch.py run [--out DIR] [--batches 4,8,16,32,64] [--rules A,B] [--seeds 0] [--threads N] [--tiny]
       batch.py table [--out DIR]

A row is a batch, a rule and a seed. Each is a line of DIR/rows.jsonl, written when it ends; `run` goes on with those that are missing, and
a row that was interrupted goes on from its newest checkpoint. Standard library only; the program is FREEANCHOR, or build/release/freeanchor.
--tiny makes rows of seconds, which prove the script and nothing else (in a folder of its own).

Rules, by which the rate follows the batch; at the batch for which it is stated, 4, the first three are one row, which is made once:
  none, sqrt, linear   train.lr_scaling
  lars                 sqrt with train.lars: each layer goes the same part of its weights' length at every batch's start, half a per cent
"""
import argparse
import os
import pathlib
import time

import rows
from rows import ROOT, freeanchor, mean_and_error

RECIPE = ROOT / "configs/freeanchor_r18_fpn_quick.json"
STATED = 4  # the recipe's batch
BATCHES = (4, 8, 16, 32, 64)
# The warm-up is one of images, as the whole run is.
SCHEDULE = {"data.scale": "[128,96]", "model.backbone.base_channels": 16, "train.epochs": 20, "train.warmup_steps": -1,
            "train.warmup_samples": 400, "train.eval_interval": 0, "train.keep_checkpoints": 1, "model.anchor_scale": 2}
RULES = {"none": {"train.lr_scaling": "none"}, "sqrt": {"train.lr_scaling": "sqrt"}, "linear": {"train.lr_scaling": "linear"},
         "lars": {"train.lr_scaling": "sqrt", "train.lars": 0.25}}
IMAGES = {"train": 320, "val": 100}


def key_of(row):
    return row["batch"], row["rule"], row["seed"]


# ---- data ----

def shards(part, args):
    return args.out / "data" / part


def make_data(args):
    for seed, (part, images) in enumerate(IMAGES.items()):
        done, scenes = args.out / "data" / f"{part}.done", args.out / "data" / f"scenes-{part}"
        if done.exists():
            continue
        done.parent.mkdir(parents=True, exist_ok=True)
        freeanchor("synth", "--out", scenes, "--images", images // (10 if args.tiny else 1), "--classes", 3, "--seed", seed, "--size", "160x120")
        freeanchor("pack", "--coco", scenes / "annotations.json", "--images", scenes / "images", "--out", shards(part, args))
        done.touch()


# ---- rows ----

def keys(batch, rule, tiny):
    short = {"train.epochs": 2, "data.scale": "[96,64]", "train.warmup_samples": 16} if tiny else {}
    return {**SCHEDULE, "train.batch": batch, "train.reference_batch": STATED, **RULES[rule], **short}


def make_row(batch, rule, seed, args):
    work, began = args.out / "runs" / f"{batch}-{rule}-{seed}", time.monotonic()
    work.parent.mkdir(exist_ok=True)
    if not (work / "weights.h5").exists():
        freeanchor("train", "--config", RECIPE, "--work-dir", work, "--seed", seed, "--threads", args.threads, "--train-data",
                   shards("train", args), *rows.sets(keys(batch, rule, args.tiny)))
    got = freeanchor("eval", "--weights", work / "weights.h5", "--data", shards("val", args), "--json", "--threads", args.threads)
    return {"batch": batch, "rule": rule, "seed": seed, "AP": got["bbox_mAP"], "AP50": got["bbox_mAP_50"],
            "seconds": round(time.monotonic() - began, 1)}


def wanted(args):
    """Seed by seed, so that an early end has whole tables."""
    for seed in args.seeds:
        for batch in args.batches:
            for rule in args.rules:
                if batch != STATED or rule in ("linear", "lars"):
                    yield batch, rule, seed


def run(args):
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "rows.jsonl"
    done = rows.read(path, key_of)
    make_data(args)
    for batch, rule, seed in wanted(args):
        if (batch, rule, seed) in done:
            continue
        row = make_row(batch, rule, seed, args)
        rows.append(path, row)
        print(f"batch {batch}, {rule}, seed {seed}: AP {row['AP']:.4f}, {row['seconds']:.0f} s", flush=True)


# ---- table ----

def cell(found, batch, rule):
    if batch == STATED and rule in ("none", "sqrt"):
        rule = "linear"
    values = [row["AP"] for key, row in found.items() if key[:2] == (batch, rule)]
    if not values:
        return ""
    mean, error = mean_and_error(values)
    return f"{mean:.4f} +- {error:.4f}" if len(values) > 1 else f"{mean:.4f}"


def table(args):
    found = rows.read(args.out / "rows.jsonl", key_of)
    if not found:
        raise SystemExit(f"batch.py: {args.out}/rows.jsonl has no rows; `batch.py run` makes them")
    print("AP after equally many images, mean and standard error over seeds\n")
    print("| images a step | " + " | ".join(RULES) + " |")
    print("|---" * (len(RULES) + 1) + "|")
    for batch in sorted({key[0] for key in found}):
        print(f"| {batch} | " + " | ".join(cell(found, batch, rule) for rule in RULES) + " |")
    print(f"\nseeds {', '.join(map(str, sorted({key[2] for key in found})))}; {sum(row['seconds'] for row in found.values()) / 60:.0f} min in all")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("batch-experiment"))
    parser.add_argument("--batches", type=rows.numbers, default=list(BATCHES))
    parser.add_argument("--rules", type=rows.some_of(tuple(RULES)), default=list(RULES))
    parser.add_argument("--seeds", type=rows.numbers, default=[0])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--tiny", action="store_true")
    args = parser.parse_args()
    if args.tiny:
        args.out = args.out / "tiny"
    {"run": run, "table": table}[args.what](args)


if __name__ == "__main__":
    main()
