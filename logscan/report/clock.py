"""Times and durations as people read them: UTC, and beside it the reader's own zone."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from zoneinfo import ZoneInfo

import pandas as pd

_MINUTE = 60
_HOUR = 3600
_DAY = 86400


@dataclass(frozen=True)
class Clock:
    """A zone for display; '' is the machine's own."""

    zone: str = ""

    @cached_property
    def _tz(self) -> tzinfo | None:
        return ZoneInfo(self.zone) if self.zone else None

    def local(self, time: pd.Timestamp | datetime) -> datetime:
        """That moment in the reader's zone."""
        moment = time.to_pydatetime(warn=False) if isinstance(time, pd.Timestamp) else time
        return moment.astimezone(self._tz)

    def is_utc(self, time: pd.Timestamp | datetime) -> bool:
        """Whether the reader's zone says what UTC says."""
        return not self.local(time).utcoffset()

    def name(self, time: pd.Timestamp | datetime) -> str:
        """The zone's name: as it was asked for, else what the machine calls it."""
        return self.zone or self.local(time).tzname() or "local"

    def show(self, time: pd.Timestamp | datetime) -> str:
        """`2026-11-03 12:12:07` in the reader's zone."""
        return f"{self.local(time):%Y-%m-%d %H:%M:%S}"


UTC = Clock("UTC")


_UNITS = {"en": ("s", "m", "h", "d"), "ja": ("秒", "分", "時間", "日")}


def duration(span: float | timedelta, lang: str = "en") -> str:
    """Exact, but no longer than it must be: `0.3s`, `45.4s`, `2m14s`, `1h03m`, `2d04h`; `2分14秒` in Japanese."""
    second, minute, hour, day = _UNITS[lang]
    seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f}".removesuffix(".0") + second
    whole = round(seconds)
    if whole < _HOUR:
        return _two(whole, _MINUTE, minute, second)
    if whole < _DAY:
        return _two(round(whole / _MINUTE), 60, hour, minute)
    return _two(round(whole / _HOUR), 24, day, hour)


def _two(count: int, many: int, large: str, small: str) -> str:
    """A count of small units as large ones and the rest."""
    whole, rest = divmod(count, many)
    return f"{whole}{large}" + (f"{rest:02d}{small}" if rest else "")
