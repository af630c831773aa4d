"""Matches drops with the gateway events near them."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from logscan.instants import MICROSECONDS, Bools, Instants, Ints, microseconds, pairs
from logscan.tables import MATCHES

NEAR_SECONDS: Final = 5 * 60
"""Up to this distance a match is `near`."""

SECOND_INSTANCE_SECONDS: Final = 60 * 60
"""Azure services the two instances in turn, tens of minutes apart (jpaztech/blog, 2020 draft on maintenance)."""


def correlate(
    drops: pd.DataFrame,
    events: pd.DataFrame,
    *,
    tolerance: pd.Timedelta,
    active_active: Mapping[str, bool],
) -> pd.DataFrame:
    """MATCHES of DROPS with EVENTS of the same gateway at most `tolerance` before or after the drop's start.

    A drop without a maintenance match of its own is also matched (relation second-instance) with a maintenance event
    at most 60 min before it that directly matches a drop of the other instance, if it is shaped like maintenance: a
    failover, or a return on the same instance of an active-active gateway.
    """
    gateway = pd.factorize(pd.concat([drops["gateway"], events["gateway"]]))[0].astype(np.int64)
    drop_gateway, event_gateway = gateway[: len(drops)], gateway[len(drops) :]
    start, time = microseconds(drops["start"]), microseconds(events["time"])
    order = np.lexsort((np.arange(len(time)), time, event_gateway))
    near = round(tolerance / pd.Timedelta(microseconds=1))

    def within(first: Ints, last: Ints, chosen: Ints) -> tuple[Ints, Ints]:
        """Pairs (drop, event) of chosen events, in `order`, whose time is in [first, last] of the drop."""
        at = Instants.of(event_gateway[chosen], time[chosen])
        drop, position = pairs(at.first_at_or_after(drop_gateway, first), at.first_after(drop_gateway, last))
        return drop, chosen[position]

    drop, event = within(start - near, start + near, order)
    is_maintenance = (events["kind"] == "maintenance").to_numpy()
    instance = drops["instance"].fillna(-1).to_numpy(np.int64)
    explained = np.zeros(len(drops), dtype=bool)
    explained[drop[is_maintenance[event]]] = True
    may_be_second = ~explained & _shaped_like_maintenance(drops, active_active)

    found = [(drop, event, "direct")]
    for own in (0, 1):
        serves = np.zeros(len(events), dtype=bool)
        serves[event[instance[drop] == 1 - own]] = True
        chosen = order[(serves & is_maintenance)[order]]
        second_drop, second_event = within(start - SECOND_INSTANCE_SECONDS * MICROSECONDS, start, chosen)
        kept = (may_be_second & (instance == own))[second_drop]
        found.append((second_drop[kept], second_event[kept], "second-instance"))
    return _frame(found, start, time, events)


def _shaped_like_maintenance(drops: pd.DataFrame, active_active: Mapping[str, bool]) -> Bools:
    both_carry = drops["gateway"].map(dict(active_active)).eq(True)  # noqa: FBT003 - pandas' own parameter
    shaped = (drops["shape"] == "failover") | ((drops["shape"] == "same-instance") & both_carry)
    return shaped.to_numpy(bool)


def _frame(found: list[tuple[Ints, Ints, str]], start: Ints, time: Ints, events: pd.DataFrame) -> pd.DataFrame:
    drop = np.concatenate([drop for drop, _, _ in found])
    event = np.concatenate([event for _, event, _ in found])
    relation = np.repeat([name for _, _, name in found], [len(drop) for drop, _, _ in found])
    gap = time[event] - start[drop]
    # EVENTS are sorted by time, operation and message within a gateway: their position settles every tie.
    order = np.lexsort((event, np.abs(gap), drop))
    drop, event, gap = drop[order], event[order], gap[order]
    return MATCHES.conform(
        pd.DataFrame(
            {
                "drop": drop,
                "event": event,
                "kind": events["kind"].to_numpy()[event],
                "relation": relation[order],
                "gap_seconds": gap / MICROSECONDS,
                "grade": np.where(np.abs(gap) <= NEAR_SECONDS * MICROSECONDS, "near", "wide"),
            },
        ),
    )
