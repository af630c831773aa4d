"""Collects the gateway events: every row that might explain a drop, with its kind and the gateways it belongs to."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from logscan.catalogue import CATALOGUE, Entry
from logscan.categories import ACTIVITY_CATEGORIES, DIAGNOSTIC_CATEGORIES, GATEWAY
from logscan.tables import EVENTS

_GATEWAY_ID = re.compile(r"(.*/(?:virtualnetworkgateways|vpngateways)/[^/]+)")
_GROUP_ID = re.compile(r"(/subscriptions/[^/]+/resourcegroups/[^/]+)")
_SUBSCRIPTION_ID = re.compile(r"(/subscriptions/[^/]+)")


def collect_events(records: pd.DataFrame, *, extra: Sequence[Entry] = ()) -> pd.DataFrame:
    """EVENTS in RECORDS, sorted by gateway, time, operation (without case), message.

    `extra` are catalogue rows from settings; they stand before the shipped ones, so that they can refine them.
    A diagnostic row or a health record belongs to the gateway it names. An own change on a connection or a local
    network gateway belongs to every gateway of its resource group, Service Health to every gateway of its
    subscription: the logs do not tell more. What concerns no known gateway stays under the resource it names.
    """
    rows = records[records["category"].isin((GATEWAY, *ACTIVITY_CATEGORIES)).to_numpy()].reset_index(drop=True)
    rows["kind"] = _kinds(rows, (*extra, *CATALOGUE))
    known = records.loc[records["category"].isin(DIAGNOSTIC_CATEGORIES).to_numpy(), "resource"].unique().tolist()
    rows["gateway"] = _owners(rows, known)
    spread = rows.explode("gateway")
    spread = spread[spread["gateway"].notna()]
    spread = spread.assign(sorted_by=spread["operation"].str.lower())
    return EVENTS.conform(spread.sort_values(["gateway", "time", "sorted_by", "message"], kind="stable"))


def _kinds(rows: pd.DataFrame, entries: Sequence[Entry]) -> np.ndarray:
    lower = {name: rows[name].str.lower() for name in ("category", "operation", "message", "reason")}
    kinds = np.full(len(rows), "other", dtype=object)
    undecided = np.ones(len(rows), dtype=bool)
    for entry in entries:
        fits = undecided.copy()
        if entry.category:
            fits &= (lower["category"] == entry.category.lower()).to_numpy()
        if entry.operation:
            pattern = ".*".join(map(re.escape, entry.operation.lower().split("*")))
            fits &= lower["operation"].str.fullmatch(pattern).to_numpy(bool)
        if entry.message:
            fits &= lower["message"].str.contains(entry.message.lower(), regex=False).to_numpy(bool)
        if entry.reason:
            fits &= (lower["reason"] == entry.reason.lower()).to_numpy()
        kinds[fits] = entry.kind
        undecided &= ~fits
    return kinds


def _owners(rows: pd.DataFrame, known: list[str]) -> list[list[str]]:
    """For each row the gateways it belongs to; resource ids repeat, so each is looked at once."""
    codes, keys = pd.factorize(rows["category"] + "\n" + rows["resource"])
    parts = (key.partition("\n") for key in keys)
    owners = [_owners_of(category, resource, known) for category, _, resource in parts]
    return [owners[code] for code in codes]


def _owners_of(category: str, resource: str, known: list[str]) -> list[str]:
    if category == GATEWAY:
        return [resource]
    if gateway := _GATEWAY_ID.match(resource):
        return [gateway[1]]
    scope = {"Administrative": _GROUP_ID, "ServiceHealth": _SUBSCRIPTION_ID}.get(category)
    if scope and (found := scope.match(resource)):
        # Without a gateway that it could concern it is kept all the same, under the resource it names.
        return [name for name in known if name.startswith(found[1] + "/")] or [resource]
    return [resource]
