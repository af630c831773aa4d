"""Gathers what rules and policy ask about each drop, as one true or false per question."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from logscan.instants import MICROSECONDS, Bools, Instants, Ints, microseconds
from logscan.policy import budget_seconds

FACTS: Final[Mapping[str, str]] = {
    "maintenance": "a maintenance event matches",
    "maintenance-near": "one lies within 5 min of the start",
    "maintenance-wide": "one lies within the tolerance",
    "primary-change": "the gateway's primary instance changed then",
    "own-change": "a change of configuration, or a reset, matches",
    "platform-incident": "Microsoft reported an incident then",
    "failover": "restored on the other instance",
    "no-gateway-log": "the gateway log holds no row of this gateway",
    "partial-log": "the gateway log has a gap around the drop",
    "not-validated": "the peer is marked validated = false",
    "long": "still down, or longer than maintenance takes",
    "still-down": "still down at the end of the data, and long enough to say so",
    "outage": "without any tunnel for longer than is called brief",
    "repeated": "one of several candidate incidents of the gateway in 24 h",
    "over-budget": "the peer's outages of 30 days exceed the SLA budget",
}
"""Every question, and what yes means."""

_DAY: Final = 24 * 60 * 60 * MICROSECONDS
_BUDGET_DAYS: Final = 30


def gather_facts(
    drops: pd.DataFrame,
    matches: pd.DataFrame,
    *,
    end_of_data: pd.Timestamp,
    numbers: Mapping[str, float],
    sla_percent: pd.Series,
    not_validated: pd.Series,
) -> pd.DataFrame:
    """FACTS, one row a drop. `drops` has its verdict and coverage; `sla_percent` and `not_validated` go row by row.

    A window of 24 h or 30 days is any that holds the drop: the first of three incidents is one of three.
    """
    is_open = drops["end"].isna()
    long = is_open | (drops["duration_seconds"].fillna(0) > numbers["long_maintenance_minutes"] * 60)
    down_for = (end_of_data - drops["start"]).dt.total_seconds() / 60
    kind, direct = matches["kind"], matches["relation"] == "direct"
    near = matches["grade"] == "near"
    return pd.DataFrame(
        {
            "maintenance": drops["verdict"] == "maintenance",
            "maintenance-near": _of_drops(matches[(kind == "maintenance") & direct & near], len(drops)),
            "maintenance-wide": _of_drops(matches[(kind == "maintenance") & direct], len(drops)),
            **{
                name: _of_drops(matches[kind == name], len(drops))
                for name in ("primary-change", "own-change", "platform-incident")
            },
            "failover": drops["shape"] == "failover",
            "no-gateway-log": drops["coverage"] == "missing",
            "partial-log": drops["coverage"] == "partial",
            "not-validated": not_validated,
            "long": long,
            "still-down": is_open & (down_for >= numbers["still_down_minutes"]),
            "outage": drops["outage_seconds"] >= numbers["brief_seconds"],
            "repeated": _repeated(drops, int(numbers["incidents_a_day"])),
            "over-budget": _over_budget(drops, sla_percent),
        },
        columns=list(FACTS),
    ).astype(bool)


def first_that_holds(
    facts: pd.DataFrame, conditions: Sequence[tuple[Sequence[str], Sequence[str]]]
) -> npt.NDArray[np.int64]:
    """For each row the place of the first condition (all of these facts, none of those) that holds; the last always does."""
    chosen = np.full(len(facts), len(conditions) - 1, dtype=np.int64)
    for place in reversed(range(len(conditions) - 1)):
        when, unless = conditions[place]
        holds = facts[list(when)].all(axis=1) & ~facts[list(unless)].any(axis=1)
        chosen[holds.to_numpy()] = place
    return chosen


def _of_drops(matches: pd.DataFrame, drops: int) -> Bools:
    found = np.zeros(drops, dtype=bool)
    found[matches["drop"].to_numpy()] = True
    return found


def _repeated(drops: pd.DataFrame, at_least: int) -> pd.Series:
    """Drops of incidents that share some 24 h with enough other candidate incidents of their gateway."""
    candidates = drops[drops["verdict"] != "maintenance"]
    first = drops.groupby(["gateway", "incident"], sort=False)["start"].transform("min")
    incidents = candidates.assign(begin=first).drop_duplicates(["gateway", "incident"])
    crowded = _in_window(
        pd.factorize(incidents["gateway"])[0].astype(np.int64),
        microseconds(incidents["begin"]),
        np.ones(len(incidents)),
        length=_DAY,
        threshold=np.full(len(incidents), at_least - 0.5),
    )
    keys = incidents.loc[crowded, ["gateway", "incident"]].assign(repeated=True)
    return drops[["gateway", "incident"]].merge(keys, how="left")["repeated"].eq(True)  # noqa: FBT003 - pandas' own parameter


def _over_budget(drops: pd.DataFrame, sla_percent: pd.Series) -> Bools:
    site: Ints = drops.groupby(["gateway", "remote_ip"], sort=False).ngroup().to_numpy(np.int64)  # type: ignore[assignment]  # its stubs forget the width
    budget = sla_percent.map(budget_seconds).to_numpy(np.float64)
    outage = drops["site_outage_seconds"].to_numpy(float)
    return _in_window(site, microseconds(drops["start"]), outage, length=_BUDGET_DAYS * _DAY, threshold=budget)


def _in_window(
    key: Ints, time: Ints, weight: npt.NDArray[np.float64], *, length: int, threshold: npt.NDArray[np.float64]
) -> Bools:
    """Which moments lie in some window of that length, of their own key, whose weights sum to more than the threshold."""
    order = np.lexsort((time, key))
    key, time, limit = key[order], time[order], threshold[order]
    # A heavy window can be slid until it begins at a moment: those are all there is to try.
    stop = Instants.of(key, time).first_after(key, time + length)
    total = np.concatenate([[0.0], np.cumsum(weight[order])])
    begins = np.flatnonzero(total[stop] - total[:-1] > limit + 1e-9)
    edges = np.zeros(len(key) + 1, dtype=np.int64)
    np.add.at(edges, begins, 1)
    np.add.at(edges, stop[begins], -1)
    inside = np.empty(len(key), dtype=bool)
    inside[order] = np.cumsum(edges)[:-1] > 0
    return inside
