#!/usr/bin/env bash
# The parity table does not hold by itself: a program that is absent, says nothing or crashes breaks its rows.
. "$(dirname "$0")/lib.sh"

/usr/bin/python3 -c 'import h5py, numpy' 2>/dev/null || skip "no h5py"

# compare PROGRAM NAME...: the rows as that program gives them.
compare() {
  FREEANCHOR=$1 /usr/bin/python3 "$root/tests/parity/run.py" "${@:2}"
}

# stand_in COMMAND: a program that is not ours.
stand_in() {
  printf '#!/bin/sh\n%s\n' "$1" >"$scratch/program"
  chmod +x "$scratch/program"
}

expect 1 "metrics: broke" compare "$scratch/absent" metrics
stand_in 'exit 0'
expect 1 "metrics: broke" compare "$scratch/program" metrics
stand_in 'kill -SEGV $$'
expect 1 "metrics: broke" compare "$scratch/program" metrics
expect 1 "unknown: nothing" compare "$freeanchor" nothing

# A row without cases, or with an error that is no number, does not hold.
must env PYTHONPATH="$root/tests/parity" /usr/bin/python3 -c '
from parity import Row, of_largest, relative
nan = float("nan")
for error, cases, holds in ((0, 1, True), (0, 0, False), (2, 1, False), (relative(nan, 1), 1, False),
                            (relative(1, nan, 1e-20), 1, False), (of_largest([1, nan], [1, 1]), 1, False),
                            (of_largest([1, 1], [1, nan], 1e-20), 1, False), (of_largest([1], [1, 1]), 1, False)):
    row = Row("", cases, "", 1)
    row.add(error, "")
    row.add(0, "")
    assert row.holds == holds, (error, cases)
'
finish
