"""A table of what run.sh found, the newest record of each row on each machine. usage: report.py RESULTS.jsonl...

Records of the fake device come in a table of their own, which says that it measures nothing.
"""
import json
import pathlib
import sys


def records(paths):
    for path in paths:
        for line in pathlib.Path(path).read_text().splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                print(f"{path}: a line was cut off", file=sys.stderr)


def newest(found):
    """{(fake, card, cuDNN, driver, commit): {row: record}}"""
    machines = {}
    for record in found:
        key = tuple(record[name] for name in ("fake", "card", "cudnn", "driver", "commit"))
        machines.setdefault(key, {})[record["row"]] = record
    return machines


def show(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def cell(record):
    figures = ", ".join(f"{name} {show(value)}" for name, value in record["figures"].items())
    failed = "; ".join(check["check"] for check in record["checks"] if check["verdict"] == "failed")
    held = "; ".join(check["check"] for check in record["checks"] if check["verdict"] == "ok")
    return (figures or held) + (f" (failed: {failed})" if failed else "")


def print_table(machine, rows):
    fake, card, cudnn, driver, commit = machine
    print("\n**The fake device: this measures nothing.**" if fake else f"\n{card}, driver {driver}, cuDNN {cudnn}, commit {commit}")
    print("\n| row | measured | found | target | |\n|---|---|---|---|---|")
    for record in rows.values():
        print(f"| {record['row']} | {record['what']} | {cell(record)} | {record['target']} | {record['verdict']} |")


def main():
    for machine, rows in newest(records(sys.argv[1:])).items():
        print_table(machine, rows)


if __name__ == "__main__":
    main()
