"""Start-up: the whole process of `logscan --help`, against Python alone and typer alone."""

import subprocess
import sys
import time

from measure import ROOT, Line

_RUNS = 9


def lines() -> list[Line]:
    """The rows of the table."""
    commands = {
        "python": ["-c", "pass"],
        "typer": ["-c", "import typer"],
        "help": ["-m", "logscan", "--help"],
    }
    least: dict[str, float] = {}
    for _ in range(_RUNS):
        for name, arguments in commands.items():
            begin = time.perf_counter()
            done = subprocess.run([sys.executable, *arguments], check=False, capture_output=True, cwd=ROOT)
            taken = time.perf_counter() - begin
            if done.returncode:
                return [
                    Line("logscan --help", "", 0, "s", note=f"fails: {done.stderr.decode().strip().splitlines()[-1:]}")
                ]
            least[name] = min(taken, least.get(name, taken))
    shown = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in least.items())
    return [
        Line(
            "logscan --help, minimum of 9",
            "python -c 'import typer'",
            least["help"] / least["typer"],
            most=1.5,
            note=shown,
        )
    ]
