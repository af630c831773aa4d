"""Pairing, matching and coverage of random awkward logs, held against a slow reference written from the design."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logscan.analysis import analyze as analyze_logs
from logscan.correlate import correlate
from logscan.coverage import assess_coverage
from logscan.deduplicate import deduplicate
from logscan.drops import find_drops
from logscan.events import collect_events
from logscan.incidents import group_incidents
from logscan.report.clock import Clock
from logscan.report.data import to_json
from logscan.report.wording import Wording
from logscan.settings import Gateway, Settings
from logscan.sources.archive import read_archive
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


def _vectorised(records: pd.DataFrame, world: World) -> dict[str, Any]:
    records, duplicates = deduplicate(records)
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
    assert _vectorised(_records(rows), world) == _obvious(rows, world)


def _raw(row: Row) -> bytes:
    """The row as a storage account holds it."""
    time = datetime.fromtimestamp(row.time // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    properties = {
        "instance": "?" if row.instance is None else f"GatewayTenantWorker_IN_{row.instance}",
        "remoteIP": row.remote_ip,
        "status": row.status,
        "stateChangeReason": row.reason,
        "message": row.message,
    }
    record = {
        "time": f"{time}.{row.time % SECOND:06d}9Z",
        "resourceId": row.gateway.upper(),
        "category": row.category,
        "operationName": row.operation,
        "properties": properties,
    }
    return json.dumps(record, separators=(",", ":")).encode()


def _of_json(drop: dict[str, Any]) -> dict[str, Any]:
    """A drop of the program's JSON in the words of `_obvious`."""

    def micro(text: str | None) -> int | None:
        return None if text is None else _micro(pd.Timestamp(text))

    same = (
        "id",
        "incident",
        "gateway",
        "remote_ip",
        "shape",
        "repeats",
        "reason",
        "instance",
        "restored_on",
        "redundant",
    )
    return {
        **{name: drop[name] for name in (*same, "coverage", "verdict")},
        "start": micro(drop["start"]),
        "end": micro(drop["end"]),
        "outage": round(drop["outage_seconds"] * SECOND),
        "matches": [
            (
                micro(match["time"]),
                *(match[name] for name in ("kind", "relation", "operation", "message")),
                round(match["gap_seconds"] * SECOND),
                match["grade"],
            )
            for match in drop["matches"]
        ],
    }


@settings(deadline=None, max_examples=150)
@given(_worlds(), st.data())
def test_so_does_the_program_on_awkward_archives(case: tuple[list[Row], World], data: st.DataObject) -> None:
    """Shuffled rows in the blobs of any hour, torn lines, gzip, a copy of some rows, folders at any depth."""
    rows, world = case
    hours = [data.draw(st.integers(0, 3), label="hour of each row") for _ in rows]
    torn = 0
    with TemporaryDirectory() as folder:
        ordered = []
        for hour in range(4):
            lines = []
            for row in (row for row, arrived in zip(rows, hours, strict=True) if arrived == hour):
                ordered.append(row)
                if data.draw(st.integers(0, 9), label="0: a torn line before it") == 0:
                    lines.append(_raw(row)[: data.draw(st.integers(1, 60))])
                    torn += 1
                lines.append(_raw(row))
            if not lines:
                continue
            content = b"\n".join(lines) + data.draw(st.sampled_from((b"", b"\n", b"\r\n\n")))
            zipped = data.draw(st.booleans(), label="zipped")
            path = Path(folder, f"any/resourceId={GATEWAYS[0]}/y=2026/m=10/d=26/h=0{hour}/m=00/PT1H.json")
            path.parent.mkdir(parents=True)
            path.write_bytes(gzip.compress(content) if zipped else content)
        if not ordered:
            return
        logs = read_archive(folder)
    told = Settings(
        tolerance=timedelta(microseconds=world.tolerance),
        gateways={name: Gateway(active_active=said) for name, said in world.active_active.items()},
    )
    analysis = analyze_logs(logs, settings=told)
    document = json.loads(to_json(Wording(analysis, "en", Clock("UTC")), generated_at=datetime.now(UTC)))
    expected = _obvious(ordered, world)
    assert document["summary"]["malformed"] == torn
    for count in ("duplicates", "unpaired_connects", "unpaired_disconnects", "contradictions"):
        assert document["summary"][count] == expected[count]
    assert [_of_json(drop) for drop in document["drops"]] == expected["drops"]


@pytest.mark.parametrize("world", [World()])
def test_nothing_read_is_nothing_found(world: World) -> None:
    assert _vectorised(_records([]), world) == _obvious([], world)
