"""Reads files, several processes side by side where that pays off."""

import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from io import BufferedReader
from itertools import chain
from multiprocessing import active_children, get_context
from types import TracebackType
from typing import Final, Self

from logscan.errors import SourceError
from logscan.sources.files import File
from logscan.sources.formats import HEAD_BYTES, opened, recognise
from logscan.sources.scan import Batch, Unit, scan

_UNIT_BYTES: Final = 16 << 20
_HANDED_OUT_BYTES: Final = 1 << 20
"""Small files are handed out many at a time."""

_FORK_FROM: Final = 32 << 20
_SPAWN_FROM: Final = 2 << 30
"""Below this, starting processes takes longer than reading: half a second for a new one, next to nothing for a copy."""


@dataclass(frozen=True)
class Progress:
    """How far the reading is."""

    files: int
    files_done: int
    total_bytes: int
    bytes_done: int
    rows: int


@dataclass
class Placed:
    """A batch, with the number of lines of its file that stand before it."""

    batch: Batch
    lines_before: int


class Crew:
    """The processes that read; one alone while there is little to read."""

    def __init__(self, files: list[File], on_progress: Callable[[Progress], None] | None, processes: int) -> None:
        self._files = files
        self._on_progress = on_progress
        self._done = Progress(len(files), 0, sum(file.size for file in files), 0, 0)
        self._pool: ProcessPoolExecutor | None = None
        # A fork costs nothing, but copies a process whose threads may hold locks: only as long as there are none.
        # (numpy's own threads end before a fork.)
        bare = sys.platform == "linux" and threading.active_count() == 1 and "pandas" not in sys.modules
        if processes > 1 and self._done.total_bytes >= (_FORK_FROM if bare else _SPAWN_FROM):
            self._pool = ProcessPoolExecutor(processes, mp_context=get_context("fork" if bare else "spawn"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._pool:
            return
        if kind is not None:
            for process in active_children():  # somebody waits at the keyboard
                process.terminate()
        self._pool.shutdown(wait=kind is None, cancel_futures=True)
        if isinstance(error, BrokenProcessPool):
            raise SourceError("a process that was reading has been killed: is there enough memory?") from None

    def read(self, chosen: Collection[int], *, ike_of: frozenset[str] | None = None) -> list[Placed]:
        """Read these files, in their order."""
        units = list(chain.from_iterable(self._units(index, ike_of) for index in chosen))
        placed: list[Placed] = []
        for unit, batch in zip(units, self._batches(units), strict=True):
            last = placed[-1] if placed and placed[-1].batch.file == batch.file else None
            placed.append(Placed(batch, last.lines_before + last.batch.lines if last else 0))
            self._files[batch.file].format = batch.format
            if ike_of is None:
                self._report(unit, batch)
        return placed

    def leave(self, files: int, size: int) -> None:
        """Do not wait for what is not going to be read."""
        self._done = replace(self._done, files=self._done.files - files, total_bytes=self._done.total_bytes - size)

    def _batches(self, units: list[Unit]) -> Iterator[Batch]:
        if not self._pool:
            return map(scan, units)
        batches = self._pool.map(scan, units, chunksize=_units_in(_HANDED_OUT_BYTES, units))
        # Loading pandas and using it for the first time take a while: let it pass while the others read.
        from logscan.tables import HEARTBEATS, RECORDS

        RECORDS.empty()
        HEARTBEATS.empty()
        return batches

    def _units(self, index: int, ike_of: frozenset[str] | None) -> Iterator[Unit]:
        file = self._files[index]
        whole = Unit(file.path, index, file.size, file.resource, ike_of=ike_of)
        if file.size <= _UNIT_BYTES:
            yield whole
            return
        with opened(file.path) as stream:
            # Of gzip, or behind a byte-order mark, bytes of the file are not bytes of the text.
            is_plain = isinstance(stream, BufferedReader) and stream.tell() == 0
            if not is_plain or recognise(file.path, stream.read(HEAD_BYTES)) != "json-lines":
                yield whole
                return
            start = 0
            while start < file.size:
                stream.seek(min(start + _UNIT_BYTES, file.size))
                stream.readline()
                stop = stream.tell()
                yield replace(whole, start=start, stop=stop, size=stop - start)
                start = stop

    def _report(self, unit: Unit, batch: Batch) -> None:
        done = self._done
        ends_file = unit.stop is None or unit.stop >= self._files[unit.file].size
        self._done = replace(
            done,
            files_done=done.files_done + ends_file,
            bytes_done=done.bytes_done + unit.size,
            rows=done.rows + batch.seen,
        )
        if self._on_progress:
            self._on_progress(self._done)


def _units_in(size: int, units: Sequence[Unit]) -> int:
    """How many of these units have about that many bytes."""
    total = sum(unit.size for unit in units)
    return max(1, size * len(units) // max(total, 1))
