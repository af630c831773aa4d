"""Recognises what a file holds by looking at it, and gives its records one by one, with where each one stands."""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, Literal, cast

from logscan.errors import PartialResultError, SourceError

Format = Literal["empty", "json-lines", "json-document", "csv"]

TRIED: Final = (
    'JSON lines (PT1H.json), a JSON array, {"records": […]}, a Log Analytics reply {"tables": […]}, '
    "CSV with AzureDiagnostics columns; each also gzipped"
)

HEAD_BYTES: Final = 1 << 16
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unzipped if it is gzip, without a byte-order mark, in UTF-8. Raises SourceError."""
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            plain: IO[bytes]
            with cast("IO[bytes]", gzip.open(file)) if is_gzip else file as plain:
                head = plain.read(3)
                if head[:2] in _UTF16_MARKS:  # what PowerShell writes with `>`
                    yield io.BytesIO((head + plain.read()).decode("utf-16").encode())
                    return
                plain.seek(len(_UTF8_MARK) if head == _UTF8_MARK else 0)
                yield plain
    except EOFError:
        raise SourceError(f"{path}: the gzip file ends too early; copy or download it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"{path}: damaged gzip file ({error}); copy or download it again") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise SourceError(f"{path}: not a text file that logscan knows. Tried: {TRIED}") from None


@contextmanager
def _opened_text(path: Path, newline: str | None = None) -> Iterator[io.TextIOWrapper]:
    """The same as text. Bytes that are no UTF-8 become U+FFFD."""
    with opened(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline=newline)
        try:
            yield text
        finally:
            text.detach()


def recognise(path: Path, head: bytes) -> Format:
    """What a file is that begins with these bytes, HEAD_BYTES of them or all it has.

    Raises SourceError if it is nothing logscan knows.
    """
    text = head.lstrip()
    if not text:
        return "empty"
    if text[:1] == b"[":
        return "json-document"
    lines = text.split(b"\n")
    # One object over several lines is a document. A line may be torn: one that is whole makes it a file of lines, and
    # so does a lone one, whole or not.
    if any(line[:1] == b"{" and _is_json(line) for line in lines) or (text[:1] == b"{" and len(lines) == 1):
        return "json-lines"
    if text[:1] == b"{":
        return "json-document"
    header = lines[0].decode("utf-8", "replace")
    if b"\0" not in head and _csv_delimiter(header):
        return "csv"
    if zone := _OTHER_ZONE.search(header):
        raise SourceError(f"{path}: its times are in {zone[1]}: switch the portal's display to UTC and export again")
    raise SourceError(f"{path}: nothing that logscan knows. Tried: {TRIED}")


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def expand(value: object) -> Iterator[object]:
    """The records in one JSON value: itself, or those of an array, of `records` or of `tables`.

    Raises PartialResultError for a Log Analytics reply that the service cut off.
    """
    if isinstance(value, list):
        for item in value:
            yield from expand(item)
    elif isinstance(value, Mapping):
        inner = {str(key).lower(): content for key, content in value.items() if isinstance(content, list)}
        if "records" in inner:
            yield from inner["records"]
        elif "tables" in inner:
            _refuse_partial(value)
            for table in inner["tables"]:
                yield from _table_rows(table)
        else:
            yield value
    else:
        yield value


def _table_rows(table: object) -> Iterator[object]:
    """A table of a Log Analytics reply: {"columns": [{"name": …}, …], "rows": [[…], …]}."""
    try:
        names = [column["name"] for column in table["columns"]]  # type: ignore[index]
        rows = table["rows"]  # type: ignore[index]
    except (TypeError, KeyError):
        yield table
        return
    for row in rows:
        yield dict(zip(names, row, strict=False)) if isinstance(row, list) else row


def document_records(path: Path) -> Iterator[tuple[int, object]]:
    """The records of a JSON document, each with its number, 1 for the first. Raises SourceError.

    An array is read piece by piece: memory holds one record and a buffer, not the file.
    """
    with _opened_text(path) as text:
        number = 0
        for value in _values(path, text):
            for record in expand(value):
                number += 1
                yield number, record


def _refuse_partial(reply: Mapping[str, Any]) -> None:
    """A Log Analytics reply that was cut off arrives with status 200, its rows and an `error`: not the whole answer."""
    if error := reply.get("error"):
        code = error.get("code", "error") if isinstance(error, Mapping) else "error"
        raise PartialResultError(
            f"an incomplete Log Analytics reply ({code}): query a shorter time range and save it again"
        )


_ARRAY_OPENS: Final = re.compile(r'[\s,]*(?:\[|(\{)\s*"records"\s*:\s*\[)', re.IGNORECASE)
_ARRAY_CLOSES: Final = {"": re.compile(r"[\s,]*\]"), "{": re.compile(r"[\s,]*\]\s*\}")}
_BETWEEN: Final = re.compile(r"[\s,]*")


def _values(path: Path, text: IO[str]) -> Iterator[object]:
    """Every top-level JSON value; of an array, or of the array in {"records": […]}, every element."""
    decoder = json.JSONDecoder()
    buffer, position, opening, at_end = "", 0, None, False
    while True:
        if opening is None and (step := _ARRAY_OPENS.match(buffer, position)):
            opening, position = step[1] or "", step.end()
            continue
        if opening is not None and (step := _ARRAY_CLOSES[opening].match(buffer, position)):
            opening, position = None, step.end()
            continue
        position = _end(_BETWEEN.match(buffer, position))
        try:
            value, end = decoder.raw_decode(buffer, position)
        except (ValueError, RecursionError) as error:
            problem = str(error) if position < len(buffer) else "it ends too early"
        else:
            # A number at the very end of the buffer may go on in the next piece.
            if end < len(buffer) or at_end or isinstance(value, dict | list | str):
                yield value
                position = end
                continue
        if at_end and position >= len(buffer) and opening is None:
            return
        if at_end:
            raise SourceError(f"{path}: not valid JSON: {problem}. Tried: {TRIED}")
        more = text.read(max(1 << 20, len(buffer)))
        at_end = not more
        buffer, position = buffer[position:] + more, 0


def _end(found: re.Match[str] | None) -> int:
    return found.end() if found else 0


def csv_records(path: Path) -> Iterator[tuple[int, object]]:
    """The rows of a CSV export, each with the line it ends on. Raises SourceError.

    Times as the portal prints them (`11/3/2026, 4:13:05.123 AM`) become ISO 8601. Day and month are told apart by the
    whole column; where it cannot tell, AM or PM in capitals means the American order, and without them the row is malformed.
    """
    order = None
    with _opened_text(path, newline="") as text:
        for _, row in _csv_rows(path, text):
            order = order or _day_or_month_first(str(row.get(_time_column(row), "")))
    with _opened_text(path, newline="") as text:
        for line, row in _csv_rows(path, text):
            column = _time_column(row)
            yield line, row | {column: _portal_time(str(row.get(column) or ""), order)}


def _csv_rows(path: Path, text: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    head = text.readline()
    csv.field_size_limit(1 << 27)
    names = next(csv.reader([head], delimiter=_csv_delimiter(head)))
    reader = csv.reader(text, delimiter=_csv_delimiter(head))
    try:
        for cells in reader:
            if cells:
                yield reader.line_num + 1, dict(zip((name.strip() for name in names), cells, strict=False))
    except csv.Error as error:
        raise SourceError(f"{path}:{reader.line_num + 1}: not valid CSV: {error}") from None


_OTHER_ZONE: Final = re.compile(r"TimeGenerated \[([^\]]+)\]", re.IGNORECASE)


def _csv_delimiter(header: str) -> str:
    """The delimiter of a header line with AzureDiagnostics columns, else ''."""
    for delimiter in (",", ";", "\t"):
        names = {name.strip().strip('"').lower() for name in header.split(delimiter)}
        if {"timegenerated", "timegenerated [utc]", "time"} & names and {"category", "operationname"} & names:
            return delimiter
    return ""


def _time_column(row: Mapping[str, Any]) -> str:
    return next((name for name in row if name.lower() in {"timegenerated", "timegenerated [utc]", "time"}), "time")


_SLASHED: Final = re.compile(
    r"(\d{1,4})/(\d{1,2})/(\d{1,4}),?\s+(\d{1,2}):(\d\d):(\d\d)(\.\d+)?\s*([AaPp])?\.?[Mm]?\.?"
)
_YEAR_DIGITS: Final = 4
_MONTHS: Final = 12


def _day_or_month_first(text: str) -> str | None:
    found = _SLASHED.fullmatch(text.strip())
    if not found or len(found[1]) == _YEAR_DIGITS:
        return None
    return "day" if int(found[1]) > _MONTHS else "month" if int(found[2]) > _MONTHS else None


def _portal_time(text: str, order: str | None) -> str:
    found = _SLASHED.fullmatch(text.strip())
    if not found:
        return text
    first, second, third, hour, minute, second_of_minute, fraction, half = found.groups()
    if len(first) == _YEAR_DIGITS:  # a Japanese browser: 2026/11/3 4:13:05.123
        year, month, day = first, second, third
    else:
        # A browser in the United States writes AM and PM in capitals; one in Australia does not, and the day first.
        order = order or ("month" if half and half.isupper() else None)
        if order is None:
            return text  # read_time refuses it: a time guessed wrong is worse
        month, day = (first, second) if order == "month" else (second, first)
        year = third
    hours = int(hour) % 12 + (12 if half.lower() == "p" else 0) if half else int(hour)
    try:
        moment = datetime(int(year), int(month), int(day), hours, int(minute), int(second_of_minute))  # noqa: DTZ001 - UTC by the column
    except ValueError:
        return text
    return f"{moment.isoformat()}{(fraction or '')[:7]}+00:00"
