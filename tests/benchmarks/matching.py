"""Pairing and matching, against a loop over rows, and the matching alone against polars and DuckDB."""

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from measure import SLOW_ROUNDS, Line, interleaved

from logscan.categories import GATEWAY, TUNNEL
from logscan.correlate import correlate
from logscan.drops import find_drops
from logscan.events import collect_events
from logscan.tables import RECORDS, plain_rows

_EVENTS = 10_000
_GATEWAYS = 100
_PEERS = 8
_DAYS = 90
_LOOP_ROWS = 50_000
_TOLERANCE = pd.Timedelta("15min")


def lines(rows: int) -> list[Line]:
    """The rows of the table."""
    return [*_whole(rows), *_matching_alone(rows)]


def records(rows: int, events: int, gateways: int = _GATEWAYS) -> pd.DataFrame:
    """SYNTHETIC tunnel rows and gateway events, at random times."""
    chance = np.random.default_rng(1)
    count = rows + events
    is_tunnel = chance.permutation(count) < rows
    connected = chance.random(count) < 0.5
    names = np.array(
        [
            f"/subscriptions/0/resourcegroups/synthetic/providers/microsoft.network/virtualnetworkgateways/gw{n}"
            for n in range(gateways)
        ]
    )
    peers = np.array([f"203.0.113.{n}" for n in range(_PEERS)])
    time = np.sort(chance.integers(0, _DAYS * 86_400_000_000, count)) + 1_793_000_000_000_000
    status = np.where(connected, "Connected", "Disconnected")
    return RECORDS.conform(
        pd.DataFrame(
            {
                "time": pd.to_datetime(time, unit="us", utc=True),
                "resource": names[chance.integers(0, gateways, count)],
                "category": np.where(is_tunnel, TUNNEL, GATEWAY),
                "operation": np.where(
                    is_tunnel, np.where(connected, "TunnelConnected", "TunnelDisconnected"), "HostMaintenanceEvent"
                ),
                "instance": chance.integers(0, 2, count),
                "remote_ip": np.where(is_tunnel, peers[chance.integers(0, _PEERS, count)], ""),
                "status": np.where(is_tunnel, status, ""),
                **dict.fromkeys(("reason", "message", "region"), ""),
                **dict.fromkeys(("source", "file"), 0),
                "line": np.arange(count),
            },
        ),
    )


def whole(rows: pd.DataFrame) -> None:
    """Pair and match, as logscan does."""
    pairing = find_drops(rows)
    correlate(pairing.drops, collect_events(rows), tolerance=_TOLERANCE, active_active=pairing.active_active)


def whole_by_loop(rows: pd.DataFrame) -> None:
    """The same, as a script would do it: a loop over rows, dictionaries, and for each drop a look at its gateway's events."""
    open_drops: dict[tuple[str, str, int], dict[str, Any]] = {}
    drops: list[tuple[dict[str, Any], dict[str, Any] | None]] = []
    events: dict[str, list[dict[str, Any]]] = {}
    for row in plain_rows(rows):
        tunnel = (row["resource"], row["remote_ip"], row["instance"])
        other = (row["resource"], row["remote_ip"], 1 - row["instance"])
        if row["category"] != TUNNEL:
            events.setdefault(row["resource"], []).append(row)
        elif row["status"] == "Disconnected":
            open_drops.setdefault(tunnel, row)
        else:
            for key in (tunnel, other):
                if begun := open_drops.pop(key, None):
                    drops.append((begun, row))  # noqa: PERF401 - as a script would
    drops += [(begun, None) for begun in open_drops.values()]
    for begun, _ in drops:
        near = [
            event for event in events.get(begun["resource"], ()) if abs(event["time"] - begun["time"]) <= _TOLERANCE
        ]
        near.sort(key=lambda event: abs(event["time"] - begun["time"]))


def _whole(rows: int) -> list[Line]:
    data = records(rows, _EVENTS)
    part = min(rows, _LOOP_ROWS)
    # As many events for each gateway, for the loop looks at all of them.
    some = records(part, max(_EVENTS * part // rows, 1), max(_GATEWAYS * part // rows, 1))
    pairing, events = find_drops(data), collect_events(data)
    told = pairing.active_active
    seconds = interleaved(
        {
            "whole": lambda: whole(data),
            "drops": lambda: find_drops(data),
            "events": lambda: collect_events(data),
            "matches": lambda: correlate(pairing.drops, events, tolerance=_TOLERANCE, active_active=told),
            "loop": lambda: whole_by_loop(some),
        },
        {"loop": SLOW_ROUNDS},
    )
    scaled = seconds["loop"] * rows / part
    shown = ", ".join(f"{name} {seconds[name]:.2f} s" for name in ("drops", "events", "matches"))
    what = f"pairing and matching {rows:,} × {_EVENTS:,} × {_GATEWAYS}: times faster"
    return [
        Line(
            what,
            f"loop over rows ({part:,} rows, scaled)",
            scaled / seconds["whole"],
            least=10,
            note=f"{rows / seconds['whole']:,.0f} rows/s: {shown}",
        ),
    ]


def _matching_alone(rows: int) -> list[Line]:
    data = records(rows, _EVENTS)
    pairing, events = find_drops(data), collect_events(data)
    drops = pairing.drops
    peers: dict[str, Callable[[], object]] = {}
    missing = [name for name in ("polars", "duckdb") if not importlib.util.find_spec(name)]
    if "polars" not in missing:
        peers["polars join_asof"] = _polars(drops, events)
    if "duckdb" not in missing:
        peers["DuckDB ASOF JOIN"] = _duckdb(drops, events)
    seconds = interleaved(
        {
            "logscan": lambda: correlate(drops, events, tolerance=_TOLERANCE, active_active=pairing.active_active),
            **peers,
        },
    )
    note = "logscan gives all events in tolerance and a second step; the peer the nearest one only"
    found = [Line("matching alone", name, seconds["logscan"] / seconds[name], note=note) for name in peers]
    return found + [Line("matching alone", name, float("nan"), note="not installed here") for name in missing]


def _polars(drops: pd.DataFrame, events: pd.DataFrame) -> Callable[[], object]:
    import polars as pl

    left = pl.from_pandas(drops[["gateway", "start"]]).sort("start")
    right = pl.from_pandas(events[["gateway", "time", "kind"]]).sort("time")
    return lambda: left.join_asof(
        right,
        left_on="start",
        right_on="time",
        by="gateway",
        strategy="nearest",
        tolerance=_TOLERANCE.to_pytimedelta(),
        check_sortedness=False,
    )


def _duckdb(drops: pd.DataFrame, events: pd.DataFrame) -> Callable[[], object]:
    import duckdb

    connection = duckdb.connect()
    connection.register("drops_frame", drops[["gateway", "start"]].astype({"gateway": object}))
    connection.register("events_frame", events[["gateway", "time", "kind"]].astype({"gateway": object, "kind": object}))
    connection.execute(
        "create table drops as select * from drops_frame; create table events as select * from events_frame"
    )
    query = "select * from drops asof left join events on drops.gateway = events.gateway and events.time <= drops.start"
    return lambda: connection.sql(query).to_arrow_table()
