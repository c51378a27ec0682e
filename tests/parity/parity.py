"""What every comparison needs: the program, its case and out files, and a row of the table."""
import dataclasses
import json
import math
import os
import pathlib
import subprocess
import tempfile

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("FREEANCHOR", ROOT / "build/release/freeanchor"))
ALL = "PARITY_ALL" in os.environ  # also what takes too long for every change
RANDOM_CASES = 200 if ALL else 80  # of each loss, and of detections
SHARED = pathlib.Path(os.environ.get("FA_SHARED_DIR", ROOT.parent / "shared"))


class Skipped(Exception):
    """What a comparison needs is not here."""


@dataclasses.dataclass
class Row:
    """One line of the table: the worst error over the cases, and what is allowed. A NaN fails."""

    what: str
    cases: int
    measure: str  # of the error: "relative", "of the range", "bytes that differ", ...
    limit: float
    error: float = 0.0
    worst: str = ""  # the case that gave it

    def add(self, error, case):
        """One more error of a case already counted."""
        error = float(error)
        if math.isnan(error) or error > self.error:
            self.error, self.worst = error, case

    @property
    def holds(self):
        return self.cases > 0 and self.error <= self.limit


def relative(got, want, least=1e-300):
    """Difference, as a part of what is expected, or of least where that is smaller."""
    return float(abs(got - want) / max(abs(want), least)) if got != want else 0.0


def of_largest(got, want, least=0.0):
    """Largest difference, as a part of the largest magnitude expected, or of least where that is smaller (of 1
    where both are 0)."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    if got.shape != want.shape:
        return math.inf
    if want.size == 0:
        return 0.0
    largest = max(np.abs(want).max(), least)
    difference = np.abs(got - want).max()
    return float(difference / (largest if largest > 0 else 1.0))


def run(*arguments, check=True, env=None):
    """Runs the program; returns the completed process. A failure shows what it said; one that hangs is ended."""
    command = [str(PROGRAM), *map(str, arguments)]
    env = {**os.environ, **(env or {})}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=1200)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    return done


def report(*arguments):
    """Runs with --json; returns the object of the last line."""
    return json.loads(run(*arguments, "--json").stdout.strip().splitlines()[-1])


def write_h5(path, datasets):
    with h5py.File(path, "w", track_order=False) as file:
        for name, value in datasets.items():
            file.create_dataset(name, data=value)


def read_h5(path):
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def scratch():
    """A folder that is removed when the with statement ends."""
    return tempfile.TemporaryDirectory(prefix="parity-")
