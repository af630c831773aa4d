"""The whole pipeline in reading order: from rows to drops, verdicts and actions. The library's one entry point."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from logscan.categories import DIAGNOSTIC_CATEGORIES, TUNNEL
from logscan.correlate import correlate
from logscan.coverage import assess_coverage, survey_coverage
from logscan.decide import decide
from logscan.deduplicate import deduplicate
from logscan.drops import Pairing, find_drops
from logscan.events import collect_events
from logscan.facts import gather_facts
from logscan.incidents import group_incidents, outline_incidents
from logscan.policy import ACTIONS
from logscan.rules import find_causes
from logscan.settings import Settings
from logscan.tables import INCIDENTS, JUDGED, MATCHES, Logs, Source

PROVISIONAL_MINUTES: Final = 30
"""Rows take so long to arrive (azure-monitor-docs, data-ingestion-time.md): newer drops may change."""


@dataclass(frozen=True)
class Selection:
    """Which drops are shown; all data are looked at all the same."""

    begin: datetime | None = None
    """Drops that start at or after this."""
    end: datetime | None = None
    """Drops that start before this."""
    gateways: Collection[str] = ()
    """Resource ids; none: all."""
    peers: Collection[str] = ()
    """Remote addresses; none: all."""

    def of(self, drops: pd.DataFrame) -> pd.Series:
        """Which drops it holds."""
        chosen = pd.Series(data=True, index=drops.index)
        if self.begin is not None:
            chosen &= drops["start"] >= self.begin
        if self.end is not None:
            chosen &= drops["start"] < self.end
        if self.gateways:
            chosen &= drops["gateway"].isin(self.gateways)
        if self.peers:
            chosen &= drops["remote_ip"].isin(self.peers)
        return chosen


@dataclass(frozen=True)
class Analysis:
    """What the logs say. Frames keep the contracts of `tables.py`; times are UTC."""

    drops: pd.DataFrame
    """JUDGED: the selected drops, by start."""
    incidents: pd.DataFrame
    """INCIDENTS that hold a selected drop; of each, all its drops count."""
    matches: pd.DataFrame
    """MATCHES of the selected drops; `drop` is a position in `drops`, `event` one in `events`."""
    events: pd.DataFrame
    """EVENTS: all of them."""
    coverage: pd.DataFrame
    """COVERAGE of every gateway."""
    summary: Mapping[str, int]
    """Counts, of the selected drops and of the rows that are in no drop."""
    first_row: pd.Timestamp | None
    """Oldest row of any kind; None without rows."""
    last_row: pd.Timestamp | None
    """Newest row of any kind: the end of the data."""
    active_active: Mapping[str, bool]
    """Gateway → whether both instances carry tunnels, where known."""
    logs: Logs = field(repr=False)
    settings: Settings = field(repr=False)
    selection: Selection = field(default_factory=Selection)

    @property
    def sources(self) -> tuple[Source, ...]:
        """What was read."""
        return self.logs.sources

    @property
    def gateways_without_tunnel_log(self) -> list[str]:
        """Gateways that log, but no tunnel rows: the category is off, or the gateway is policy-based and cannot."""
        with_tunnels = set(self.coverage.loc[self.coverage["category"] == TUNNEL, "gateway"])
        return [gateway for gateway in self.coverage["gateway"].unique().tolist() if gateway not in with_tunnels]


def analyze(logs: Logs, *, settings: Settings | None = None, selection: Selection | None = None) -> Analysis:
    """Find the drops in these logs, say what each one was, and what to do about it.

    A drop without a matching maintenance event is a support-case candidate. `selection` chooses what is shown;
    pairing, matching and coverage look at everything.
    """
    settings, selection = settings or Settings(), selection or Selection()
    tolerance = pd.Timedelta(settings.tolerance)
    records, duplicates = deduplicate(logs.records)
    first_row, last_row = _extent(records, logs.heartbeats)

    pairing = find_drops(records, active_active=_told(records, logs.heartbeats, settings), extent=(first_row, last_row))
    events = collect_events(records, extra=settings.events)
    matches = correlate(pairing.drops, events, tolerance=tolerance, active_active=pairing.active_active)
    drops = pairing.drops.assign(
        incident=group_incidents(pairing.drops),
        verdict=_verdicts(len(pairing.drops), matches),
        coverage=assess_coverage(pairing.drops, records, logs.heartbeats, tolerance=tolerance),
        provisional=pairing.drops["start"] >= last_row - pd.Timedelta(minutes=PROVISIONAL_MINUTES),
    )
    gateway_settings = {gateway: settings.of_gateway(gateway) for gateway in drops["gateway"].unique()}
    facts = gather_facts(
        drops,
        matches,
        end_of_data=last_row,
        numbers=settings.policy.thresholds,
        sla_percent=drops["gateway"]
        .map({name: sla_percent(settings, name) for name in gateway_settings})
        .astype(float),
        not_validated=drops["remote_ip"].isin(
            [address for address, peer in settings.peers.items() if not peer.validated]
        ),
    )
    production = {
        name: settings.production if of.production is None else of.production for name, of in gateway_settings.items()
    }
    decided = decide(
        facts, drops, settings.policy, production=drops["gateway"].map(production).astype(bool), plan=settings.plan
    )
    judged = JUDGED.conform(pd.concat([drops, find_causes(facts), decided], axis=1))
    shown = selection.of(judged)
    incidents = outline_incidents(judged, urgency=ACTIONS)
    kept = judged[shown].reset_index(drop=True)
    return Analysis(
        drops=kept,
        incidents=_of_shown(incidents, kept),
        matches=_renumbered(matches, shown.to_numpy()),
        events=events,
        coverage=survey_coverage(records, logs.heartbeats),
        summary=_summary(kept, pairing, duplicates, logs),
        first_row=first_row if len(records) + len(logs.heartbeats) else None,
        last_row=last_row if len(records) + len(logs.heartbeats) else None,
        active_active=pairing.active_active,
        logs=logs,
        settings=settings,
        selection=selection,
    )


def sla_percent(settings: Settings, gateway: str) -> float:
    """The availability promised for a gateway."""
    return settings.of_gateway(gateway).sla or settings.policy.thresholds["sla_percent"]


def _extent(records: pd.DataFrame, heartbeats: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Oldest and newest row of any kind; 1970 where there are none."""
    times = [frame["time"] for frame in (records, heartbeats) if len(frame)]
    if not times:
        nothing = pd.Timestamp(0, tz="UTC")
        return nothing, nothing
    return min(time.min() for time in times), max(time.max() for time in times)


def _told(records: pd.DataFrame, heartbeats: pd.DataFrame, settings: Settings) -> dict[str, bool]:
    """What settings say of active-active, for the gateways in the data."""
    logging = records.loc[records["category"].isin(DIAGNOSTIC_CATEGORIES).to_numpy(), "resource"].unique()
    gateways = {*logging.tolist(), *heartbeats["resource"].unique().tolist()}
    said = {gateway: settings.of_gateway(gateway).active_active for gateway in sorted(gateways)}
    return {gateway: told for gateway, told in said.items() if told is not None}


def _verdicts(drops: int, matches: pd.DataFrame) -> np.ndarray:
    explained = np.zeros(drops, dtype=bool)
    explained[matches.loc[matches["kind"] == "maintenance", "drop"].to_numpy()] = True
    return np.where(explained, "maintenance", "support-case-candidate")


def _of_shown(incidents: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    keys = shown[["gateway", "incident"]].drop_duplicates().rename(columns={"incident": "id"})
    return INCIDENTS.conform(incidents.merge(keys, on=["gateway", "id"]))


def _renumbered(matches: pd.DataFrame, shown: np.ndarray) -> pd.DataFrame:
    place = np.cumsum(shown) - 1
    kept = matches[shown[matches["drop"].to_numpy()]]
    return MATCHES.conform(kept.assign(drop=place[kept["drop"].to_numpy()]))


def _summary(drops: pd.DataFrame, pairing: Pairing, duplicates: int, logs: Logs) -> dict[str, int]:
    maintenance = int((drops["verdict"] == "maintenance").sum())
    return {
        "drops": len(drops),
        "incidents": len(drops[["gateway", "incident"]].drop_duplicates()),
        "maintenance": maintenance,
        "candidates": len(drops) - maintenance,
        "open_case": int((drops["action"] == "open-case").sum()),
        "still_down": int(drops["end"].isna().sum()),
        "provisional": int(drops["provisional"].sum()),
        "unpaired_connects": pairing.unpaired_connects,
        "unpaired_disconnects": pairing.unpaired_disconnects,
        "contradictions": pairing.contradictions,
        "unreadable_tunnel_rows": pairing.unreadable,
        "duplicates": duplicates,
        "malformed": sum(source.malformed for source in logs.sources),
        "other_service_rows": sum(source.other_service for source in logs.sources),
    }
