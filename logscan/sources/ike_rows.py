"""Reads of a large IKE log only what can change an answer.

IKE rows are a heartbeat: coverage asks whether a gateway logs steadily, and whether it did so around a drop. A storage
account keeps them in a container of their own, of which most blobs need not be opened; elsewhere they are seen, but only
their time is noted. Where that does not suffice they are read after all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from logscan.categories import HEARTBEAT_CATEGORIES, IKE
from logscan.sources.crew import Crew, Placed
from logscan.sources.files import File
from logscan.sources.rows import Row

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

_SLACK_HOURS: Final = 2
"""A blob's hour is when its rows arrived: a row's own time is taken to be at most so many hours away from it."""

_DENSE_ROWS: Final = 12
_DENSE_SECONDS: Final = 600
"""Coverage asks for so many rows with a median spacing of at most this (`coverage.HEARTBEAT_ROWS`, `_SECONDS`)."""

_HOUR: Final = 3600 * 1_000_000
_NO_TIMES: Final = np.zeros(0, dtype=np.int64)


@dataclass
class Reading:
    """Everything that has been read so far."""

    files: list[File]
    first_look: list[Placed] = field(default_factory=list)
    noted: dict[str, "Ints"] = field(default_factory=dict)
    """Gateway → sorted times of the IKE rows that stayed noted."""
    second_look: list[Placed] = field(default_factory=list)
    """IKE rows that the first look had only noted."""


def blobs_for_later(files: list[File], read_all_up_to: int) -> set[int]:
    """The blobs of IKE containers, if they have more bytes than that."""
    blobs = {index for index, file in enumerate(files) if file.hour is not None}
    return blobs if sum(files[index].size for index in blobs) > read_all_up_to else set()


def read_ike_blobs(later: set[int], reading: Reading, crew: Crew, tolerance: timedelta) -> None:
    """Read those of the blobs that can change an answer.

    Those near a Disconnected row that nothing else shows to be logged; those that may hold the oldest or the newest row
    of all data; one of each gateway of which no IKE row is seen; and where it is in doubt whether a gateway logs steadily,
    more and more of its blobs until there is no doubt or none is left.
    """
    if not later:
        return
    hours = {index: reading.files[index].hour or 0 for index in later}
    gateway = {index: "/" + reading.files[index].resource.lower().lstrip("/") for index in later}
    near = round(tolerance.total_seconds() * 1_000_000)
    silent = _without_a_beat(_disconnects(reading), _beats(reading), near)
    left = sorted(later, key=lambda index: -hours[index])
    wanted = {index for index in left if _any_between(silent.get(gateway[index]), *_span(hours[index], near))}
    while wanted or left:
        reading.first_look += crew.read(sorted(wanted))
        left = [index for index in left if index not in wanted]
        beats = _beats(reading)
        unread: dict[str, list[int]] = {}
        for index in left:
            unread.setdefault(gateway[index], []).append(hours[index])
        doubtful = {name for name in silent if not _is_dense(beats.get(name, _NO_TIMES), unread.get(name, []))}
        more = [index for index in left if gateway[index] in doubtful][: max(8, len(later) - len(left))]
        with_ike = {*_noted_times(reading), *_times(reading, lambda row: row.category == IKE)}
        unseen = {gateway[index]: index for index in left if gateway[index] not in with_ike}
        wanted = {*more, *unseen.values(), *_outermost(left, hours, reading)}
        if not wanted:
            break
    crew.leave(len(left), sum(reading.files[index].size for index in left))


def _span(hour: int, more: int = 0) -> tuple[int, int]:
    """When the rows of a blob may have been written, and so many µs on either side: [first, stop)."""
    return hour - _SLACK_HOURS * _HOUR - more, hour + (_SLACK_HOURS + 1) * _HOUR + more


def _outermost(left: Sequence[int], hours: dict[int, int], reading: Reading) -> list[int]:
    """The newest and the oldest of these blobs, as long as they may hold a row outside of what was read."""
    times = [np.frombuffer(placed.batch.time, dtype=np.int64) for placed in reading.first_look]
    times += _noted_times(reading).values()
    seen = [(int(part.min()), int(part.max())) for part in times if len(part)]
    if not seen:
        return list(left)
    first, last = min(first for first, _ in seen), max(last for _, last in seen)
    newest = [index for index in left if _span(hours[index])[1] > last]
    oldest = [index for index in left if _span(hours[index])[0] < first]
    return newest[:8] + oldest[-8:]


def parse_where_noting_is_not_enough(reading: Reading, crew: Crew, parse_up_to: int) -> None:
    """Parse the noted IKE rows of gateways where their number, or a duplicate among them, could change an answer."""
    noted = _noted_times(reading)
    if sum(map(len, noted.values())) <= parse_up_to:
        wanted = frozenset(noted)
    else:
        beats = _beats(reading)
        doubtful = (name for name in _disconnects(reading) if not _is_dense(beats.get(name, _NO_TIMES)))
        wanted = frozenset(doubtful) & noted.keys()
    reading.noted = {gateway: times for gateway, times in noted.items() if gateway not in wanted}
    files = sorted({placed.batch.file for placed in reading.first_look if wanted & placed.batch.noted.keys()})
    if not files:
        return
    reading.second_look = crew.read(files, ike_of=wanted)
    for placed in reading.first_look:
        for gateway in wanted & placed.batch.noted.keys():
            del placed.batch.noted[gateway]


def _without_a_beat(disconnects: dict[str, "Ints"], beats: dict[str, "Ints"], near: int) -> dict[str, "Ints"]:
    """The Disconnected rows that have no row of another log within so many µs."""
    silent = {}
    for gateway, times in disconnects.items():
        known = beats.get(gateway, _NO_TIMES)
        has_one = known.searchsorted(times - near, "left") < known.searchsorted(times + near, "right")
        silent[gateway] = times[~has_one]
    return silent


def _any_between(times: "Ints | None", first: int, stop: int) -> bool:
    """Whether any of these sorted times is in [first, stop)."""
    if times is None:
        return False
    begin, end = times.searchsorted([first, stop])
    return bool(begin < end)


def _disconnects(reading: Reading) -> dict[str, "Ints"]:
    """Gateway → times of its Disconnected rows, sorted."""
    return _sorted(_times(reading, lambda row: "disconnected" in (row.operation + row.status).lower()))


def _beats(reading: Reading) -> dict[str, "Ints"]:
    """Gateway → times of its rows other than tunnel rows, read or noted, sorted."""
    found = _times(reading, lambda row: row.category in HEARTBEAT_CATEGORIES)
    for gateway, times in _noted_times(reading).items():
        found.setdefault(gateway, []).append(times)
    return _sorted(found)


def _noted_times(reading: Reading) -> dict[str, "Ints"]:
    """Gateway → times of its IKE rows that were noted, sorted."""
    found: dict[str, list[Ints]] = {}
    for placed in reading.first_look:
        for gateway, times in placed.batch.noted.items():
            found.setdefault(gateway, []).append(np.frombuffer(times, dtype=np.int64))
    return _sorted(found)


def _times(reading: Reading, is_chosen: Callable[[Row], bool]) -> dict[str, list["Ints"]]:
    """Gateway → times of its chosen rows, in parts."""
    found: dict[str, list[Ints]] = {}
    for batch in (placed.batch for placed in reading.first_look):
        chosen = {row: place for row, place in batch.rows.items() if is_chosen(row)}
        if not chosen:
            continue
        time, of_row = np.frombuffer(batch.time, dtype=np.int64), np.frombuffer(batch.row, dtype=np.int32)
        gateways = sorted({row.resource for row in chosen})
        code = np.full(len(batch.rows), -1, dtype=np.int64)
        for row, place in chosen.items():
            code[place] = gateways.index(row.resource)
        for place, gateway in enumerate(gateways):
            found.setdefault(gateway, []).append(time[code[of_row] == place])
    return found


def _sorted(times: dict[str, list["Ints"]]) -> dict[str, "Ints"]:
    # They are nearly in order: this sort takes advantage of it.
    return {gateway: np.sort(np.concatenate(parts), kind="stable") for gateway, parts in times.items()}


def _is_dense(times: "Ints", unread_hours: Sequence[int] = ()) -> bool:
    """Whether rows at these sorted times prove a median spacing of at most 10 min, whatever other rows there may be.

    In a span S there are fewer than S / 10 min longer spacings. With twice as many spacings in all, most are not
    longer; a further row adds at most as many longer spacings as S allows.
    """
    if not len(times):
        return False
    distinct = 1 + int(np.count_nonzero(np.diff(times)))
    first = min([int(times[0]), *(_span(hour)[0] for hour in unread_hours)])
    last = max([int(times[-1]), *(_span(hour)[1] for hour in unread_hours)])
    return distinct > _DENSE_ROWS and (distinct - 1) * _DENSE_SECONDS * 1_000_000 >= 2 * (last - first)
