"""Says whether the logs that could have shown maintenance were really being collected."""

from typing import Final

import numpy as np
import pandas as pd

from logscan.categories import DIAGNOSTIC_CATEGORIES, GATEWAY, HEARTBEAT_CATEGORIES, IKE
from logscan.instants import MICROSECONDS, Bools, Instants, Ints, microseconds
from logscan.tables import COVERAGE

REACH_DAYS: Final = 45
"""Azure maintains a gateway once or twice a month: a gateway log that is on shows a row in 45 days."""

HEARTBEAT_ROWS: Final = 12
HEARTBEAT_SECONDS: Final = 10 * 60
"""So many rows other than tunnel rows, with a median spacing of at most this, are a heartbeat."""

_DAY: Final = 24 * 60 * 60 * MICROSECONDS


def assess_coverage(
    drops: pd.DataFrame,
    records: pd.DataFrame,
    heartbeats: pd.DataFrame,
    *,
    tolerance: pd.Timedelta,
) -> pd.Series:
    """`proven`, `partial` or `missing` for each of DROPS, from all RECORDS and HEARTBEATS of its gateway.

    Activity and health records prove nothing here: they do not come through the gateway's diagnostic setting.
    """
    gateways = pd.Index(drops["gateway"].unique())
    gateway = gateways.get_indexer(drops["gateway"]).astype(np.int64)
    start = microseconds(drops["start"])
    near = round(tolerance / pd.Timedelta(microseconds=1))

    logged = _instants(records[(records["category"] == GATEWAY).to_numpy()], gateways)
    beats = _instants(records[records["category"].isin(HEARTBEAT_CATEGORIES).to_numpy()], gateways, heartbeats)
    any_logged = np.isin(gateway, logged.key)
    before = _any_within(logged, gateway, start - REACH_DAYS * _DAY, start)
    after = _any_within(logged, gateway, start, start + REACH_DAYS * _DAY)
    silent = _has_heartbeat(beats, len(gateways))[gateway] & ~_any_within(beats, gateway, start - near, start + near)
    grade = np.where(~any_logged, "missing", np.where(before & after & ~silent, "proven", "partial"))
    return pd.Series(grade, dtype="str")


def survey_coverage(records: pd.DataFrame, heartbeats: pd.DataFrame) -> pd.DataFrame:
    """COVERAGE: rows, oldest and newest, of every gateway and diagnostic category in the data."""
    rows = records.loc[records["category"].isin(DIAGNOSTIC_CATEGORIES).to_numpy(), ["resource", "category", "time"]]
    noted = heartbeats.assign(category=IKE)
    grouped = (
        pd.concat([rows, noted], ignore_index=True)
        .groupby(["resource", "category"])
        .agg(rows=("time", "size"), first=("time", "min"), last=("time", "max"))
        .reset_index()
    )
    return COVERAGE.conform(grouped.rename(columns={"resource": "gateway"}))


def _instants(rows: pd.DataFrame, gateways: pd.Index, *more: pd.DataFrame) -> Instants:
    frames = [rows, *more]
    key = np.concatenate([gateways.get_indexer(pd.Index(frame["resource"])) for frame in frames]).astype(np.int64)
    time = np.concatenate([microseconds(frame["time"]) for frame in frames])
    known = key >= 0
    key, time = key[known], time[known]
    order = np.lexsort((time, key))
    return Instants.of(key[order], time[order])


def _any_within(instants: Instants, key: Ints, first: Ints, last: Ints) -> Bools:
    found: Bools = instants.first_after(key, last) > instants.first_at_or_after(key, first)
    return found


def _has_heartbeat(beats: Instants, gateways: int) -> Bools:
    spacing = pd.Series(np.diff(beats.time))[np.diff(beats.key) == 0]
    median = spacing.groupby(beats.key[1:][np.diff(beats.key) == 0]).median()
    steady = np.zeros(gateways, dtype=bool)
    steady[median.index[median <= HEARTBEAT_SECONDS * MICROSECONDS].to_numpy(np.int64)] = True
    return steady & (np.bincount(beats.key, minlength=gateways) >= HEARTBEAT_ROWS)
