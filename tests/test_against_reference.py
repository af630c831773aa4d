"""Pairing, matching and coverage of random awkward logs, held against a slow reference written from the design."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logscan.correlate import correlate
from logscan.coverage import assess_coverage
from logscan.deduplicate import deduplicate
from logscan.drops import find_drops
from logscan.events import collect_events
from logscan.incidents import group_incidents
from logscan.tables import HEARTBEATS, RECORDS
from tests.reference import Row, World, analyze

SECOND = 1_000_000
MINUTE = 60 * SECOND
START = 1_793_000_000 * SECOND
GATEWAYS = ("/subscriptions/s/resourcegroups/r/providers/microsoft.network/virtualnetworkgateways/a", "gw-b")


def _records(rows: Sequence[Row]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "time": pd.to_datetime([row.time for row in rows], unit="us", utc=True),
            "resource": [row.gateway for row in rows],
            "instance": pd.array([row.instance for row in rows], dtype="Int8"),
            "region": "",
            "source": 0,
            "file": 0,
            "line": range(1, len(rows) + 1),
            **{
                name: [getattr(row, name) for row in rows]
                for name in ("category", "operation", "remote_ip", "status", "reason", "message")
            },
        },
    )
    return RECORDS.conform(frame)


def _micro(value: pd.Timestamp) -> int | None:
    return None if pd.isna(value) else value.value // 1000


def _vectorised(rows: Sequence[Row], world: World) -> dict[str, Any]:
    records, duplicates = deduplicate(_records(rows))
    pairing = find_drops(records, active_active=world.active_active)
    events = collect_events(records)
    tolerance = pd.Timedelta(microseconds=world.tolerance)
    matches = correlate(pairing.drops, events, tolerance=tolerance, active_active=pairing.active_active)
    coverage = assess_coverage(pairing.drops, records, HEARTBEATS.empty(), tolerance=tolerance)
    drops = pairing.drops.assign(coverage=coverage, incident=group_incidents(pairing.drops))
    found = []
    for place, drop in enumerate(drops.to_dict("records")):
        own = matches[matches["drop"] == place].to_dict("records")
        found.append(
            {
                **{
                    name: drop[name]
                    for name in ("id", "incident", "gateway", "remote_ip", "shape", "repeats", "reason")
                },
                "instance": None if pd.isna(drop["instance"]) else drop["instance"],
                "restored_on": None if pd.isna(drop["restored_on"]) else drop["restored_on"],
                "redundant": None if pd.isna(drop["redundant"]) else drop["redundant"],
                "start": _micro(drop["start"]),
                "end": _micro(drop["end"]),
                "outage": round(drop["outage_seconds"] * SECOND),
                "coverage": drop["coverage"],
                "verdict": "maintenance" if any(m["kind"] == "maintenance" for m in own) else "support-case-candidate",
                "matches": [
                    (
                        _micro(events["time"][m["event"]]),
                        m["kind"],
                        m["relation"],
                        events["operation"][m["event"]],
                        events["message"][m["event"]],
                        round(m["gap_seconds"] * SECOND),
                        m["grade"],
                    )
                    for m in own
                ],
            }
        )
    return {
        "drops": found,
        "duplicates": duplicates,
        "unpaired_connects": pairing.unpaired_connects,
        "unpaired_disconnects": pairing.unpaired_disconnects,
        "contradictions": pairing.contradictions,
        "unreadable": pairing.unreadable,
    }


def _obvious(rows: Sequence[Row], world: World) -> dict[str, Any]:
    answer = analyze(rows, world)
    return {
        "drops": [
            {
                **{
                    name: getattr(drop, name)
                    for name in (
                        "id", "incident", "gateway", "remote_ip", "shape", "repeats", "reason", "instance", "restored_on",
                        "redundant", "start", "end", "outage", "coverage", "verdict",
                    )
                },
                "matches": [
                    (m.time, m.kind, m.relation, m.operation, m.message, m.gap, m.grade) for m in drop.matches
                ],
            }
            for drop in answer.drops
        ],
        **{
            name: getattr(answer, name)
            for name in ("duplicates", "unpaired_connects", "unpaired_disconnects", "contradictions", "unreadable")
        },
    }  # fmt: skip


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[list[Row], World]:
    """Few distinct times, so that ties are the rule; distances exactly at every edge the design names."""
    step = draw(st.sampled_from((1, SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, 24 * 60 * MINUTE)))
    time = st.integers(0, 40).map(lambda n: START + n * step) | st.sampled_from(
        [START + edge * MINUTE + fine for edge in (2, 5, 15, 60, 45 * 24 * 60) for fine in (-1, 0, 1)]
    )
    gateway = st.sampled_from(GATEWAYS)
    peer = st.sampled_from(("203.0.113.7", "203.0.113.8"))
    instance = st.sampled_from((0, 1, 0, 1, None))
    tunnel = st.builds(
        Row,
        time=time,
        gateway=gateway,
        category=st.just("TunnelDiagnosticLog"),
        operation=st.sampled_from(
            ("TunnelConnected", "TunnelDisconnected", "tunneldisconnected", "TunnelConnected", "TunnelDisconnected", "")
        ),
        instance=instance,
        remote_ip=peer,
        status=st.sampled_from(("", "", "Connected", "Disconnected", "connected", "Unknown")),
        reason=st.sampled_from(("", "RemotelyTriggered")),
    )
    event = st.builds(
        Row,
        time=time,
        gateway=gateway,
        category=st.just("GatewayDiagnosticLog"),
        operation=st.sampled_from(
            ("HostMaintenanceEvent", "hostmaintenanceevent", "SetGatewayConfiguration", "GatewayTenantPrimaryChanged",
             "GatewayResourceMove", "Odd")
        ),
        instance=instance,
        message=st.sampled_from(("", "x", "UPGRADE gateway STARTED now")),
    )  # fmt: skip
    beat = st.builds(
        Row, time=time, gateway=gateway, category=st.sampled_from(("RouteDiagnosticLog", "IKEDiagnosticLog")),
        operation=st.just("e"), instance=instance, message=st.integers(0, 3).map(str),
    )  # fmt: skip
    rows = draw(
        st.tuples(st.lists(tunnel, max_size=16), st.lists(event, max_size=5), st.lists(beat, max_size=20)).map(
            lambda parts: [row for part in parts for row in part]
        )
    )
    rows += draw(st.lists(st.sampled_from(rows), max_size=2)) if rows else []
    rows = draw(st.permutations(rows))
    told = draw(st.dictionaries(gateway, st.booleans()))
    tolerance = draw(st.sampled_from((0, 1, 5, 15, 60))) * MINUTE
    return list(rows), replace(World(), tolerance=tolerance, active_active=told)


@settings(deadline=None, max_examples=400)
@given(_worlds())
def test_the_vectorised_stages_say_what_the_reference_says(case: tuple[list[Row], World]) -> None:
    rows, world = case
    assert _vectorised(rows, world) == _obvious(rows, world)


@pytest.mark.parametrize("world", [World()])
def test_nothing_read_is_nothing_found(world: World) -> None:
    assert _vectorised([], world) == _obvious([], world)
