"""Compares the program with the reference programs and prints the table of tests/parity/README.md.

Usage: python3 tests/parity/run.py [NAME...]     (default: all; the names are the files of rows/)

Exit code 0: every row holds; 1: one does not, or a comparison broke; 77: nothing could run here, since a library
of the references is absent.
"""
import importlib
import pathlib
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
NAMES = sorted(path.stem for path in HERE.glob("rows/*.py") if path.stem != "__init__")
LIBRARIES = {"cv2", "h5py", "numpy", "PIL", "torch", "torchvision"}
LINE = "{:<58} {:>6}  {:>10}  {:>8}  {:<22} {}"


def show(row):
    verdict = "ok" if row.holds else "FAILED"
    print(LINE.format(row.what, row.cases, f"{row.error:.3g}", f"{row.limit:.3g}", row.measure, verdict), flush=True)
    if not row.holds:
        print(f"    worst: {row.worst}", flush=True)


def compare(name):
    """(rows that ran, whether all hold). None at all is no comparison."""
    try:
        rows = importlib.import_module(f"rows.{name}").rows()
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name in LIBRARIES:
            print(f"{name}: skipped: {error}", flush=True)
            return 0, True
        traceback.print_exc()
        rows = []
    for row in rows:
        show(row)
    if not rows:
        print(f"{name}: broke", flush=True)
        return 1, False
    return len(rows), all(row.holds for row in rows)


def main():
    names = sys.argv[1:] or NAMES
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        sys.exit(f"unknown: {' '.join(unknown)}; there are {' '.join(NAMES)}")
    print(LINE.format("compared", "cases", "worst", "allowed", "measure", ""))
    started, ran, good = time.time(), 0, True
    for name in names:
        n, holds = compare(name)
        ran, good = ran + n, good and holds
    print(f"{ran} rows in {time.time() - started:.0f} s")
    sys.exit(77 if ran == 0 and good else 0 if good else 1)


if __name__ == "__main__":
    main()
