"""Finds the drops: pairs each tunnel's Disconnected rows with the Connected row that ended them."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from logscan.categories import TUNNEL
from logscan.instants import MICROSECONDS, Bools, Instants, Ints, microseconds
from logscan.tables import DROPS, UTC_TIME

NOTHING: Final = -1
"""No such row, no such instance."""

_UP: Final = 1
_DOWN: Final = 0
_UNKNOWN: Final = 2

_PAIRED: Final = ["time", "resource", "operation", "instance", "remote_ip", "status", "reason", "file", "line"]
"""The columns of RECORDS that pairing needs."""

States = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Pairing:
    """The drops, and an account of every tunnel row that is not in one."""

    drops: pd.DataFrame
    """DROPS, its `incident` still empty; ordered by start, gateway, remote_ip, instance."""
    active_active: Mapping[str, bool]
    """Gateway → whether both instances carry tunnels: as told, else True where the rows show it; absent: unknown."""
    unpaired_connects: int
    unpaired_disconnects: int
    contradictions: int
    """Rows whose status says one thing and whose OperationName the other."""
    unreadable: int
    """Tunnel rows that say neither Connected nor Disconnected."""


@dataclass(frozen=True)
class _Rows:
    """Connected and Disconnected rows sorted by tunnel, time, Disconnected before Connected."""

    at: Instants
    """Keyed by tunnel: 3 × pair + 0 for an unknown instance, + 1 for instance 0, + 2 for instance 1."""
    connected: Bools
    up_at_row: Ints
    """µs that each row's tunnel was up between its first row and this one, plus a constant of the tunnel."""

    @classmethod
    def of(cls, at: Instants, connected: Bools) -> "_Rows":
        length = np.diff(at.time, prepend=at.time[:1])
        ends_an_up_time = ~connected[1:] & connected[:-1] & (at.key[1:] == at.key[:-1])
        length[1:][~ends_an_up_time] = 0
        return cls(at, connected, np.cumsum(length))

    def neighbours(self, tunnel: Ints, time: Ints) -> tuple[Ints, Ints]:
        """Positions of a tunnel's last row before a time and of its first row at or after it, or NOTHING."""
        after = self.at.first_at_or_after(tunnel, time)
        before = after - 1
        return (
            np.where(self.at.has(before, tunnel), before, NOTHING),
            np.where(self.at.has(after, tunnel), after, NOTHING),
        )

    def says(self, position: Ints, *, connected: bool) -> Bools:
        """Whether there is a row at that position and it says so."""
        if not len(self.connected):
            return np.zeros(len(position), dtype=bool)
        found: Bools = (position != NOTHING) & (self.connected.take(position, mode="clip") == connected)
        return found

    def states(self, tunnel: Ints, time: Ints, told: States) -> States:
        """Up, down or unknown at each (tunnel, time), read from both neighbours; `told` where there are none."""
        before, after = self.neighbours(tunnel, time)
        none_before, none_after = before == NOTHING, after == NOTHING
        before_up, after_down = self.says(before, connected=True), self.says(after, connected=False)
        up = (before_up & (after_down | none_after)) | (none_before & after_down)
        unknown = before_up & self.says(after, connected=True)
        state = np.where(up, _UP, np.where(unknown, _UNKNOWN, _DOWN))
        return np.where(none_before & none_after, told, state).astype(np.int8)

    def up_until(self, tunnel: Ints, time: Ints, told: States) -> Ints:
        """µs that a tunnel was up until a time, counted from its first row (from 1970 where it has none).

        Only differences mean something. Between two rows a tunnel is up if the first says Connected and the second
        Disconnected; before its first row if that says Disconnected, after its last if that says Connected.
        """
        if not len(self.connected):
            return np.where(told == _UP, time, 0)
        before, after = self.neighbours(tunnel, time)
        known = np.where(before != NOTHING, before, after)
        anchor = self.at.time.take(known, mode="clip")
        up_now = np.where(
            before != NOTHING,
            self.says(before, connected=True) & ~self.says(after, connected=True),
            self.says(after, connected=False),
        )
        counted = self.up_at_row.take(known, mode="clip") + np.where(up_now, time - anchor, 0)
        return np.where(known == NOTHING, np.where(told == _UP, time, 0), counted)


def find_drops(
    records: pd.DataFrame,
    *,
    active_active: Mapping[str, bool] | None = None,
    extent: tuple[pd.Timestamp, pd.Timestamp] | None = None,
) -> Pairing:
    """All drops in deduplicated, time-sorted RECORDS.

    `active_active` is what settings or discovery say of gateways (True active-active, False active-standby).
    A drop is a run of Disconnected rows of one tunnel; it ends with the first Connected row of that tunnel, or of the
    other instance's tunnel if that one was not up when the drop began. `extent` is the oldest and the newest row of the
    data, of any kind; without it, that of the records.
    """
    told = dict(active_active or {})
    tunnel_rows = records.loc[(records["category"] == TUNNEL).to_numpy(), _PAIRED]
    connected, contradictions = _read_status(tunnel_rows)
    readable = connected != NOTHING
    if not readable.all():
        tunnel_rows, connected = tunnel_rows[readable], connected[readable]
    connected = connected == 1

    gateway_code, gateways = pd.factorize(tunnel_rows["resource"])
    peer_code, peers = pd.factorize(tunnel_rows["remote_ip"])
    pair_code, pair_values = pd.factorize(gateway_code.astype(np.int64) * max(len(peers), 1) + peer_code)
    instance = tunnel_rows["instance"].fillna(NOTHING).to_numpy(np.int64)
    tunnel = 3 * pair_code + instance + 1
    time = microseconds(tunnel_rows["time"])
    order = np.lexsort((connected, time, tunnel))
    rows = _Rows.of(Instants.of(tunnel[order], time[order]), connected[order])
    ends = pd.Series(extent or records["time"].agg(["min", "max"]).tolist(), dtype=UTC_TIME)
    data = microseconds(ends) if len(records) else np.zeros(2, dtype=np.int64)

    pair_gateway = np.asarray(pair_values // max(len(peers), 1), dtype=np.int64)
    says = {True: _UP, False: _DOWN, None: _UNKNOWN}
    told_pair = np.array([says[told.get(name)] for name in gateways], dtype=np.int8)[pair_gateway]

    found = _pair(rows, told_pair, end_of_data=int(data[1]))
    shown = _both_up_at_once(rows, int(data[0]), int(data[1]))
    inferred = {gateways[code]: True for code in np.unique(pair_gateway[shown])}
    is_open = found.ended_by == NOTHING
    begun = tunnel_rows.iloc[order[found.first]].reset_index(drop=True)
    # An open drop has no ending row: its own first row stands in, and is masked.
    ended = tunnel_rows.iloc[order[np.where(is_open, found.first, found.ended_by)]].reset_index(drop=True)
    return Pairing(
        drops=_frame(found, begun, ended, is_open),
        active_active=inferred | told,
        unpaired_connects=found.unpaired_connects,
        unpaired_disconnects=found.unpaired_disconnects,
        contradictions=contradictions,
        unreadable=int((~readable).sum()),
    )


def _read_status(tunnel_rows: pd.DataFrame) -> tuple[Ints, int]:
    """1 Connected, 0 Disconnected, NOTHING neither; OperationName wins where the two contradict each other."""
    operation = _code_of(tunnel_rows["operation"], "tunneldisconnected", "tunnelconnected")
    status = _code_of(tunnel_rows["status"], "disconnected", "connected")
    contradicted = (operation != NOTHING) & (status != NOTHING) & (operation != status)
    return np.where(operation != NOTHING, operation, status), int(contradicted.sum())


def _code_of(column: pd.Series, zero: str, one: str) -> Ints:
    # A column holds a handful of different texts: compare those, then spread the answer.
    codes, texts = pd.factorize(column)
    lower = [str(text).strip().lower() for text in texts]
    meaning = np.array([0 if text == zero else 1 if text == one else NOTHING for text in lower], dtype=np.int64)
    return meaning[codes] if len(meaning) else np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class _Found:
    """Drops as positions in the sorted rows."""

    first: Ints
    """The run's first Disconnected row."""
    ended_by: Ints
    """The Connected row that ended it, or NOTHING."""
    failover: Bools
    outage: Ints
    site_outage: Ints
    other_state: States
    """Of the other instance at the start; down where there is no other instance."""
    repeats: Ints
    unpaired_connects: int
    unpaired_disconnects: int


def _pair(rows: _Rows, told_pair: States, *, end_of_data: int) -> _Found:
    key, time, connected = rows.at.key, rows.at.time, rows.connected
    count = len(key)
    starts_run = ~connected
    starts_run[1:] &= (key[1:] != key[:-1]) | connected[:-1]
    first = np.flatnonzero(starts_run)
    tunnel, start = key[first], time[first]

    connects = np.flatnonzero(connected)
    connect_at = Instants.of(key[connects], time[connects])

    def first_connect(of: Ints) -> tuple[Ints, Ints]:
        """Position and time of a tunnel's first Connected row at or after the start, or NOTHING and the far future."""
        found = connect_at.first_at_or_after(of, start)
        has = connect_at.has(found, of)
        row = np.where(has, connects.take(found, mode="clip") if len(connects) else NOTHING, NOTHING)
        far = np.iinfo(np.int64).max
        return row, np.where(has, time.take(row, mode="clip"), far) if count else np.full(len(of), far)

    has_other = tunnel % 3 != 0
    # Instances 0 and 1 are keys 3n + 1 and 3n + 2: their sum is 6n + 3.
    other = np.where(has_other, 6 * (tunnel // 3) + 3 - tunnel, NOTHING)
    told = np.where(has_other, told_pair[tunnel // 3], _DOWN).astype(np.int8)
    other_state = np.where(has_other, rows.states(other, start, told), _DOWN).astype(np.int8)

    own_row, own_time = first_connect(tunnel)
    other_row, other_time = first_connect(other)
    counts = has_other & (other_state != _UP) & (other_row != NOTHING)
    failover = counts & (other_time < own_time)
    ended_by = np.where(failover, other_row, own_row)
    end = np.where(ended_by == NOTHING, end_of_data, np.where(failover, other_time, own_time))

    run = np.cumsum(starts_run) - 1
    further = np.flatnonzero(~connected & ~starts_run)
    run_of_further = run[further]
    before_end = (ended_by[run_of_further] == NOTHING) | (time[further] < end[run_of_further])

    def outage_from(begin: Ints) -> Ints:
        up = rows.up_until(other, end, told) - rows.up_until(other, begin, told)
        down: Ints = end - begin - np.where(has_other, up, 0)
        return down

    return _Found(
        first=first,
        ended_by=ended_by,
        failover=failover,
        outage=outage_from(start),
        site_outage=outage_from(_not_yet_covered(tunnel // 3, start, end)),
        other_state=other_state,
        repeats=np.bincount(run_of_further[before_end], minlength=len(first)),
        unpaired_connects=len(connects) - len(np.unique(ended_by[ended_by != NOTHING])),
        unpaired_disconnects=int((~before_end).sum()),
    )


def _not_yet_covered(pair: Ints, start: Ints, end: Ints) -> Ints:
    """Where each drop's own share of its peer's time begins: after every earlier drop of that peer, at most its end."""
    order = np.lexsort((end, start, pair))
    frame = pd.DataFrame({"pair": pair[order], "end": end[order]})
    latest = frame.groupby("pair")["end"].cummax()
    earlier = latest.groupby(frame["pair"]).shift(fill_value=np.iinfo(np.int64).min).to_numpy(np.int64)
    begin = np.empty_like(start)
    begin[order] = np.clip(earlier, start[order], end[order])
    return begin


def _both_up_at_once(rows: _Rows, data_start: int, data_end: int) -> Ints:
    """Pairs (gateway, peer) whose two instances were up at the same time for longer than nothing."""
    key, time, connected = rows.at.key, rows.at.time, rows.connected
    if not len(key):
        return np.zeros(0, dtype=np.int64)
    # Up times of instance 0: each ends at a Disconnected row or at the end of the data, and begins at the Connected
    # row before it or, where there is no row before, at the start of the data.
    is_first = np.r_[True, key[1:] != key[:-1]]
    is_last = np.r_[key[1:] != key[:-1], True]
    previous = np.r_[0, np.arange(len(key) - 1)]
    ends = np.flatnonzero(~connected & (is_first | connected[previous]) & (key % 3 == 1))
    still = np.flatnonzero(connected & is_last & (key % 3 == 1))
    begin = np.r_[np.where(is_first[ends], data_start, time[previous[ends]]), time[still]]
    end = np.r_[time[ends], np.full(len(still), data_end)]
    zero = np.r_[key[ends], key[still]]
    one = zero + 1
    told = np.full(len(one), _UNKNOWN, dtype=np.int8)
    both = rows.up_until(one, end, told) - rows.up_until(one, begin, told)
    return np.unique(zero[both > 0] // 3)


def _frame(found: _Found, begun: pd.DataFrame, ended: pd.DataFrame, is_open: Bools) -> pd.DataFrame:
    start = microseconds(begun["time"])
    duration = (microseconds(ended["time"]) - start) / MICROSECONDS
    frame = pd.DataFrame(
        {
            "gateway": begun["resource"],
            "remote_ip": begun["remote_ip"],
            "instance": begun["instance"],
            "start": begun["time"],
            "end": ended["time"].mask(is_open),
            "duration_seconds": pd.Series(duration, dtype="Float64").mask(is_open),
            "shape": np.where(is_open, "open", np.where(found.failover, "failover", "same-instance")),
            "restored_on": ended["instance"].mask(is_open),
            "redundant": pd.Series((found.other_state == _UP) & (found.outage == 0), dtype="boolean").mask(
                found.other_state == _UNKNOWN
            ),
            "outage_seconds": found.outage / MICROSECONDS,
            "site_outage_seconds": found.site_outage / MICROSECONDS,
            "repeats": found.repeats,
            "reason": begun["reason"],
            "file": begun["file"],
            "line": begun["line"],
            "end_file": ended["file"].astype("Int32").mask(is_open),
            "end_line": ended["line"].astype("Int64").mask(is_open),
        },
    )
    names = frame["instance"].astype("str").where(frame["instance"].notna(), "")
    keys = zip(
        *(frame[name].tolist() for name in ("gateway", "remote_ip")), names.tolist(), start.tolist(), strict=True
    )
    frame["id"] = ["D-" + _digest("|".join(map(str, key))) for key in keys]
    frame["incident"] = ""
    ordered = frame.sort_values(["start", "gateway", "remote_ip", "instance"], kind="stable", na_position="last")
    return DROPS.conform(ordered)


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=4).hexdigest()
