"""Everything logscan writes to stderr, its tables for people, and the code it exits with. stdout is data."""

import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NoReturn

from logscan.errors import LogscanError, OutputError, SourceError

if TYPE_CHECKING:
    from logscan.report.rulebook import Table
    from logscan.report.wording import DropLine, Wording
    from logscan.sources.crew import Progress


class ExitCode(IntEnum):
    """What the exit code says; 2 is also what a wrong option gives."""

    DONE = 0
    TO_ACT_ON = 1
    """With --exit-code: a case is to be opened."""
    USAGE = 2
    SOURCE = 3
    INCOMPLETE = 4
    """With --strict."""
    INTERNAL = 70
    """A fault of logscan itself (sysexits.h, EX_SOFTWARE)."""
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    """Whoever read stdout stopped reading: what a shell reports of any program then (128 + SIGPIPE)."""


EXIT_CODES: Final = (
    "Exit codes: 0 done; 1 with --exit-code, a case is to be opened; 2 wrong option, settings or output; "
    "3 a source cannot be read; 4 with --strict, the data are incomplete; 130 interrupted."
)


def note(text: str) -> None:
    """One line beside the data."""
    _to_stderr(f"logscan: {text}")


def say_line(text: str) -> None:
    """One line beside the data, as it is."""
    _to_stderr(text)


def fail(error: BaseException) -> NoReturn:
    """Say in one line what went wrong, and end with the code for it; the traceback only with LOGSCAN_DEBUG=1."""
    if os.environ.get("LOGSCAN_DEBUG") == "1":
        traceback.print_exception(error)
    if isinstance(error, LogscanError):
        _to_stderr(f"logscan: error: {error}")
        sys.exit(ExitCode.SOURCE if isinstance(error, SourceError) else ExitCode.USAGE)
    _to_stderr(
        f"logscan: error: a fault in logscan itself ({type(error).__name__}: {error}); "
        "run it again with LOGSCAN_DEBUG=1 and report what it prints"
    )
    sys.exit(ExitCode.INTERNAL)


def _to_stderr(text: str) -> None:
    # A pipe and a terminal then show both in the same order. Control characters come from file names and log text.
    with suppress(OSError):  # whoever wrote to it has said so
        sys.stdout.flush()
    safe = "".join(char if char.isprintable() else "�" for char in text)
    with suppress(OSError):  # a full disk, a closed pipe: nobody is left to be told
        sys.stderr.write(safe + "\n")
        sys.stderr.flush()


def prepare_streams() -> None:
    """Let stdout and stderr take any text, whatever the locale: data are UTF-8 everywhere. A closed one takes nothing."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as the process
    for stream in (sys.stdout, sys.stderr):
        if not stream.isatty() and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def write_stdout(text: str) -> None:
    """Write data. Ends quietly when its reader has gone; raises OutputError when it cannot be written."""
    try:
        sys.stdout.flush()
        if hasattr(sys.stdout, "buffer"):
            left = memoryview(text.encode(sys.stdout.encoding or "utf-8", "replace"))
            while left:  # an unbuffered stream may take a part of it
                left = left[sys.stdout.buffer.write(left) :]
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        sys.exit(ExitCode.PIPE_CLOSED)
    except OSError as error:
        _forget_stdout()
        raise OutputError(f"stdout: cannot be written: {error.strerror}") from None


def _forget_stdout() -> None:
    """Python would try to flush stdout once more at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_REDRAW_SECONDS: Final = 0.1


@contextmanager
def reading_progress() -> Iterator[Callable[["Progress"], None] | None]:
    """Shows files, bytes and rows while an archive is read; None where stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    # No thread of its own: the archive reader may still fork.
    bar = Bar(
        TextColumn("reading"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[files]} files · {task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,
    )
    with bar:
        task = bar.add_task("", total=None, files="0", rows=0)
        shown = 0.0

        def show(progress: "Progress") -> None:
            nonlocal shown
            if time.monotonic() - shown < _REDRAW_SECONDS:
                return
            shown = time.monotonic()
            bar.update(
                task,
                total=progress.total_bytes,
                completed=progress.bytes_done,
                files=f"{progress.files_done:,} of {progress.files:,}",
                rows=progress.rows,
                refresh=True,
            )

        yield show


def drops_for_people(wording: "Wording", columns: Sequence[tuple[str, str]]) -> str:
    """The drops as lines of a table; as cards of three lines each on a terminal that is too narrow for the table.

    Nothing is ever cut. In a pipe the table is plain: `grep` and `cut` work.
    """
    from rich.console import Console

    console = Console(highlight=False)
    lines = wording.lines()
    if not lines:
        return ""
    table = _table(lines, columns)
    if not console.is_terminal:
        return "".join(row.rstrip() + "\n" for row in table)
    from rich.cells import cell_len

    fits = max(map(cell_len, table)) <= console.width
    together = Counter(line.incident for line in lines)
    with console.capture() as capture:
        if fits:
            console.print(table[0], style="bold", soft_wrap=True, markup=False)
        for place, line in enumerate(lines):
            if place == 0 or lines[place - 1].group != line.group:
                count = sum(other.group == line.group for other in lines)
                console.print(f"\n{wording.say('group', line.group)} ({count})", style="bold underline", markup=False)
            begins = place == 0 or lines[place - 1].incident != line.incident
            if not fits and begins and together[line.incident] > 1:
                incident = wording.say("group", "incident", incident=line.incident, count=together[line.incident])
                console.print(f"   {incident}", style="underline", soft_wrap=True, markup=False)
            shown = [table[place + 1]] if fits else _card(wording, line)
            for part in shown:
                console.print(part, style=_STYLE[line.mark] if part is shown[0] else None, soft_wrap=True, markup=False)
    return capture.get()


_STYLE: Final = {"!!": "bold red", "!": "yellow", "": "none"}


def _table(lines: Sequence["DropLine"], columns: Sequence[tuple[str, str]]) -> list[str]:
    """Columns of their natural width, two spaces apart, the titles first."""
    rows = [["", *(title for _, title in columns)]]
    rows += [[line.mark, *(_one_line(getattr(line, name)) for name, _ in columns)] for line in lines]
    return _columns(rows)


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of equally many cells as lines of text."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]


def rules_for_people(tables: Sequence["Table"]) -> str:
    """The tables of the rulebook: on a terminal their long cells are folded, in a pipe each row is one line."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as Folded
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        parts = [
            [heading, *(row.rstrip() for row in _columns([titles, *rows])), ""] for heading, titles, rows in tables
        ]
        return "\n".join(line for part in parts for line in part)
    with console.capture() as capture:
        for heading, titles, rows in tables:
            folded = Folded(
                title=Text(heading), title_justify="left", box=box.SIMPLE_HEAD, show_lines=True, pad_edge=False
            )
            for title in titles:
                folded.add_column(title, overflow="fold")
            for row in rows:
                folded.add_row(*map(Text, row))
            console.print(folded)
    return capture.get()


def _card(wording: "Wording", line: "DropLine") -> list[str]:
    instance = wording.say("why", "instance", instance=line.instance)
    zone = wording.clock.name(wording.drops[0]["start"])
    local = f"{line.start_local} {zone} = " if line.start_local != line.start_utc else ""
    return [
        f"{line.mark:<2} {line.action}  {line.duration}  {_one_line(line.peer)}  {instance}  {line.shape}",
        f"   {local}{line.start_utc} UTC  {_one_line(line.gateway)}",
        f"   {line.verdict}; {wording.say('column', 'event')}: {_one_line(line.event)}  {line.drop} {line.incident}",
    ]


def _one_line(text: str) -> str:
    """Log text without line breaks and control characters: it cannot move the cursor or colour the screen."""
    return "".join(char if char.isprintable() else " " for char in text)
