"""Reads one unit of work, a file or a part of one, into rows; loaded by every process that reads.

An archive is nine tenths IKE rows, which no drop needs: what is proven to be one by its bytes is not parsed, only its
time and gateway are noted. All else is parsed, so that a spelling not foreseen costs time and never a row.
"""

import json
import mmap
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from logscan.errors import SourceError
from logscan.sources.formats import Format, csv_records, document_records, expand, opened
from logscan.sources.rows import MalformedRow, OtherServiceRow, Row, read_record, read_time

_BLOCK_BYTES: Final = 1 << 20
_NAMED_MALFORMED: Final = 20
"""So many malformed lines of a unit are named, the rest only counted."""

_IKE_MARKS: Final = (b'"category":"IKEDiagnosticLog"', b'"category": "IKEDiagnosticLog"')
"""A quote inside a JSON string is escaped, so no text in a message can look like these."""

_IKE_HEAD: Final = re.compile(
    rb'\{\s*"time"\s*:\s*"([0-9T:.+-]{19,35}Z?)"\s*,\s*"resourceId"\s*:\s*"([^"\\]+)"\s*,.*\}\s*', re.DOTALL
)

TEXTS: Final = ("resource", "category", "operation", "remote_ip", "status", "reason", "message", "region")
"""The columns of Row that hold text."""


@dataclass(frozen=True)
class Unit:
    """What one process reads at a time: a file, or bytes [start, stop) of one, cut between lines."""

    path: Path
    file: int
    """Its index among all files."""
    format: Format
    size: int
    resource: str = ""
    """Resource id for rows that name none: from the blob's path."""
    start: int = 0
    stop: int | None = None
    ike_of: frozenset[str] | None = None
    """The second look at a file: parse the IKE rows of these gateways that were only noted, and nothing else."""


@dataclass
class Texts:
    """A column of text that repeats: each different one once, and a code a row."""

    codes: "array[int]" = field(default_factory=lambda: array("q"))
    vocabulary: dict[str, int] = field(default_factory=dict)

    def append(self, text: str) -> None:
        """Add a row."""
        self.codes.append(self.vocabulary.setdefault(text, len(self.vocabulary)))


@dataclass
class Batch:
    """What a unit held. Lines count from the unit's first one."""

    file: int
    size: int
    time: "array[int]" = field(default_factory=lambda: array("q"))
    instance: "array[int]" = field(default_factory=lambda: array("b"))
    line: "array[int]" = field(default_factory=lambda: array("q"))
    texts: dict[str, Texts] = field(default_factory=lambda: {name: Texts() for name in TEXTS})
    noted: "dict[str, array[int]]" = field(default_factory=dict)
    """Gateway → times (µs) of IKE rows that were not parsed."""
    lines: int = 0
    seen: int = 0
    """Log rows of whatever service."""
    other: Counter[str] = field(default_factory=Counter)
    """Category of another service → rows."""
    malformed: int = 0
    malformed_at: list[tuple[int, str]] = field(default_factory=list)

    def add(self, row: Row, line: int) -> None:
        """Keep a row."""
        self.time.append(row.time)
        self.instance.append(row.instance)
        self.line.append(line)
        for name, texts in self.texts.items():
            texts.append(getattr(row, name))

    def note_malformed(self, line: int, problem: str) -> None:
        """Count a line that is no log record."""
        self.malformed += 1
        if len(self.malformed_at) < _NAMED_MALFORMED:
            self.malformed_at.append((line, problem))


def scan(unit: Unit) -> Batch:
    """Read a unit. Raises SourceError for a file that cannot be read."""
    batch = Batch(unit.file, unit.size)
    if unit.format == "json-lines":
        for block in _blocks(unit):
            _scan_block(block, unit, batch)
    elif unit.format in {"json-document", "csv"}:
        read = document_records if unit.format == "json-document" else csv_records
        for number, record in read(unit.path):
            _keep(record, number, unit, batch)
    return batch


def _blocks(unit: Unit) -> Iterator[bytes]:
    """The unit's bytes in blocks of whole lines."""
    if unit.stop is None:
        with opened(unit.path) as file:
            yield from _whole_lines(file.read)
        return
    stop = unit.stop
    try:
        with unit.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            mapped.seek(unit.start)
            yield from _whole_lines(lambda size: mapped.read(min(size, stop - mapped.tell())))
    except (OSError, ValueError) as error:
        raise SourceError(f"{unit.path}: cannot be read: {error}") from None


def _whole_lines(read: Callable[[int], bytes]) -> Iterator[bytes]:
    rest = b""
    while piece := read(_BLOCK_BYTES):
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield rest + piece[:cut]
            rest = piece[cut:]
        else:
            rest += piece
    if rest:
        yield rest


def _scan_block(block: bytes, unit: Unit, batch: Batch) -> None:
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, batch.lines + 1):
        ike = _ike(line)
        if unit.ike_of is not None:
            if ike and ike[1] in unit.ike_of:
                _keep(json.loads(line), number, unit, batch)
        elif ike:
            time, gateway = ike
            batch.noted.setdefault(gateway, array("q")).append(time)
            batch.seen += 1
        elif line and not line.isspace():
            _parse_line(line, number, unit, batch)
    batch.lines += len(lines)


def _ike(line: bytes) -> tuple[int, str] | None:
    """Time and gateway, if the bytes prove that the line is one whole IKE row."""
    if not any(mark in line for mark in _IKE_MARKS) or line.count(b'"category"') != 1:
        return None
    head = _IKE_HEAD.fullmatch(line)
    if not head:
        return None
    try:
        return read_time(head[1].decode()), head[2].decode().lower()
    except ValueError:
        return None


def _parse_line(line: bytes, number: int, unit: Unit, batch: Batch) -> None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        batch.note_malformed(number, f"not valid JSON: {str(error).split(':')[0]}")
        return
    for record in expand(value):
        _keep(record, number, unit, batch)


def _keep(record: object, number: int, unit: Unit, batch: Batch) -> None:
    try:
        row = read_record(record, resource=unit.resource)
    except MalformedRow as problem:
        batch.note_malformed(number, str(problem))
        return
    if unit.ike_of is None:
        batch.seen += 1
    if isinstance(row, OtherServiceRow):
        batch.other[row.category] += 1
    else:
        batch.add(row, number)
