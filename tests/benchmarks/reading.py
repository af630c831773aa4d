"""Reading an archive against one `bytes.count` pass for each of two needles, and against pandas.read_json."""

from pathlib import Path

import archives
from measure import SLOW_ROUNDS, Line, in_fresh_process, interleaved

_PANDAS_FILES = 3
_MEGABYTE = 1_000_000


def lines(folder: Path, size: int) -> list[Line]:
    """The rows of the table."""
    merged = archives.merged(folder / "merged", size)
    storage = archives.storage(folder / "storage", size)
    return [*_merged(folder / "merged", merged), *_storage(storage)]


def _merged(folder: Path, paths: list[Path]) -> list[Line]:
    some = paths[:_PANDAS_FILES]
    memory: list[float] = []

    def fresh(task: str, processes: int, *given: Path) -> float:
        told = in_fresh_process("reading_task.py", task, str(processes), *map(str, given))
        if task == "logscan" and processes == 2:
            memory.append(told["own_mb"])
            memory.append(told["child_mb"])
        return told["seconds"]

    seconds = interleaved(
        {
            "count": lambda: fresh("count", 1, folder),
            "two": lambda: fresh("logscan", 2, folder),
            "one": lambda: fresh("logscan", 1, folder),
            "loaded": lambda: fresh("logscan-loaded", 1, folder),
            "pandas": lambda: fresh("pandas", 1, *some),
        },
        {"pandas": SLOW_ROUNDS},
    )
    size = _size(paths)
    scaled = seconds["pandas"] * size / _size(some)
    limit, two = seconds["count"], seconds["two"]
    shown = f"{size / _MEGABYTE:.0f} MB in {len(paths)} merged files"
    return [
        Line(
            f"read_archive, {shown}, 2 processes",
            "one count pass for each of two needles",
            two / limit,
            most=1.3,
            note=_speed(size, two),
        ),
        Line("the same, 1 process", "the same", seconds["one"] / limit, note=_speed(size, seconds["one"])),
        Line(
            "pandas in use before, 1 process",
            "the same",
            seconds["loaded"] / limit,
            note=_speed(size, seconds["loaded"]),
        ),
        Line(
            "read_archive, 2 processes: times faster",
            "pandas.read_json(lines=True), filter",
            scaled / two,
            least=20,
            note=f"pandas on {len(some)} files, scaled by bytes",
        ),
        Line("memory above start, parent and one child", "", max(memory[0::2]) + max(memory[1::2]), "MB", most=300),
    ]


def _storage(folder: Path) -> list[Line]:
    size = _size([path for path in folder.rglob("*") if path.is_file()])
    seconds = interleaved(
        {
            "count": lambda: in_fresh_process("reading_task.py", "count", "1", str(folder))["seconds"],
            "logscan": lambda: in_fresh_process("reading_task.py", "logscan", "2", str(folder))["seconds"],
        },
    )
    ratio = seconds["logscan"] / seconds["count"]
    shown = f"read_archive, {size / _MEGABYTE:.0f} MB in the storage layout, 2 processes"
    return [Line(shown, "one count pass for each of two needles", ratio, most=1, note=_speed(size, seconds["logscan"]))]


def _size(paths: list[Path]) -> int:
    return sum(path.stat().st_size for path in paths)


def _speed(size: int, seconds: float) -> str:
    return f"{size / _MEGABYTE / seconds:,.0f} MB/s"
