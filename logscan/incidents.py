"""Groups drops of one gateway that belong together in time: one decision, one case."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from logscan.instants import MICROSECONDS, microseconds
from logscan.tables import INCIDENTS

APART_SECONDS: Final = 120
"""A drop that starts at most so long after the one before it belongs to the same incident."""


def group_incidents(drops: pd.DataFrame) -> pd.Series:
    """The incident id of each of DROPS: I- and the digits of its first drop's id."""
    start = microseconds(drops["start"])
    gateway, _ = pd.factorize(drops["gateway"])
    # DROPS are ordered by start: a stable sort by gateway keeps that order within each.
    order = np.argsort(gateway, kind="stable")
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (gateway[order][1:] != gateway[order][:-1]) | (np.diff(start[order]) > APART_SECONDS * MICROSECONDS)
    first_of = order[np.flatnonzero(begins)]
    incident = np.empty(len(order), dtype=np.int64)
    incident[order] = np.cumsum(begins) - 1
    return ("I-" + drops["id"].str.slice(2).iloc[first_of]).iloc[incident].reset_index(drop=True)


def outline_incidents(judged: pd.DataFrame, *, urgency: Sequence[str]) -> pd.DataFrame:
    """INCIDENTS of JUDGED drops, by start. `urgency` lists the actions, most urgent first."""
    rank = judged["action"].map({action: place for place, action in enumerate(urgency)})
    work = judged.assign(
        rank=rank,
        is_open=judged["end"].isna(),
        unexplained=judged["verdict"] != "maintenance",
        # '' sorts before A: no severity must lose.
        worst=judged["severity"].replace("", "Z"),
    )
    # Two gateways' first drops may, once in four thousand million, share an id: the gateway keeps them apart.
    grouped = work.groupby(["gateway", "incident"], sort=False)
    outline = grouped.agg(
        start=("start", "min"),
        end=("end", "max"),
        drops=("id", "size"),
        peers=("remote_ip", "nunique"),
        rank=("rank", "min"),
        is_open=("is_open", "any"),
        unexplained=("unexplained", "any"),
        worst=("worst", "min"),
    ).reset_index()
    outline = outline.assign(
        id=outline["incident"],
        end=outline["end"].mask(outline["is_open"]),
        verdict=np.where(outline["unexplained"], "support-case-candidate", "maintenance"),
        action=[urgency[place] for place in outline["rank"].astype(int)],
        severity=outline["worst"].replace("Z", ""),
    )
    return INCIDENTS.conform(outline.sort_values(["start", "gateway"], kind="stable"))
