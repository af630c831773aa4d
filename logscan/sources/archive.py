"""Reads log files: a storage account's archive, or anything else that a user may hold, recognised by content."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from logscan.errors import SourceError
from logscan.sources.crew import Crew, Progress
from logscan.sources.files import find_files
from logscan.sources.formats import TRIED
from logscan.sources.ike_rows import Reading, blobs_for_later, parse_where_noting_is_not_enough, read_ike_blobs
from logscan.sources.scan import TEXTS

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from logscan.tables import Logs, Source

    Ints = npt.NDArray[np.int64]

PARSE_IKE_UP_TO: Final = 5_000
"""So many IKE rows are parsed rather than noted: it costs a tenth of a second, and every count is then exact."""

READ_ALL_IKE_UP_TO: Final = 64 << 20
"""IKE containers of so many bytes are read whole."""

_NAMED_MALFORMED: Final = 100
_REPEATED_ROWS: Final = 1 << 14


def read_archive(
    *paths: str | os.PathLike[str],
    on_progress: Callable[[Progress], None] | None = None,
    processes: int = 1,
    tolerance: timedelta = timedelta(minutes=15),
    parse_ike_up_to: int = PARSE_IKE_UP_TO,
    read_all_ike_up_to: int = READ_ALL_IKE_UP_TO,
) -> "Logs":
    """Logs from files and folders: RECORDS, the IKE rows that were only noted, and what was read of each path.

    Reads the storage layout (`insights-logs-*/resourceId=…/y=…/PT1H.json`, or any part of it), JSON lines, JSON
    arrays, Event Hubs envelopes, the output of `az monitor log-analytics query`, raw Log Analytics replies and CSV
    with AzureDiagnostics columns, each also gzipped; `-` is standard input. Names that begin with a dot are passed
    over. Rows may be read twice: `analyze` removes duplicates. `tolerance` is the one they will be analysed with: of a
    large IKE container only the blobs are opened that can say whether logs were collected so near a drop. A script that
    asks for several `processes` needs `if __name__ == "__main__"`.

    Raises SourceError for a path that is missing, cannot be read, or holds nothing that logscan knows.
    """
    with ExitStack() as stack:
        files = find_files(paths, stack)
        crew = stack.enter_context(Crew(files, on_progress, processes))
        reading = Reading(files)
        later = blobs_for_later(files, read_all_ike_up_to)
        reading.first_look += crew.read([index for index in range(len(files)) if index not in later])
        read_ike_blobs(later, reading, crew, tolerance)
        parse_where_noting_is_not_enough(reading, crew, parse_ike_up_to)
        _refuse_foreign(paths, reading)
        return _logs(paths, reading)


def _refuse_foreign(paths: Sequence[str | os.PathLike[str]], reading: Reading) -> None:
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
        raise SourceError(f"{path}: no log rows in it: the query or the export found nothing, or every file is empty")


def _logs(paths: Sequence[str | os.PathLike[str]], reading: Reading) -> "Logs":
    from logscan.tables import Logs

    return Logs(
        records=_records(reading),
        heartbeats=_heartbeats(reading),
        sources=tuple(_source(path, index, reading) for index, path in enumerate(paths)),
        files=tuple(file.name for file in reading.files),
        document_files=frozenset(i for i, file in enumerate(reading.files) if file.format == "json-document"),
    )


def _records(reading: Reading) -> "pd.DataFrame":
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


def _heartbeats(reading: Reading) -> "pd.DataFrame":
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


def _source(path: str | os.PathLike[str], index: int, reading: Reading) -> "Source":
    from logscan.tables import Source

    files = [file for file in reading.files if file.source == index]
    placed = [item for item in reading.first_look if reading.files[item.batch.file].source == index]
    again = [item for item in reading.second_look if reading.files[item.batch.file].source == index]
    read = [file for file in files if file.format]
    unread = [file for file in files if not file.format]
    where = [
        f"{reading.files[item.batch.file].name}:{item.lines_before + line}: {problem}"
        for item in (*placed, *again)
        for line, problem in item.batch.malformed_at
    ]
    return Source(
        path=os.fsencode(path).decode("utf-8", "replace"),
        files=len(read),
        read_bytes=sum(file.size for file in read),
        rows=sum(item.batch.seen for item in placed) - sum(item.batch.malformed for item in again),
        ike_noted=sum(len(times) for item in placed for times in item.batch.noted.values()),
        other_service=sum(item.batch.other.total() for item in placed),
        malformed=sum(item.batch.malformed for item in (*placed, *again)),
        empty_files=sum(file.format == "empty" for file in read),
        unread_files=len(unread),
        unread_bytes=sum(file.size for file in unread),
        malformed_at=tuple(where[:_NAMED_MALFORMED]),
    )
