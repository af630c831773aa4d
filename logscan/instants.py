"""Moments that belong to keys (a tunnel, a gateway), sorted once, so that neighbours in time are found without a loop."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MICROSECONDS: Final = 1_000_000
"""In a second."""


@dataclass(frozen=True)
class Instants:
    """Times in µs, each with a key ≥ 0, sorted by key, then time."""

    key: Ints
    time: Ints
    _ranked: Ints
    _code: Ints

    @classmethod
    def of(cls, key: Ints, time: Ints) -> "Instants":
        """Index rows that are already sorted by (key, time)."""
        # A key and a time do not fit one int64 side by side (µs take 51 bits), a key and the rank of a time do.
        ranked = np.sort(time)
        return cls(key, time, ranked, key * (len(ranked) + 1) + np.searchsorted(ranked, time))

    def first_at_or_after(self, key: Ints, time: Ints) -> Ints:
        """Position, for each asked (key, time), of the first row of a key ≥ that key that is not earlier.

        It may be a row of a later key, or `len`: `has` tells. The row before it is the key's last earlier row.
        """
        rank = np.searchsorted(self._ranked, time, side="left")
        return np.searchsorted(self._code, key * (len(self._ranked) + 1) + rank)

    def first_after(self, key: Ints, time: Ints) -> Ints:
        """The same for the first row that is later than the asked time."""
        rank = np.searchsorted(self._ranked, time, side="right")
        return np.searchsorted(self._code, key * (len(self._ranked) + 1) + rank)

    def has(self, position: Ints, key: Ints) -> Bools:
        """Whether that position holds a row of that key."""
        inside = (position >= 0) & (position < len(self.key))
        return inside & (self.key.take(position, mode="clip") == key) if len(self.key) else inside


def pairs(first: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """All (i, j) with first[i] ≤ j < stop[i], as two arrays: the rows of a one-to-many join."""
    counts = np.maximum(stop - first, 0)
    left = np.repeat(np.arange(len(counts)), counts)
    offset = np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts)
    return left, np.repeat(first, counts) + offset


def microseconds(times: pd.Series) -> Ints:
    """A UTC time column as µs since 1970; NaT must not be in it."""
    return np.asarray(times.astype("int64"), dtype=np.int64)
