"""Reads log files: a storage account's archive, or anything else that a user may hold, recognised by content.

Work is cut into units that several processes read side by side. Large archives are mostly IKE rows: they are seen but
not parsed (`scan`), and where a storage account keeps them in a container of their own, only the blobs whose hour is
near a Disconnected row are opened.
"""

import os
import re
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from logscan.errors import SourceError
from logscan.sources.formats import TRIED, recognise
from logscan.sources.scan import TEXTS, Batch, Unit, scan

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from logscan.tables import Logs, Source

    Ints = npt.NDArray[np.int64]

_UNIT_BYTES: Final = 16 << 20
_HANDED_OUT_BYTES: Final = 1 << 20
"""Small files are handed out many at a time."""

_FORK_FROM: Final = 32 << 20
_SPAWN_FROM: Final = 2 << 30
"""Below this, starting processes takes longer than reading: half a second for a new one, next to nothing for a copy."""

PARSE_IKE_UP_TO: Final = 5_000
"""So many IKE rows are parsed rather than noted: it costs a tenth of a second, and every count is then exact."""

READ_ALL_IKE_UP_TO: Final = 64 << 20
"""IKE containers of so many bytes are read whole."""

_SLACK_HOURS: Final = 2
"""A blob's hour is when its rows arrived: a row's own time is taken to be at most so many hours away from it."""

_DENSE_ROWS: Final = 12
_DENSE_SECONDS: Final = 600
"""Coverage asks for so many rows with a median spacing of at most this (`coverage.HEARTBEAT_ROWS`, `_SECONDS`)."""

_NAMED_MALFORMED: Final = 100
_REPEATED_ROWS: Final = 1 << 14
_HOUR: Final = 3600 * 1_000_000
_NO_TIMES: Final = np.zeros(0, dtype=np.int64)
_BLOB: Final = re.compile(
    r"(?:^|/)resourceId=(?P<resource>.+?)/y=(?P<y>\d{4})/m=(?P<m>\d\d)/d=(?P<d>\d\d)/h=(?P<h>\d\d)/", re.IGNORECASE
)
_IKE_CONTAINER: Final = re.compile(r"(?:^|/)insights-logs-ikediagnosticlog/", re.IGNORECASE)


@dataclass(frozen=True)
class Progress:
    """How far the reading is."""

    files: int
    files_done: int
    total_bytes: int
    bytes_done: int
    rows: int


@dataclass
class _File:
    path: Path
    name: str
    """As the user would write it: below the source if there is only one."""
    source: int
    size: int
    resource: str = ""
    hour: int | None = None
    """Of a blob of an IKE container: the start of its hour in µs since 1970."""
    format: str = ""
    """Empty until it is read."""


@dataclass
class _Placed:
    """A batch, with the number of lines of its file that stand before it."""

    batch: Batch
    lines_before: int


@dataclass
class _Reading:
    files: list[_File]
    first_look: list[_Placed] = field(default_factory=list)
    noted: dict[str, "Ints"] = field(default_factory=dict)
    """Gateway → sorted times of the IKE rows that stayed noted."""
    second_look: list[_Placed] = field(default_factory=list)
    """IKE rows that the first look had only noted."""


def read_archive(
    *paths: str | os.PathLike[str],
    on_progress: Callable[[Progress], None] | None = None,
    processes: int = 1,
    parse_ike_up_to: int = PARSE_IKE_UP_TO,
    read_all_ike_up_to: int = READ_ALL_IKE_UP_TO,
) -> "Logs":
    """Logs from files and folders: RECORDS, the IKE rows that were only noted, and what was read of each path.

    Reads the storage layout (`insights-logs-*/resourceId=…/y=…/PT1H.json`, or any part of it), JSON lines, JSON
    arrays, Event Hubs envelopes, the output of `az monitor log-analytics query`, raw Log Analytics replies and CSV
    with AzureDiagnostics columns, each also gzipped; `-` is standard input. Names that begin with a dot are passed
    over. Rows may be read twice: `analyze` removes duplicates. A script that asks for several `processes` needs
    `if __name__ == "__main__"`.

    Raises SourceError for a path that is missing, cannot be read, or holds nothing that logscan knows.
    """
    with ExitStack() as stack:
        files = _find_files(paths, stack)
        crew = stack.enter_context(_Crew(files, on_progress, processes))
        reading = _Reading(files)
        later = _ike_blobs_for_later(files, read_all_ike_up_to)
        reading.first_look += crew.read([index for index in range(len(files)) if index not in later])
        _read_ike_blobs(later, reading, crew)
        _parse_where_noting_is_not_enough(reading, crew, parse_ike_up_to)
        _refuse_foreign(paths, reading)
        return _logs(paths, reading)


# ---------------------------------------------------------------------------------------------- which files there are


def _find_files(paths: Sequence[str | os.PathLike[str]], stack: ExitStack) -> list[_File]:
    found = []
    for source, given in enumerate(paths):
        root = Path(given)
        named = f"{given}"
        if str(given) == "-" or (root.exists() and not root.is_file() and not root.is_dir()):
            path = Path(stack.enter_context(TemporaryDirectory(prefix="logscan-"))) / "input"
            _spool(root, path)
            found.append(_file(path, "stdin" if str(given) == "-" else named, source))
        elif root.is_dir():
            inside = sorted(_walk(root), key=lambda path: path.split(os.sep))  # noqa: PTH206 - as paths are ordered
            if not inside:
                raise SourceError(
                    f"{named}: the folder holds no files. Name the folder that has the insights-logs-… folders in it"
                )
            begin = len(os.path.join(root, "")) if len(paths) == 1 else 0  # noqa: PTH118 - with a separator at its end
            found += [_file(Path(path), path[begin:], source) for path in inside]
        elif root.exists():
            found.append(_file(root, named, source))
            if not found[-1].size:
                raise SourceError(f"{named}: the file is empty")
        else:
            raise SourceError(f"{named}: no such file or folder")
    return found


def _spool(stream: Path, path: Path) -> None:
    """A pipe is read once, a file as often as needed."""
    with path.open("wb") as file:
        if str(stream) == "-":
            shutil.copyfileobj(sys.stdin.buffer, file)
        else:
            with stream.open("rb") as pipe:
                shutil.copyfileobj(pipe, file)


def _walk(folder: str | Path) -> Iterator[str]:
    """The paths of all files below a folder; a link to a folder is not followed, for it may lead in a circle."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(entry.path)
                elif entry.is_file():
                    yield entry.path
    except OSError as error:
        raise SourceError(f"{error.filename}: cannot be read: {error.strerror}") from None


def _file(path: Path, name: str, source: int) -> _File:
    try:
        size = os.stat(path).st_size  # noqa: PTH116 - an archive may hold a file for every gateway and hour
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
    file = _File(path, os.fsencode(name).decode("utf-8", "replace"), source, size)
    where = os.path.abspath(path).replace(os.sep, "/")  # noqa: PTH100
    if blob := _BLOB.search(where):
        file.resource = blob["resource"]
        if _IKE_CONTAINER.search(where):
            began = datetime(int(blob["y"]), int(blob["m"]), int(blob["d"]), int(blob["h"]), tzinfo=UTC)
            file.hour = round(began.timestamp()) * 1_000_000
    return file


# ------------------------------------------------------------------------------------------------------ reading them


class _Crew:
    """The processes that read; one alone while there is little to read."""

    def __init__(self, files: list[_File], on_progress: Callable[[Progress], None] | None, processes: int) -> None:
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
        if self._pool:
            self._pool.shutdown(wait=kind is None, cancel_futures=True)

    def read(self, chosen: Collection[int], *, ike_of: frozenset[str] | None = None) -> list[_Placed]:
        """Read these files, in their order."""
        units = list(chain.from_iterable(self._units(index, ike_of) for index in chosen))
        placed: list[_Placed] = []
        for unit, batch in zip(units, self._batches(units), strict=True):
            last = placed[-1] if placed and placed[-1].batch.file == batch.file else None
            placed.append(_Placed(batch, last.lines_before + last.batch.lines if last else 0))
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
        if file.size <= _UNIT_BYTES or recognise(file.path) != "json-lines":
            yield whole
            return
        with file.path.open("rb") as stream:
            if stream.read(1) != b"{":  # gzip, or a byte-order mark: bytes of the file are not bytes of the text
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


# ------------------------------------------------------------------------------ IKE blobs that need not all be opened


def _ike_blobs_for_later(files: list[_File], read_all_up_to: int) -> set[int]:
    blobs = {index for index, file in enumerate(files) if file.hour is not None}
    return blobs if sum(files[index].size for index in blobs) > read_all_up_to else set()


def _read_ike_blobs(later: set[int], reading: _Reading, crew: _Crew) -> None:
    """Read what can change an answer: the newest rows, those near a drop, and enough to prove a heartbeat.

    A gateway whose heartbeat is not proven by then has few IKE rows: all its blobs are read.
    """
    if not later:
        return
    disconnects = _disconnects(reading)
    files = reading.files
    newest = max(files[index].hour or 0 for index in later)
    slack = (_SLACK_HOURS + 1) * _HOUR
    wanted = {
        index
        for index in later
        if (hour := files[index].hour or 0) >= newest - slack
        or _any_between(disconnects.get(files[index].resource.lower(), _NO_TIMES), hour - slack, hour + slack)
    }
    left = sorted(later - wanted, key=lambda index: -(files[index].hour or 0))
    while wanted:
        reading.first_look += crew.read(sorted(wanted))
        times = _noted_times(reading)
        unproven = {
            gateway
            for gateway in disconnects
            if not _is_dense(
                times.get(gateway, _NO_TIMES),
                [files[i].hour or 0 for i in left if files[i].resource.lower() == gateway],
            )
        }
        more = [index for index in left if files[index].resource.lower() in unproven]
        wanted = set(more[: max(8, len(later) - len(left))])
        left = [index for index in left if index not in wanted]
    crew.leave(len(left), sum(files[index].size for index in left))


def _any_between(times: "Ints", first: int, stop: int) -> bool:
    """Whether any of these sorted times is in [first, stop)."""
    begin, end = times.searchsorted([first, stop])
    return bool(begin < end)


def _disconnects(reading: _Reading) -> dict[str, "Ints"]:
    """Gateway → times of its Disconnected rows, sorted."""
    code: dict[str, int] = {}
    gateways, times = [], []
    for batch in (placed.batch for placed in reading.first_look):
        says_so = np.array(["disconnected" in (row.operation + row.status).lower() for row in batch.rows], dtype=bool)
        gateway = np.array([code.setdefault(row.resource, len(code)) for row in batch.rows], dtype=np.int32)
        row = np.frombuffer(batch.row, dtype=np.int32)
        chosen = says_so[row]
        gateways.append(gateway[row[chosen]])
        times.append(np.frombuffer(batch.time, dtype=np.int64)[chosen])
    return _by_name(code, gateways, times)


def _noted_times(reading: _Reading) -> dict[str, "Ints"]:
    """Gateway → times of its IKE rows that were noted, sorted."""
    found: dict[str, list[Ints]] = {}
    for placed in reading.first_look:
        for gateway, times in placed.batch.noted.items():
            found.setdefault(gateway, []).append(np.frombuffer(times, dtype=np.int64))
    # They are nearly in order: this sort takes advantage of it.
    return {gateway: np.sort(np.concatenate(times), kind="stable") for gateway, times in found.items()}


def _by_name(code: dict[str, int], codes: "list[npt.NDArray[np.int32]]", times: "list[Ints]") -> dict[str, "Ints"]:
    """The times of each code, sorted, under its name; a name without times is left out."""
    if not code:
        return {}
    all_codes, all_times = np.concatenate(codes), np.concatenate(times)
    order = np.lexsort((all_times, all_codes))
    bounds = np.cumsum(np.bincount(all_codes, minlength=len(code)))[:-1]
    parts = np.split(all_times[order], bounds)
    return {name: part for name, part in zip(code, parts, strict=True) if len(part)}


def _is_dense(times: "Ints", unread_hours: Sequence[int] = ()) -> bool:
    """Whether rows at these sorted times prove a median spacing of at most 10 min, whatever other rows there may be.

    In a span S there are fewer than S / 10 min longer spacings. With twice as many spacings in all, most are not
    longer; a further row adds at most as many longer spacings as S allows.
    """
    if not len(times):
        return False
    distinct = 1 + int(np.count_nonzero(np.diff(times)))
    slack = (_SLACK_HOURS + 1) * _HOUR
    first = min(int(times[0]), *(hour - slack for hour in unread_hours), int(times[0]))
    last = max(int(times[-1]), *(hour + slack for hour in unread_hours), int(times[-1]))
    return distinct > _DENSE_ROWS and (distinct - 1) * _DENSE_SECONDS * 1_000_000 >= 2 * (last - first)


def _parse_where_noting_is_not_enough(reading: _Reading, crew: _Crew, parse_up_to: int) -> None:
    """Parse the noted IKE rows of gateways where their number, or a duplicate among them, could change an answer."""
    times = _noted_times(reading)
    if sum(map(len, times.values())) <= parse_up_to:
        wanted = frozenset(times)
    else:
        wanted = frozenset(
            gateway for gateway in _disconnects(reading) if gateway in times and not _is_dense(times[gateway])
        )
    reading.noted = {gateway: of for gateway, of in times.items() if gateway not in wanted}
    files = sorted({placed.batch.file for placed in reading.first_look if wanted & placed.batch.noted.keys()})
    if not files:
        return
    reading.second_look = crew.read(files, ike_of=wanted)
    for placed in reading.first_look:
        for gateway in wanted & placed.batch.noted.keys():
            del placed.batch.noted[gateway]


# ---------------------------------------------------------------------------------------------------- what it amounts to


def _refuse_foreign(paths: Sequence[str | os.PathLike[str]], reading: _Reading) -> None:
    for source, path in enumerate(paths):
        of_source = [placed for placed in reading.first_look if reading.files[placed.batch.file].source == source]
        batches = [placed.batch for placed in of_source]
        other: Counter[str] = sum((batch.other for batch in batches), Counter())
        if any(batch.seen > batch.other.total() for batch in batches):
            continue
        if other:
            categories = ", ".join(f"{name} ({rows})" for name, rows in other.most_common(3))
            raise SourceError(
                f"{path}: logs of another Azure service, none of a VPN gateway: {categories}. "
                "Wanted: TunnelDiagnosticLog, GatewayDiagnosticLog, RouteDiagnosticLog, IKEDiagnosticLog",
            )
        for placed in of_source:
            if placed.batch.malformed:
                line, problem = placed.batch.malformed_at[0]
                name = reading.files[placed.batch.file].path
                raise SourceError(
                    f"{path}: no log records in it; first, {name}:{placed.lines_before + line}: {problem}. Tried: {TRIED}"
                )
        raise SourceError(f"{path}: no log records in it: every file is empty")


def _logs(paths: Sequence[str | os.PathLike[str]], reading: _Reading) -> "Logs":
    from logscan.tables import Logs

    return Logs(
        records=_records(reading),
        heartbeats=_heartbeats(reading),
        sources=tuple(_source(path, index, reading) for index, path in enumerate(paths)),
        files=tuple(file.name for file in reading.files),
        document_files=frozenset(i for i, file in enumerate(reading.files) if file.format == "json-document"),
    )


def _records(reading: _Reading) -> "pd.DataFrame":
    import pandas as pd

    from logscan.tables import RECORDS

    placed = [*reading.first_look, *reading.second_look]
    placed.sort(key=lambda item: item.batch.file)
    batches = [item.batch for item in placed]
    rows = [row for batch in batches for row in batch.rows]
    if not rows:
        return RECORDS.empty()
    # Each batch's positions point into its own part of all rows.
    before = np.cumsum([0, *(len(batch.rows) for batch in batches)])
    row = np.concatenate(
        [np.frombuffer(batch.row, np.int32) + start for batch, start in zip(batches, before, strict=False)]
    )
    file = np.repeat([batch.file for batch in batches], [len(batch.row) for batch in batches])
    line = np.concatenate([np.frombuffer(item.batch.line, np.int64) + item.lines_before for item in placed])
    # In the order of the files: equal times keep it.
    order = np.lexsort((line, file))
    row, file = row[order], file[order]
    instance = np.array([each.instance for each in rows], dtype=np.int8)[row]
    frame = pd.DataFrame(
        {
            "time": _utc(np.concatenate([np.frombuffer(batch.time, np.int64) for batch in batches])[order]),
            "instance": pd.Series(instance, dtype="Int8").mask(instance < 0),
            **{name: pd.array([getattr(each, name) for each in rows], dtype="str").take(row) for name in TEXTS},
            "source": np.array([file.source for file in reading.files])[file],
            "file": file,
            "line": line[order],
        },
    )
    return RECORDS.conform(frame)


def _heartbeats(reading: _Reading) -> "pd.DataFrame":
    import pandas as pd

    from logscan.tables import HEARTBEATS

    times = reading.noted
    if not times:
        return HEARTBEATS.empty()
    resources = _repeated({gateway: len(of) for gateway, of in times.items()})
    return HEARTBEATS.conform(pd.DataFrame({"time": _utc(np.concatenate(list(times.values()))), "resource": resources}))


def _repeated(times: dict[str, int]) -> "pd.api.extensions.ExtensionArray":
    """Each text so many times, as a column that holds it a few thousand times only: its chunks share their memory."""
    import pandas as pd
    import pyarrow as pa  # type: ignore[import-untyped]

    chunks = []
    for text, count in times.items():
        chunk = pa.repeat(pa.scalar(text, pa.large_string()), min(count, _REPEATED_ROWS))
        chunks += [chunk] * (count // _REPEATED_ROWS) + [chunk[: count % _REPEATED_ROWS]]
    column: pd.api.extensions.ExtensionArray = pd.StringDtype("pyarrow", na_value=np.nan).__from_arrow__(  # type: ignore[attr-defined]
        pa.chunked_array(chunks)
    )
    return column


def _utc(microseconds: "Ints") -> "pd.DatetimeIndex":
    import pandas as pd

    return pd.DatetimeIndex(microseconds.astype("datetime64[us]")).tz_localize("UTC")


def _source(path: str | os.PathLike[str], index: int, reading: _Reading) -> "Source":
    from logscan.tables import Source

    files = [file for file in reading.files if file.source == index]
    placed = [item for item in reading.first_look if reading.files[item.batch.file].source == index]
    read = [file for file in files if file.format]
    unread = [file for file in files if not file.format]
    where = [
        f"{reading.files[item.batch.file].name}:{item.lines_before + line}: {problem}"
        for item in placed
        for line, problem in item.batch.malformed_at
    ]
    return Source(
        path=os.fsencode(path).decode("utf-8", "replace"),
        files=len(read),
        read_bytes=sum(file.size for file in read),
        rows=sum(item.batch.seen for item in placed),
        ike_noted=sum(len(times) for item in placed for times in item.batch.noted.values()),
        other_service=sum(item.batch.other.total() for item in placed),
        malformed=sum(item.batch.malformed for item in placed),
        empty_files=sum(file.format == "empty" for file in read),
        unread_files=len(unread),
        unread_bytes=sum(file.size for file in unread),
        malformed_at=tuple(where[:_NAMED_MALFORMED]),
    )
