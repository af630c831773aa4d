"""Ratios of times taken in the same run: what is compared takes turns, and the median of each counts."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
ROUNDS = 5
SLOW_ROUNDS = 3


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    what: str
    against: str
    value: float
    unit: str = "×"
    most: float | None = None
    """The goal: at most this."""
    least: float | None = None
    """The goal: at least this."""
    note: str = ""

    @property
    def goal(self) -> str:
        if self.most is None and self.least is None:
            return ""
        met = (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)
        bound = f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}"
        return f"{bound} {self.unit}: {'met' if met else 'NOT MET'}"


def interleaved(tasks: Mapping[str, Callable[[], object]], rounds: Mapping[str, int] | None = None) -> dict[str, float]:
    """Median seconds of each task."""
    rounds = rounds or {}
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(max(rounds.get(name, ROUNDS) for name in tasks)):
        for name, task in tasks.items():
            if turn < rounds.get(name, ROUNDS):
                begin = time.perf_counter()
                told = task()
                seconds[name].append(told if isinstance(told, float) else time.perf_counter() - begin)
    return {name: median(taken) for name, taken in seconds.items()}


def in_fresh_process(script: str, *arguments: str) -> dict[str, float]:
    """What a script of this folder prints, as JSON."""
    command = [sys.executable, str(Path(__file__).parent / script), *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})
    told: dict[str, float] = json.loads(done.stdout)
    return told


def table(lines: list[Line]) -> str:
    """The lines as text."""
    rows = [("what", "against", "value", "goal", "note")]
    rows += [(line.what, line.against, f"{line.value:.4g} {line.unit}", line.goal, line.note) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
