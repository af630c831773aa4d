"""Reads one unit of work, a file or a part of one, into rows; loaded by every process that reads.

An archive is nine tenths IKE rows, which no drop needs: what is proven to be one by its bytes is not parsed, only its
time and gateway are noted. All else is parsed, so that a spelling not foreseen costs time and never a row.
"""

import json
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from logscan.categories import IKE
from logscan.errors import PartialResultError, SourceError
from logscan.sources.formats import HEAD_BYTES, Format, csv_records, document_records, expand, opened, recognise
from logscan.sources.layout import Beginnings, IkeRows, Lines
from logscan.sources.rows import MalformedRow, OtherServiceRow, Row, read_record, read_time

_BLOCK_BYTES: Final = 2 << 20
"""Fits a processor's cache, and is large enough for numpy to pay off."""

_FIRST_BYTES: Final = 64 << 10
"""So many are read at first, while no IKE row is known and all of them are parsed."""

_NAMED_MALFORMED: Final = 20
"""So many malformed lines of a unit are named, the rest only counted."""

_BEGINS_WITH_TIME: Final = b'{"time":"'
_ANY_TIME: Final = b"2011-11-11T11:11:11Z"
_REPEATED_LINES: Final = 4096
"""So many different ones are remembered."""

TEXTS: Final = ("resource", "category", "operation", "remote_ip", "status", "reason", "message", "region")
"""The columns of Row that hold text."""


class _Memory(threading.local):
    """What one unit leaves to the next: what it taught, and its memory. No result depends on it."""

    def __init__(self) -> None:
        self.beginnings: Final = Beginnings()
        self.block: Final = bytearray(_BLOCK_BYTES)
        self.flags: Final = np.empty(_BLOCK_BYTES, dtype=bool)


_MEMORY: Final = _Memory()


@dataclass(frozen=True)
class Unit:
    """What one process reads at a time: a file, or bytes [start, stop) of a file of JSON lines, cut between lines."""

    path: Path
    file: int
    """Its index among all files."""
    size: int
    resource: str = ""
    """Resource id for rows that name none: from the blob's path."""
    start: int = 0
    stop: int | None = None
    ike_of: frozenset[str] | None = None
    """The second look at a file: parse the IKE rows of these gateways that were only noted, and nothing else."""


@dataclass
class Batch:
    """What a unit held. Lines count from the unit's first one."""

    file: int
    format: Format
    time: "array[int]" = field(default_factory=lambda: array("q"))
    line: "array[int]" = field(default_factory=lambda: array("q"))
    row: "array[int]" = field(default_factory=lambda: array("i"))
    """Position in `rows`."""
    rows: dict[Row, int] = field(default_factory=dict)
    """Each different row once, its time set to 0: most rows repeat another one at another time."""
    again: dict[bytes, int] = field(default_factory=dict)
    """What follows the time in a line → position in `rows`, while the unit is read."""
    noted: "dict[str, array[int]]" = field(default_factory=dict)
    """Gateway → times (µs) of IKE rows that were not kept."""
    lines: int = 0
    seen: int = 0
    """Log rows of whatever service."""
    other: Counter[str] = field(default_factory=Counter)
    """Category of another service → rows."""
    malformed: int = 0
    malformed_at: list[tuple[int, str]] = field(default_factory=list)

    def add(self, time: int, row: Row, line: int) -> None:
        """Keep a row; the time of `row` itself is 0."""
        self.time.append(time)
        self.line.append(line)
        self.row.append(self.rows.setdefault(row, len(self.rows)))

    def note(self, rows: IkeRows, gateways: Sequence[str]) -> None:
        """Note IKE rows, their `gateway` being a position in these gateways."""
        order = np.argsort(rows.gateway, kind="stable")
        counts = np.bincount(rows.gateway)
        ends = np.cumsum(counts)
        for gateway in np.flatnonzero(counts).tolist():
            times = rows.time[order[ends[gateway] - counts[gateway] : ends[gateway]]]
            self.noted.setdefault(gateways[gateway], array("q")).frombytes(times.tobytes())
        self.seen += len(order)

    def note_malformed(self, line: int, problem: str) -> None:
        """Count a line that is no log record."""
        self.malformed += 1
        if len(self.malformed_at) < _NAMED_MALFORMED:
            self.malformed_at.append((line, problem))


def scan(unit: Unit) -> Batch:
    """Read a unit. Raises SourceError for a file that cannot be read, or is nothing that logscan knows."""
    batch = Batch(unit.file, "json-lines")
    _MEMORY.beginnings.make_room()
    try:
        _scan(unit, batch)
    except PartialResultError as problem:
        raise SourceError(f"{unit.path}: {problem}") from None
    batch.again.clear()
    return batch


def _scan(unit: Unit, batch: Batch) -> None:
    if unit.stop is not None:
        for lines in _whole_lines(_part_of(unit, unit.stop)):
            _scan_lines(lines, unit, batch)
        return
    with opened(unit.path) as file:
        head = file.read(HEAD_BYTES)
        batch.format = recognise(unit.path, head)
        if batch.format == "json-lines":
            for lines in _whole_lines(file.readinto, head):  # type: ignore[attr-defined]  # files of bytes have it
                _scan_lines(lines, unit, batch)
    if batch.format in {"json-document", "csv"}:
        read = document_records if batch.format == "json-document" else csv_records
        for number, record in read(unit.path):
            _take(_read(record, unit.resource), number, batch)


def _part_of(unit: Unit, stop: int) -> Callable[[memoryview], int]:
    """Reads on in the unit's part of its file, like a file's readinto."""
    at = unit.start

    def readinto(room: memoryview) -> int:
        nonlocal at
        try:
            with unit.path.open("rb", buffering=0) as file:
                file.seek(at)
                got = file.readinto(room[: stop - at]) or 0
        except OSError as error:
            raise SourceError(f"{unit.path}: cannot be read: {error}") from None
        at += got
        return got

    return readinto


def _whole_lines(readinto: Callable[[memoryview], int], head: bytes = b"") -> Iterator[Lines]:
    """Blocks of whole lines of what begins with `head`.

    Each block is valid until the next is asked for, for they share their memory.
    """
    buffer, flags, filled = _MEMORY.block, _MEMORY.flags, len(head)
    if filled >= len(buffer):
        buffer, flags = bytearray(2 * filled), np.empty(2 * filled, dtype=bool)
    buffer[:filled] = head
    while got := readinto(memoryview(buffer)[filled : filled + _taste()]):
        filled += got
        cut = buffer.rfind(b"\n", 0, filled) + 1
        if cut:
            yield Lines(memoryview(buffer)[:cut], flags[:cut])
            buffer[: filled - cut] = buffer[cut:filled]
            filled -= cut
        elif filled == len(buffer):
            buffer, flags = buffer + bytes(filled), np.empty(2 * filled, dtype=bool)
    if filled:
        yield Lines(memoryview(buffer)[:filled], flags[:filled])


def _taste() -> int:
    """Bytes to read at once."""
    return _BLOCK_BYTES if _MEMORY.beginnings.gateways else _FIRST_BYTES


def _scan_lines(lines: Lines, unit: Unit, batch: Batch) -> None:
    beginnings = _MEMORY.beginnings
    ike, others = beginnings.find(lines)
    if unit.ike_of is None:
        batch.note(ike, beginnings.gateways)
    else:  # the second look
        is_wanted = np.array([gateway in unit.ike_of for gateway in beginnings.gateways], dtype=bool)
        noted = lines.at(ike.line[is_wanted[ike.gateway]])
        for position, line in noted:
            _parse_noted(line, batch.lines + position + 1, unit, batch)
    is_first_look = unit.ike_of is None
    for position, line in others:
        number = batch.lines + position + 1
        if is_first_look and _take_again(line, number, batch):
            continue
        repeated = _repeated(line, unit.resource)
        for read in (repeated,) if repeated else _read_line(line, unit.resource):
            if isinstance(read, _Dated) and read.row.category == IKE:
                _take_ike(read, number, unit, batch)
                beginnings.learn(line)
            elif is_first_look:
                _take(read, number, batch)
                if repeated:
                    batch.again[_after_time(line)] = batch.row[-1]
    batch.lines += len(lines)


def _parse_noted(line: bytes, number: int, unit: Unit, batch: Batch) -> None:
    """Parse a line that the first look only noted: its message may turn out not to be JSON."""
    for read in _read_line(line, unit.resource):
        if isinstance(read, _Dated):
            batch.add(read.time, read.row, number)
        elif isinstance(read, MalformedRow):
            batch.note_malformed(number, str(read))


def _take_again(line: bytes, number: int, batch: Batch) -> bool:
    """Keep a row that repeats an earlier one of the unit but for its time."""
    place = batch.again.get(_after_time(line))
    if place is None:
        return False
    try:
        time = _time_of(line)
    except ValueError:
        return False
    batch.time.append(time)
    batch.line.append(number)
    batch.row.append(place)
    batch.seen += 1
    return True


class _Dated(NamedTuple):
    time: int
    row: Row
    """Its own time is 0."""


_Read = _Dated | OtherServiceRow | MalformedRow


def _take_ike(read: _Dated, number: int, unit: Unit, batch: Batch) -> None:
    if unit.ike_of is None:
        batch.noted.setdefault(read.row.resource, array("q")).append(read.time)
        batch.seen += 1
    elif read.row.resource in unit.ike_of:
        batch.add(read.time, read.row, number)


def _take(read: _Read, number: int, batch: Batch) -> None:
    if isinstance(read, MalformedRow):
        batch.note_malformed(number, str(read))
        return
    batch.seen += 1
    if isinstance(read, OtherServiceRow):
        batch.other[read.category] += 1
    else:
        batch.add(read.time, read.row, number)


def _read_line(line: bytes, resource: str) -> Iterable[_Read]:
    if not line or line.isspace():
        return ()
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return (MalformedRow(f"not valid JSON: {str(error).split(':')[0]}"),)
    return (_read(record, resource) for record in expand(value))


def _after_time(line: bytes) -> bytes:
    """What follows the time in a line that begins with it; nothing in another."""
    return line[line.find(b'"', len(_BEGINS_WITH_TIME)) + 1 :] if line.startswith(_BEGINS_WITH_TIME) else b""


def _time_of(line: bytes) -> int:
    """The time that such a line begins with. Raises ValueError."""
    begin = len(_BEGINS_WITH_TIME)
    time = line[begin : line.index(b'"', begin)].decode()
    # ISO 8601 allows what JSON does not: any character between date and time.
    if not time.isprintable() or "\\" in time:
        raise ValueError(time)
    return read_time(time)


def _repeated(line: bytes, resource: str) -> _Dated | None:
    """Read a line that begins with its time. Most of them repeat an earlier one but for the time."""
    rest = _after_time(line)
    row = _row_at_any_time(rest, resource) if rest else None
    try:
        return _Dated(_time_of(line), row) if row else None
    except ValueError:
        return None


@lru_cache(_REPEATED_LINES)
def _row_at_any_time(rest: bytes, resource: str) -> Row | None:
    """The row of which this is what follows its time; None if it is anything but one whole row of ours."""
    try:
        (record,) = expand(json.loads(_BEGINS_WITH_TIME + _ANY_TIME + b'"' + rest))
    except (ValueError, RecursionError):
        return None
    read = _read(record, resource)
    # Another key might have the last word on the time.
    return read.row if isinstance(read, _Dated) and read.time == read_time(_ANY_TIME.decode()) else None


def _read(record: object, resource: str) -> _Read:
    try:
        row = read_record(record, resource=resource)
    except MalformedRow as problem:
        return problem
    return row if isinstance(row, OtherServiceRow) else _Dated(row.time, row._replace(time=0))
