"""What the experiments share: the program, and rows that are kept one by one, so that an experiment goes on where it was stopped."""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("FREEANCHOR", str(ROOT / "build/release/freeanchor"))
SCRIPT = pathlib.Path(sys.argv[0]).name


def freeanchor(*words):
    """Its last line, where that is JSON."""
    done = subprocess.run([PROGRAM, *map(str, words)], stdout=subprocess.PIPE, text=True)
    if done.returncode == 85:
        sys.exit(85)  # it was asked to stop, and has saved
    if done.returncode != 0:
        sys.exit(f"{SCRIPT}: {words[0]} ended with {done.returncode}; started again, run goes on with this row")
    return json.loads(done.stdout.splitlines()[-1]) if "--json" in words else None


def sets(keys):
    return [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]


def read(path, key_of):
    """Those that are whole: of one that a full disk cut off nothing is left but to make it again."""
    rows = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
            rows[key_of(row)] = row
        except (ValueError, KeyError):
            print(f"{SCRIPT}: {path}: a line that is not whole is left out", file=sys.stderr)
    return rows


def append(path, row):
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")
        file.flush()
        os.fsync(file.fileno())


def mean_and_error(values):
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return statistics.mean(values), error


# ---- options ----

def some_of(known):
    def parse(text):
        words = text.split(",")
        unknown = [word for word in words if word not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]}: expected some of {', '.join(known)}")
        return words
    return parse


def numbers(text):
    return [int(word) for word in text.split(",")]
