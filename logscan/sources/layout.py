"""Recognises the IKE rows of a block of lines all at once, by how they begin and how they end.

The rows of a gateway's IKE log differ in their time and their message only. All that stands before the message is
learned from one row, its *beginning*; every later line that begins the same, ends the same and has the same number of
quotation marks is the same row with another time and another message. This holds whatever the spelling is, and however
lines may be torn or glued: a second record, or a part of one, has quotation marks of its own.
"""

import json
import re
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from logscan.categories import IKE
from logscan.sources.formats import expand
from logscan.sources.rows import PLAUSIBLE_YEARS, Row, read_record, read_time

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]

_ROW: Final = re.compile(
    rb'(?P<before>.*?")(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?P<after>(?:Z|\+00:00)".*"message"\s*:\s*")'
    rb'[^"\\]*(?P<end>"[\s}]*)',
    re.DOTALL | re.IGNORECASE,
)
_DIGIT: Final = re.compile(rb"\d")
_SOME_MESSAGE: Final = b"?"
_SOME_TIME: Final = b"2011-11-11T11:11:11.111111111"

_MOST_BEGINNINGS: Final = 4096
_MOST_LAYOUTS: Final = 64
"""A log with more of them does not repeat itself: looking for more would cost more than it saves."""

_NEWLINE: Final = ord("\n")
_QUOTE: Final = ord('"')
_BACKSLASH: Final = ord("\\")
_ZERO: Final = ord("0")
_WORD: Final = 8
_HASH_SEED: Final = 0x5EED


class Lines:
    """A block's lines: where each one starts, and where it ends before its newline.

    A block has as many flags, whose memory is used again: to ask the system for new memory takes longer than the search.
    """

    def __init__(self, block: memoryview, flags: Bools) -> None:
        self._block: Final = block
        self._bytes: Final[Bytes] = np.frombuffer(block, dtype=np.uint8)
        self._is_it: Final[Bools] = np.equal(self._bytes, _NEWLINE, out=flags)
        ends = _places(self._is_it)
        self.ends: Final[Ints] = ends if self._is_it[-1:].all() else np.append(ends, len(block))
        self.starts: Final[Ints] = np.concatenate([[0], self.ends[:-1] + 1])

    def __len__(self) -> int:
        """How many there are."""
        return len(self.ends)

    def at(self, positions: Ints) -> list[tuple[int, bytes]]:
        """The lines at these positions, each with its position."""
        bounds = zip(positions.tolist(), self.starts[positions].tolist(), self.ends[positions].tolist(), strict=True)
        return [(position, bytes(self._block[start:end])) for position, start, end in bounds]

    def slices(self, starts: Ints, length: int) -> Bytes:
        """So many bytes from each of these places on, as the rows of a matrix of its own."""
        at_every_place = np.ndarray((len(self._block) - length + 1,), f"V{length}", self._block, strides=(1,))
        return at_every_place[starts].view(np.uint8).reshape(len(starts), length)

    def quotes(self) -> Bools:
        """Which bytes of the block are quotation marks."""
        return np.equal(self._bytes, _QUOTE, out=self._is_it)


def _places(flags: Bools) -> Ints:
    """What np.flatnonzero gives, three times as fast where few flags are set: it looks at eight at a time."""
    in_words = len(flags) // _WORD * _WORD
    word = np.flatnonzero(flags[:in_words].view(np.uint64) != 0)
    hit = np.flatnonzero(flags[:in_words].reshape(-1, _WORD)[word])
    return np.concatenate([word[hit // _WORD] * _WORD + hit % _WORD, np.flatnonzero(flags[in_words:]) + in_words])


class IkeRows(NamedTuple):
    """Lines that are proven to be one whole IKE row each."""

    line: Ints
    """Position in the block."""
    time: Ints
    """µs since 1970."""
    gateway: Ints
    """Position in `Beginnings.gateways`."""


class _TimeText:
    """Times that are spelled the same way: which bytes are digits, and what they mean."""

    def __init__(self, spelling: bytes) -> None:
        self.blank: Final = spelling
        """A time of the same spelling that stands for all others."""
        is_digit = np.array([bool(_DIGIT.match(spelling, at)) for at in range(len(spelling))])
        self._lowest: Bytes = np.where(is_digit, _ZERO, np.frombuffer(spelling, np.uint8)).astype(np.uint8)[:, None]
        self._most: Bytes = np.where(is_digit, 9, 0).astype(np.uint8)[:, None]
        digits = np.flatnonzero(is_digit)
        # century, year, month, day, hour, minute, second, and three pairs of the fraction; what is not spelled is 0
        used = np.full(20, len(spelling), dtype=np.int64)
        used[: len(digits[:20])] = digits[:20]
        self._tens, self._ones = used[0::2], used[1::2]

    def read(self, texts: Bytes) -> tuple[Ints, Bools]:
        """µs since 1970 of each row of the matrix, and whether it is a time at all."""
        digits = np.zeros((texts.shape[1] + 1, texts.shape[0]), dtype=np.uint8)
        np.subtract(texts.T, self._lowest, out=digits[:-1])
        spelled: Bools = np.all(digits[:-1] <= self._most, axis=0)
        pairs = digits[self._tens] * np.uint8(10) + digits[self._ones]
        century, year, month, day, hour, minute, second, *fraction = pairs.astype(np.int64)
        days, exists = _days((century * 100 + year) * 10_000 + month * 100 + day)
        fits = (hour < 24) & (minute < 60) & (second < 60)  # noqa: PLR2004 - hours of a day, minutes, seconds
        time = ((days * 24 + hour) * 60 + minute) * 60 + second
        for part in fraction:
            time = time * 100 + part
        return time, spelled & exists & fits


def _days(dates: Ints) -> tuple[Ints, Bools]:
    """Days since 1970 of dates written as the number yyyymmdd, and whether there is such a day."""
    if not len(dates):
        return dates, np.zeros(0, dtype=bool)
    distinct = dates[:1] if (dates == dates[0]).all() else np.unique(dates)
    known = [_day(int(number)) for number in distinct]
    days = np.array([0 if day is None else day for day in known], dtype=np.int64)
    exists = np.array([day is not None for day in known])
    place = np.searchsorted(distinct, dates)
    return days[place], exists[place]


@lru_cache(maxsize=1024)
def _day(number: int) -> int | None:
    try:
        day = date(number // 10_000, number // 100 % 100, number % 100)
        return day.toordinal() - date(1970, 1, 1).toordinal() if day.year in PLAUSIBLE_YEARS else None
    except ValueError:
        return None


class _Beginning(NamedTuple):
    """What stands before the message of an IKE row, its time blanked, and what stands behind."""

    text: bytes
    time_at: int
    time: bytes
    end: bytes


def _beginning(line: bytes) -> _Beginning | None:
    """How a line begins that looks like a row of a kind that can be recognised again."""
    found = _ROW.fullmatch(line)
    if not found:
        return None
    blank = _SOME_TIME[: len(found["time"])]
    return _Beginning(found["before"] + blank + found["after"], len(found["before"]), blank, found["end"])


def _gateway(beginning: _Beginning) -> str:
    """The gateway of all rows that begin and end so, if they are IKE rows and all that differs is time and message."""
    # Blank time and message come out as the row's own: so nothing else of the row depends on them.
    try:
        (record,) = expand(json.loads(beginning.text + _SOME_MESSAGE + beginning.end))
        row = read_record(record)
        time = read_time(beginning.time.decode())
    except (ValueError, RecursionError):
        return ""
    proven = isinstance(row, Row) and row.category == IKE and row.message.encode() == _SOME_MESSAGE and row.time == time
    return row.resource if isinstance(row, Row) and proven else ""


class _Layout:
    """Beginnings of the same length with the time at the same place, and the same end: compared all at once."""

    def __init__(self, like: _Beginning) -> None:
        self.quotes: Final = like.text.count(b'"') + like.end.count(b'"')
        self._length = len(like.text)
        self._whole_words = -(-self._length // _WORD) * _WORD
        self._time = _TimeText(like.time)
        self._time_span = slice(like.time_at, like.time_at + len(like.time))
        self._end = like.end
        words = self._whole_words // _WORD
        # Any odd factors will do: what the hash finds is compared byte by byte.
        self._factors: Words = np.random.default_rng(_HASH_SEED).integers(1 << 63, size=words, dtype=np.uint64) * 2 + 1
        self._texts: Words = np.zeros((0, words), dtype=np.uint64)
        self._room: Words = self._texts
        self._hashes: Words = np.zeros(0, dtype=np.uint64)
        self._gateways: Ints = np.zeros(0, dtype=np.int64)

    def add(self, text: bytes, gateway: int) -> None:
        """Know one more beginning."""
        words = np.frombuffer(text.ljust(self._whole_words, b"\0"), dtype=np.uint64)[None]
        hashes = np.append(self._hashes, self._hash(words))
        order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[order]
        self._texts = np.concatenate([self._texts, words])[order]
        self._gateways = np.append(self._gateways, gateway)[order]

    def _hash(self, words: Words) -> Words:
        hashes: Words = np.einsum("ij,j->i", words, self._factors)
        return hashes

    def _room_for(self, rows: int) -> Words:
        """Memory that is used again for every block."""
        if len(self._room) < rows:
            self._room = np.empty((rows, self._texts.shape[1]), dtype=np.uint64)
        return self._room[:rows]

    def find(self, lines: Lines, among: Ints) -> IkeRows:
        """The lines among these that begin and end like a row of this layout; their quotation marks are not counted."""
        starts, ends = lines.starts[among], lines.ends[among]
        long_enough = ends - starts >= self._whole_words + len(self._end) + 1
        among, starts, ends = among[long_enough], starts[long_enough], ends[long_enough]
        if not len(among):
            return IkeRows(among, among, self._gateways[:0])
        begins = lines.slices(starts, self._whole_words)
        time, is_time = self._time.read(begins[:, self._time_span])
        begins[:, self._time_span] = np.frombuffer(self._time.blank, dtype=np.uint8)
        begins[:, self._length :] = 0
        words = begins.view(np.uint64)
        place = np.searchsorted(self._hashes, self._hash(words)).clip(max=len(self._hashes) - 1)
        likely = np.take(self._texts, place, axis=0, out=self._room_for(len(words)), mode="clip")
        begins_so = ~(words != likely).any(axis=1)
        before_end, *end = lines.slices(ends - len(self._end) - 1, len(self._end) + 1).T
        ends_so = before_end != _BACKSLASH
        for found_byte, byte in zip(end, self._end, strict=True):
            ends_so &= found_byte == byte
        found = is_time & begins_so & ends_so
        return IkeRows(among[found], time[found], self._gateways[place[found]])


class Beginnings:
    """How the IKE rows begin that were seen so far, and whose they are. For one thread."""

    def __init__(self) -> None:
        self.gateways: Final[list[str]] = []
        self._seen: Final[set[_Beginning]] = set()
        self._layouts: Final[dict[tuple[object, ...], _Layout]] = {}

    def make_room(self) -> None:
        """Forget everything, if there is no room for more."""
        if self._is_full():
            self.gateways.clear()
            self._seen.clear()
            self._layouts.clear()

    def _is_full(self) -> bool:
        return len(self._seen) >= _MOST_BEGINNINGS or len(self._layouts) >= _MOST_LAYOUTS

    def learn(self, line: bytes) -> None:
        """See an IKE row that was not recognised, so that the next one like it is."""
        if self._is_full():
            return
        beginning = _beginning(line)
        if not beginning or beginning in self._seen:
            return
        self._seen.add(beginning)
        gateway = _gateway(beginning)
        if not gateway:
            return
        if gateway not in self.gateways:
            self.gateways.append(gateway)
        text, time_at, time, end = beginning
        kind = (len(text), text.count(b'"'), time_at, time, end)
        if kind not in self._layouts:
            self._layouts[kind] = _Layout(beginning)
        self._layouts[kind].add(text, self.gateways.index(gateway))

    def find(self, lines: Lines) -> tuple[IkeRows, list[tuple[int, bytes]]]:
        """The lines that are proven to be IKE rows, and all others, each with its position."""
        is_left = np.ones(len(lines), dtype=bool)
        left = np.arange(len(lines))
        found = [IkeRows(left[:0], left[:0], left[:0])]
        quotes = [left[:0]]
        for layout in self._layouts.values():
            rows = layout.find(lines, left)
            found.append(rows)
            quotes.append(np.full(len(rows.line), layout.quotes))
            is_left[rows.line] = False
            left = np.flatnonzero(is_left)
        rows = IkeRows(*map(np.concatenate, zip(*found, strict=True)))
        others = lines.at(left)
        exact = _has_no_more_quotes(lines, rows, np.concatenate(quotes), others)
        if exact.all():
            return rows, others
        left = np.sort(np.concatenate([left, rows.line[~exact]]))
        return IkeRows(rows.line[exact], rows.time[exact], rows.gateway[exact]), lines.at(left)


def _has_no_more_quotes(lines: Lines, rows: IkeRows, expected: Ints, others: list[tuple[int, bytes]]) -> Bools:
    """Which rows have no quotation marks but the expected ones.

    None has fewer, for they stand in its beginning and its end. So one count for the whole block is mostly enough.
    """
    if not len(expected):
        return np.zeros(0, dtype=bool)
    quotes = lines.quotes()
    if np.count_nonzero(quotes) == expected.sum() + sum(line.count(b'"') for _, line in others):
        return np.ones(len(expected), dtype=bool)
    places = np.flatnonzero(quotes)
    counted: Ints = np.searchsorted(places, lines.ends[rows.line]) - np.searchsorted(places, lines.starts[rows.line])
    exact: Bools = counted == expected
    return exact
