"""Adds what a row found to RESULTS/results.jsonl, as one line written at once. usage: record.py ROW EXIT_CODE SECONDS WHAT TARGET

The row's findings are the lines of GPU_FIGURES: figure NAME VALUE, check VERDICT WORDS.
"""
import datetime
import json
import os
import pathlib
import re
import sys

VERDICTS = {0: "pass", 77: "skipped", 124: "cut off", 137: "cut off"}


def number(text):
    try:
        return float(text)
    except ValueError:
        return text


def findings(path):
    figures, checks = {}, []
    for line in pathlib.Path(path).read_text().splitlines():
        kind, first, second = line.split("\t", 2)
        if kind == "figure":
            figures[first] = number(second)
        else:
            checks.append({"verdict": first, "check": second})
    return figures, checks


def machine():
    """Of "cuDNN 9.19.0, NVIDIA H200, sm_90, 132 multiprocessors, fp32"."""
    library = os.environ["GPU_LIBRARY"]
    parts = re.match(r"cuDNN ([^,]*), (.*), (sm_\d+), ", library)
    cudnn, card, target = parts.groups() if parts else ("", library, "")
    return {"card": card, "sm": target, "cudnn": cudnn, "driver": os.environ["GPU_DRIVER"],
            "commit": os.environ["GPU_COMMIT"], "cores": len(os.sched_getaffinity(0))}


def main():
    row, code, seconds, what, target = sys.argv[1:]
    figures, checks = findings(os.environ["GPU_FIGURES"])
    record = {"row": row, "what": what, "target": target, "verdict": VERDICTS.get(int(code), "fail"),
              "fake": os.environ["GPU_FAKE"] == "yes", "seconds": int(seconds), "figures": figures, "checks": checks,
              **machine(), "command": f"tests/gpu/run.sh {row}",
              "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")}
    with open(pathlib.Path(os.environ["RESULTS"], "results.jsonl"), "a") as lines:
        lines.write(json.dumps(record) + "\n")
    print(f"   {record['verdict']} after {seconds} s")


if __name__ == "__main__":
    main()
