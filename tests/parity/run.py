"""Compares the program with the reference programs and prints the table of tests/parity/README.md.

Usage: python3 tests/parity/run.py [NAME...]     (default: all; the names are the files of rows/)

Exit code 0: every row holds; 1: one does not, or a comparison broke; 77: nothing could run here, since a library
of the references is absent.
"""
import importlib
import os
import pathlib
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import parity  # noqa: E402, once its folder is known

NAMES = sorted(path.stem for path in HERE.glob("rows/*.py") if path.stem != "__init__")
LONG = {"network", "training"}
LIBRARIES = {"cv2", "h5py", "numpy", "PIL", "torch", "torchvision"}
LINE = "{:<58} {:>6}  {:>10}  {:>8}  {:<22} {}"


def show(row):
    verdict = "ok" if row.holds else "FAILED"
    print(LINE.format(row.what, row.cases, f"{row.error:.3g}", f"{row.limit:.3g}", row.measure, verdict), flush=True)
    if not row.holds:
        print(f"    worst: {row.worst}", flush=True)


def rows_of(name):
    """(the rows, why there are none)."""
    try:
        return importlib.import_module(f"rows.{name}").rows(), ""
    except parity.Skipped as why:
        return [], f"skipped: {why}"
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name in LIBRARIES:
            return [], f"skipped: {error}"
        traceback.print_exc()
        return [], "broke"


def finished(comparison):
    """The same of one that a process of its own makes; it may end without a word."""
    try:
        return comparison.result()
    except BrokenProcessPool:
        return [], "broke"


def tell(name, rows, reason):
    """(rows that ran, whether all hold). None at all is no comparison."""
    for row in rows:
        show(row)
    if not rows:
        print(f"{name}: {reason or 'broke'}", flush=True)
    broke = not rows and not reason.startswith("skipped")
    return len(rows) + broke, not broke and all(row.holds for row in rows)


def compare(names):
    """[(rows that ran, whether all hold)], with a core for each comparison; the long ones begin."""
    cores = len(os.sched_getaffinity(0))
    os.environ["OMP_NUM_THREADS"] = str(max(1, cores // len(names)))
    os.environ["OMP_WAIT_POLICY"] = "passive"  # the program takes its turns with these threads
    with ProcessPoolExecutor(min(cores, len(names))) as pool:
        running = {name: pool.submit(rows_of, name) for name in sorted(names, key=lambda name: name not in LONG)}
        return [tell(name, *finished(running[name])) for name in names]


def main():
    names = sys.argv[1:] or NAMES
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        sys.exit(f"unknown: {' '.join(unknown)}; there are {' '.join(NAMES)}")
    print(LINE.format("compared", "cases", "worst", "allowed", "measure", ""), flush=True)
    started, results = time.time(), compare(names)
    ran, good = sum(n for n, _ in results), all(holds for _, holds in results)
    print(f"{ran} rows in {time.time() - started:.0f} s")
    sys.exit(77 if ran == 0 and good else 0 if good else 1)


if __name__ == "__main__":
    main()
