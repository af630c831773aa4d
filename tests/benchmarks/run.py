"""Prints a table of ratios, measured in this run on SYNTHETIC data: `python tests/benchmarks/run.py [--size 1GB]`."""

import argparse
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[2]))

import matching
import reading
import startup
from measure import table

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}


def _bytes(text: str) -> int:
    found = re.fullmatch(r"(\d+)\s*([KMG]B)?", text.upper())
    if not found:
        raise argparse.ArgumentTypeError(f"not a size such as 200MB: {text}")
    return int(found[1]) * _UNITS[found[2] or ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=_bytes, default="200MB", help="bytes of each archive")
    parser.add_argument("--rows", type=lambda text: int(float(text)), default="1e6", help="tunnel rows to pair")
    parser.add_argument("--only", choices=("reading", "matching", "startup"), help="one part of the table")
    options = parser.parse_args()
    lines = []
    if options.only in {None, "reading"}:
        with TemporaryDirectory(prefix="logscan-synthetic-") as folder:
            lines += reading.lines(Path(folder), options.size)
    if options.only in {None, "matching"}:
        lines += matching.lines(options.rows)
    if options.only in {None, "startup"}:
        lines += startup.lines()
    print(table(lines))


if __name__ == "__main__":
    main()
