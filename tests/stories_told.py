"""The stories: small synthetic log folders named after what happened, and what logscan must say of each.

`python -m tests.stories_told` writes `tests/stories/`; a test holds the folders to this file. What is expected was
reasoned out from the design, not taken from a run.
"""

import gzip
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.archive_builder import SUBSCRIPTION, Archive, gateway_id, json_lines

STORIES = Path(__file__).parent / "stories"
GATEWAY = "VPNGW01"
PEER = "203.0.113.7"
OTHER_PEER = "203.0.113.8"
LONG_BEFORE = "2026-11-01T00:00:00"
LONG_AFTER = "2026-11-20T00:00:00"


@dataclass
class Story:
    """One folder, and what is expected of it."""

    name: str
    what_happened: str
    archive: Archive = field(default_factory=Archive)
    files: dict[str, bytes] = field(default_factory=dict)
    """Further files of `logs/`, or instead of an archive."""
    settings: str = ""
    """logscan.toml."""
    drops: list[dict[str, Any]] = field(default_factory=list)
    """Of each drop the keys that matter."""
    summary: dict[str, int] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """README.md, logs/, expected.json, and logscan.toml where there is one."""
        self.archive.write(folder / "logs")
        for name, content in self.files.items():
            path = folder / "logs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        title = self.name.replace("-", " ").capitalize()
        (folder / "README.md").write_text(f"# {title}\n\nSynthetic. {self.what_happened}\n")
        (folder / "expected.json").write_text(
            json.dumps({"drops": self.drops, "summary": self.summary}, indent=1, ensure_ascii=False) + "\n"
        )
        if self.settings:
            (folder / "logscan.toml").write_text(self.settings)


def logging_all_along(*gateways: str) -> Archive:
    """A gateway log that is on: a harmless row long before and long after whatever happens."""
    archive = Archive()
    for gateway in gateways or (GATEWAY,):
        for time in (LONG_BEFORE, LONG_AFTER):
            archive.event(time, gateway, "ValidateGatewayConfiguration", "validation")
    return archive


_TOLD: list[Callable[[], Story]] = []


def story(tell: Callable[[], Story]) -> Callable[[], Story]:
    """Add a story to the collection."""
    _TOLD.append(tell)
    return tell


def all_stories() -> list[Story]:
    """Every story."""
    return [tell() for tell in _TOLD]


# ------------------------------------------------------------------------------------------------ logged maintenance


@story
def failover() -> Story:
    archive = logging_all_along()
    archive.event("2026-11-03T03:11:55", GATEWAY, "HostMaintenanceEvent", "maintenance")
    archive.drop("2026-11-03T03:12:07.123", 45.377, GATEWAY, PEER, 0, restored_on=1)
    return Story(
        "failover",
        "Logged maintenance: 12 s after the event the tunnel drops, and comes back on the other instance.",
        archive,
        drops=[
            {
                "start": "2026-11-03T03:12:07.123000Z",
                "end": "2026-11-03T03:12:52.500000Z",
                "duration_seconds": 45.377,
                "shape": "failover",
                "restored_on": 1,
                # The other instance: nothing before, Connected after: down.
                "redundant": False,
                "outage_seconds": 45.377,
                "verdict": "maintenance",
                "cause": "logged-maintenance",
                "rule": "maintenance-logged",
                "action": "none",
                "decision": "maintenance-restored",
                "severity": None,
                "coverage": "proven",
                "matches": [
                    {
                        "operation": "HostMaintenanceEvent",
                        "kind": "maintenance",
                        "relation": "direct",
                        "gap_seconds": -12.123,
                        "grade": "near",
                    }
                ],
            }
        ],
        summary={"drops": 1, "maintenance": 1, "candidates": 0, "open_case": 0},
    )


@story
def second_instance() -> Story:
    archive = logging_all_along()
    archive.event("2026-11-03T03:11:55", GATEWAY, "HostMaintenanceEvent", "maintenance")
    archive.drop("2026-11-03T03:12:07", 45, GATEWAY, PEER, 0, restored_on=1)
    archive.drop("2026-11-03T03:44:30", 38, GATEWAY, PEER, 1, restored_on=0)
    return Story(
        "second-instance",
        "Azure services both instances in turn: the second drop, 32 min later and the other way round, has no event of its own.",
        archive,
        drops=[
            {"shape": "failover", "rule": "maintenance-logged", "action": "none"},
            {
                "shape": "failover",
                "instance": 1,
                "restored_on": 0,
                "verdict": "maintenance",
                "cause": "second-instance-maintenance",
                "rule": "maintenance-second-instance",
                "action": "none",
                "matches": [{"relation": "second-instance", "gap_seconds": -1955.0, "grade": "wide"}],
            },
        ],
        summary={"drops": 2, "incidents": 2, "maintenance": 2},
    )


@story
def upgrade_message() -> Story:
    archive = logging_all_along()
    archive.event("2026-11-05T15:29:50", GATEWAY, "SYNTHETIC_UNKNOWN", "UPGRADE Gateway Started now")
    archive.drop("2026-11-05T15:30:32", 28, GATEWAY, PEER, 0)
    return Story(
        "upgrade-message",
        "An upgrade is known by its message, whatever the operation is called and however it is spelt.",
        archive,
        drops=[{"verdict": "maintenance", "rule": "maintenance-logged", "action": "none", "shape": "same-instance"}],
    )


@story
def event_at_the_tolerance() -> Story:
    archive = logging_all_along()
    archive.event("2026-11-03T03:00:00", GATEWAY, "HostMaintenanceEvent", "at the edge")
    archive.drop("2026-11-03T03:15:00", 20, GATEWAY, PEER, 0)
    archive.event("2026-11-07T03:15:00", GATEWAY, "HostMaintenanceEvent", "at the edge, afterwards")
    archive.drop("2026-11-07T03:00:00", 20, GATEWAY, PEER, 0)
    archive.event("2026-11-11T03:00:00", GATEWAY, "HostMaintenanceEvent", "one microsecond too early")
    archive.drop("2026-11-11T03:15:00.000001", 20, GATEWAY, PEER, 0)
    return Story(
        "event-at-the-tolerance",
        "Maintenance exactly 15 min before and exactly 15 min after a drop matches; one microsecond more does not.",
        archive,
        drops=[
            {
                "verdict": "maintenance",
                "rule": "maintenance-logged-wide",
                "matches": [{"gap_seconds": -900.0, "grade": "wide"}],
            },
            {
                "verdict": "maintenance",
                "rule": "maintenance-logged-wide",
                "matches": [{"gap_seconds": 900.0, "grade": "wide"}],
            },
            {"verdict": "support-case-candidate", "rule": "unexplained", "action": "watch", "matches": []},
        ],
    )


@story
def long_maintenance() -> Story:
    archive = logging_all_along()
    archive.event("2026-11-03T03:11:55", GATEWAY, "HostMaintenanceEvent", "maintenance")
    archive.drop("2026-11-03T03:12:07", 600, GATEWAY, PEER, 0)
    archive.drop("2026-11-03T03:12:07", 601, GATEWAY, OTHER_PEER, 0)
    return Story(
        "long-maintenance",
        "Maintenance is recorded, one tunnel is back after exactly 10 min, the other a second later: too long.",
        archive,
        drops=[
            {"remote_ip": PEER, "action": "none", "decision": "maintenance-restored"},
            {
                "remote_ip": OTHER_PEER,
                "verdict": "maintenance",
                "action": "open-case",
                "decision": "maintenance-unusually-long",
                "severity": "C",
            },
        ],
        summary={"drops": 2, "incidents": 1, "maintenance": 2, "open_case": 1},
    )


# ----------------------------------------------------------------------------------------------- nothing was recorded


@story
def unlogged_failover() -> Story:
    archive = logging_all_along()
    archive.drop("2026-11-03T03:12:00", 70, GATEWAY, PEER, 0, restored_on=1)
    return Story(
        "unlogged-failover",
        "Shaped like a failover in Azure, 70 s without a tunnel, all logs collected, and nothing recorded: a case.",
        archive,
        drops=[
            {
                "verdict": "support-case-candidate",
                "cause": "gateway-failover",
                "rule": "failover-unlogged",
                "action": "open-case",
                "decision": "outage-over-a-minute",
                "severity": "C",
                "coverage": "proven",
            }
        ],
        summary={"candidates": 1, "open_case": 1},
    )


@story
def brief_drop() -> Story:
    archive = logging_all_along()
    archive.drop("2026-11-03T03:12:00", 59.999, GATEWAY, PEER, 0)
    return Story(
        "brief-drop",
        "One drop of just under a minute that recovered: Microsoft declines to investigate it.",
        archive,
        drops=[{"rule": "unexplained", "action": "watch", "decision": "brief-single", "severity": None}],
    )


@story
def primary_changed() -> Story:
    archive = logging_all_along()
    archive.event("2026-11-03T03:12:03", GATEWAY, "GatewayTenantPrimaryChanged", "primary changed")
    archive.drop("2026-11-03T03:12:00", 20, GATEWAY, PEER, 0, restored_on=1)
    return Story(
        "primary-changed",
        "The primary instance changed: supports a failover, is no proof of maintenance.",
        archive,
        drops=[
            {
                "verdict": "support-case-candidate",
                "cause": "gateway-failover",
                "rule": "primary-changed",
                "action": "watch",
                "matches": [{"kind": "primary-change", "gap_seconds": 3.0}],
            }
        ],
    )


@story
def flap() -> Story:
    archive = logging_all_along()
    archive.drop("2026-11-10T06:02:11", 8, GATEWAY, PEER, 0)
    archive.drop("2026-11-10T06:03:00", 12, GATEWAY, PEER, 0)
    archive.tunnel("2026-11-10T06:03:04", GATEWAY, PEER, 0, "Disconnected")
    archive.drop("2026-11-10T06:05:00", 9, GATEWAY, PEER, 0)
    archive.drop("2026-11-10T06:07:01", 9, GATEWAY, PEER, 0)
    return Story(
        "flap",
        "Three drops within two minutes of each other are one incident; one that begins 121 s later is another. A repeated Disconnected row is no further drop.",
        archive,
        drops=[
            {"repeats": 0, "action": "watch"},
            {"repeats": 1, "duration_seconds": 12.0, "action": "watch"},
            {"repeats": 0, "action": "watch"},
            {"repeats": 0, "action": "watch"},
        ],
        summary={"drops": 4, "incidents": 2},
    )


@story
def several_a_day() -> Story:
    archive = logging_all_along()
    archive.drop("2026-11-03T00:00:00", 5, GATEWAY, PEER, 0)
    archive.drop("2026-11-05T01:00:00", 5, GATEWAY, PEER, 0)
    archive.drop("2026-11-05T13:00:00", 5, GATEWAY, PEER, 0)
    archive.drop("2026-11-06T01:00:00", 5, GATEWAY, PEER, 0)
    return Story(
        "several-a-day",
        "Short drops, but three incidents within exactly 24 h: each of the three is worth a case; the one two days before is not.",
        archive,
        drops=[
            {"action": "watch"},
            *[{"action": "open-case", "decision": "several-a-day", "severity": "B"} for _ in range(3)],
        ],
        summary={"incidents": 4, "open_case": 3},
    )


@story
def over_budget() -> Story:
    archive = logging_all_along()
    archive.event("2026-11-03T03:00:00", GATEWAY, "HostMaintenanceEvent", "maintenance")
    archive.drop("2026-11-03T03:00:10", 1296, GATEWAY, PEER, 0)
    archive.drop("2026-11-05T03:00:00", 5, GATEWAY, PEER, 0)
    archive.drop("2026-11-05T03:00:00", 5, GATEWAY, OTHER_PEER, 0)
    return Story(
        "over-budget",
        "A long maintenance used the whole 21.6 min that the SLA allows in 30 days; five seconds more exceed it, for that peer only.",
        archive,
        drops=[
            {"action": "open-case", "decision": "maintenance-unusually-long", "severity": "B"},
            {"remote_ip": PEER, "action": "open-case", "decision": "over-sla-budget", "severity": "B"},
            {"remote_ip": OTHER_PEER, "action": "watch"},
        ],
    )


@story
def still_down() -> Story:
    archive = logging_all_along()
    archive.rows = [row for row in archive.rows if row["time"] < "2026-11-10"]
    archive.tunnel("2026-11-03T03:12:00", GATEWAY, PEER, 0, "Disconnected")
    archive.tunnel("2026-11-03T03:13:01", GATEWAY, OTHER_PEER, 0, "Disconnected")
    archive.row("2026-11-03T03:16:00", GATEWAY, "RouteDiagnosticLog", "BgpDisconnectedEvent", message="SYNTHETIC down")
    return Story(
        "still-down",
        "Two tunnels are down when the data end: one since four minutes, one since one second less than three.",
        archive,
        settings='production = true\nplan = "standard"\n[gateways.vpngw01]\nactive_active = false\n',
        drops=[
            {
                "shape": "open",
                "end": None,
                "duration_seconds": None,
                "restored_on": None,
                "redundant": False,
                "outage_seconds": 240.0,
                "action": "open-case",
                "decision": "still-down",
                "severity": "A",
                # The log goes on only four minutes: no gateway row after the drop.
                "coverage": "partial",
                "provisional": True,
            },
            {
                "shape": "open",
                "outage_seconds": 179.0,
                "action": "open-case",
                "decision": "outage-over-a-minute",
                "severity": "A",
            },
        ],
        summary={"still_down": 2, "provisional": 2},
    )


@story
def active_active() -> Story:
    archive = logging_all_along()
    for instance in (0, 1):
        archive.tunnel("2026-11-02T00:00:00", GATEWAY, PEER, instance, "Connected")
    archive.drop("2026-11-03T03:12:00", 300, GATEWAY, PEER, 0)
    return Story(
        "active-active",
        "One of two tunnels is down for five minutes, the other carries on: lost redundancy, no outage.",
        archive,
        drops=[
            {
                "shape": "same-instance",
                "redundant": True,
                "outage_seconds": 0.0,
                "duration_seconds": 300.0,
                "action": "watch",
                "decision": "brief-single",
            }
        ],
        summary={"unpaired_connects": 2},
    )


# ---------------------------------------------------------------------------------------------- somebody else's doing


@story
def own_change() -> Story:
    archive = logging_all_along()
    archive.event(
        "2026-11-12T01:20:33",
        GATEWAY,
        "SetConnectionConfiguration",
        "connection changed",
        operationStatus="Success",
        configuration={"ConnectionTrafficType": "Internet"},
    )
    archive.drop("2026-11-12T01:20:41", 90, GATEWAY, PEER, 0)
    return Story(
        "own-change",
        "The connection was changed eight seconds before: not maintenance, and no case either.",
        archive,
        drops=[
            {
                "verdict": "support-case-candidate",
                "cause": "own-change",
                "rule": "own-change-logged",
                "action": "check-own-change",
                "matches": [{"kind": "own-change", "gap_seconds": -8.0}],
            }
        ],
    )


@story
def gateway_reset() -> Story:
    archive = logging_all_along()
    archive.drop("2026-11-12T01:20:41", 70, GATEWAY, PEER, 0, restored_on=1)
    activity = [
        {
            "time": "2026-11-12T01:20:30Z",
            "category": {"value": "Administrative", "localizedValue": "Administrative"},
            "operationName": {"value": "Microsoft.Network/virtualNetworkGateways/reset/action"},
            "status": {"value": "Succeeded"},
            "caller": "user@contoso.example",
            "resourceId": gateway_id(GATEWAY),
        },
        {
            "time": "2026-11-12T01:20:31Z",
            "category": "Administrative",
            "operationName": "MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE",
            "resourceId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG1/providers/Microsoft.Storage/storageAccounts/a",
        },
    ]
    return Story(
        "gateway-reset",
        "A reset looks exactly like maintenance; the activity log tells that somebody reset the gateway. Its other rows are not about VPN.",
        archive,
        files={"activity.json": json.dumps(activity, indent=1).encode()},
        drops=[{"rule": "own-change-logged", "action": "check-own-change", "matches": [{"gap_seconds": -11.0}]}],
        summary={"other_service_rows": 1},
    )


@story
def platform_incident() -> Story:
    archive = logging_all_along()
    archive.drop("2026-11-12T01:20:41", 70, GATEWAY, PEER, 0)
    health = {
        "time": "2026-11-12T01:25:00Z",
        "category": {"value": "ServiceHealth"},
        "operationName": {"value": "Microsoft.ServiceHealth/incident/action"},
        "resourceId": f"/subscriptions/{SUBSCRIPTION}",
        "properties": {
            "incidentType": "Incident",
            "service": "VPN Gateway",
            "region": "Japan East",
            "title": "SYNTHETIC",
        },
    }
    return Story(
        "platform-incident",
        "Service Health reports an incident of VPN Gateway in the subscription four minutes later.",
        archive,
        files={"health.jsonl": json_lines([health])},
        drops=[{"rule": "platform-incident-logged", "cause": "platform-incident", "action": "follow-incident"}],
    )


@story
def not_validated() -> Story:
    archive = logging_all_along()
    archive.drop("2026-11-12T01:20:41", 70, GATEWAY, PEER, 0)
    return Story(
        "not-validated",
        "The device is not on Microsoft's list: its vendor is asked first.",
        archive,
        settings=f'[peers."{PEER}"]\nname = "osaka"\nvalidated = false\n',
        drops=[{"peer": "osaka", "action": "contact-vendor", "decision": "device-not-validated"}],
    )


# ----------------------------------------------------------------------------------------- what the logs cannot carry


@story
def no_gateway_log() -> Story:
    archive = Archive()
    archive.drop("2026-11-07T09:15:03", 25, GATEWAY, PEER, 0)
    archive.drop("2026-11-07T10:15:03", 25, "VPNGW02", PEER, 0)
    archive.event(LONG_BEFORE, "VPNGW02", "ValidateGatewayConfiguration")
    archive.event(LONG_AFTER, "VPNGW02", "ValidateGatewayConfiguration")
    archive.row(LONG_AFTER, "VPNGW03", "RouteDiagnosticLog", "StaticRouteUpdate", message="SYNTHETIC")
    return Story(
        "no-gateway-log",
        "One gateway's gateway log is off: nothing can be said about maintenance there. A third logs no tunnels at all.",
        archive,
        drops=[
            {"coverage": "missing", "cause": "not-verifiable", "rule": "gateway-log-missing", "action": "collect-logs"},
            {"coverage": "proven", "action": "watch"},
        ],
    )


@story
def log_gap() -> Story:
    archive = logging_all_along()
    archive.ike("2026-11-12T08:00:00", "2026-11-12T10:00:00", GATEWAY, PEER)
    archive.drop("2026-11-12T13:05:40", 35, GATEWAY, PEER, 0)
    archive.ike("2026-11-12T16:00:00", "2026-11-12T18:00:00", GATEWAY, PEER)
    archive.drop("2026-11-12T17:05:40", 35, GATEWAY, PEER, 0)
    return Story(
        "log-gap",
        "IKE rows arrive every six minutes but for six hours, and a drop lies in that hole: a maintenance row may be lost too.",
        archive,
        drops=[
            {"coverage": "partial", "rule": "unexplained-log-partial", "action": "watch"},
            {"coverage": "proven", "rule": "unexplained", "action": "watch"},
        ],
    )


# --------------------------------------------------------------------------------------------- how logs may be written


@story
def torn_line() -> Story:
    archive = logging_all_along()
    archive.drop("2026-11-03T03:12:00", 20, GATEWAY, PEER, 0)
    lines = json_lines(archive.rows).splitlines(keepends=True)
    lines[2:2] = [lines[0][:100] + b"\n", b"\n", b'{"time":"yesterday","category":"TunnelDiagnosticLog"}\n']
    ike = Archive()
    ike.ike("2026-11-03T03:00:00", "2026-11-03T03:10:00", GATEWAY, PEER)
    # A torn IKE row with a whole row behind it on the same line: it must not be taken for an IKE row.
    glued = json_lines(ike.rows[:1])[:-20] + json_lines(ike.rows[1:])
    return Story(
        "torn-line",
        "A line is cut off, one has no time, one is glued to the next: each is named by file and line, the rest is read.",
        files={"PT1H.json": b"".join(lines) + glued},
        drops=[{"start": "2026-11-03T03:12:00.000000Z", "duration_seconds": 20.0}],
        summary={"drops": 1, "malformed": 3},
    )


@story
def read_twice() -> Story:
    archive = logging_all_along()
    archive.drop("2026-11-03T03:12:00", 20, GATEWAY, PEER, 0)
    archive.ike("2026-11-03T03:00:00", "2026-11-03T03:30:00", GATEWAY, PEER)
    rows = json_lines(archive.rows)
    return Story(
        "read-twice",
        "Two diagnostic settings, or a copy of the folder, give every row twice, once zipped: each counts once.",
        files={"a.jsonl": rows, "copy.jsonl.gz": gzip.compress(rows, mtime=0)},
        drops=[{"duration_seconds": 20.0, "repeats": 0}],
        summary={"drops": 1, "duplicates": 9, "unpaired_connects": 0},
    )


@story
def wrong_hour() -> Story:
    archive = logging_all_along()
    archive.event("2026-11-03T03:11:55", GATEWAY, "HostMaintenanceEvent", "maintenance")
    archive.drop("2026-11-03T03:59:50", 45, GATEWAY, PEER, 0)
    archive.drop("2026-11-03T03:12:07", 45, GATEWAY, PEER, 0)
    random.Random(1).shuffle(archive.rows)
    folder = f"insights-logs-tunneldiagnosticlog/resourceId={gateway_id(GATEWAY)}/y=2026/m=11/d=04/h=17/m=00"
    return Story(
        "wrong-hour",
        "Rows in the blob of another hour, in no order: the time in the row rules.",
        files={f"{folder}/PT1H.json": json_lines(archive.rows)},
        drops=[
            {"start": "2026-11-03T03:12:07.000000Z", "duration_seconds": 45.0, "verdict": "maintenance"},
            {"start": "2026-11-03T03:59:50.000000Z", "duration_seconds": 45.0, "verdict": "support-case-candidate"},
        ],
    )


@story
def contradiction() -> Story:
    archive = logging_all_along()
    archive.drop("2026-11-03T03:12:00", 20, GATEWAY, PEER, 0)
    archive.rows[-1]["properties"]["status"] = "Disconnected"
    archive.rows[-2]["operationName"] = "tunneldisconnected"
    archive.rows[-2]["properties"]["status"] = ""
    return Story(
        "contradiction",
        "The second row says Disconnected in its status and TunnelConnected as operation: the operation is believed, and the row counted.",
        archive,
        drops=[{"duration_seconds": 20.0, "shape": "same-instance"}],
        summary={"contradictions": 1},
    )


def _same_drop() -> Archive:
    archive = logging_all_along()
    archive.event("2026-11-03T04:13:00.1", GATEWAY, "HostMaintenanceEvent", "maintenance")
    archive.drop("2026-11-03T04:13:05.123", 12.333, GATEWAY, PEER, 0, restored_on=1)
    return archive


_SAME_DROP = [
    {
        "gateway": gateway_id(GATEWAY).lower(),
        "start": "2026-11-03T04:13:05.123000Z",
        "duration_seconds": 12.333,
        "shape": "failover",
        "verdict": "maintenance",
        "coverage": "proven",
        "matches": [{"gap_seconds": -5.023, "operation": "HostMaintenanceEvent"}],
    }
]


def _log_analytics_rows(archive: Archive) -> list[dict[str, Any]]:
    """The rows as AzureDiagnostics returns them."""
    return [
        {
            "TimeGenerated": row["time"],
            "Category": row["category"],
            "OperationName": row["operationName"],
            "Level": row["level"],
            "Message": row["properties"].get("message"),
            "ResourceId": row["resourceId"],
            "instance_s": row["properties"].get("instance"),
            "remoteIP_s": row["properties"].get("remoteIP"),
            "status_s": row["properties"].get("status"),
            "stateChangeReason_s": row["properties"].get("stateChangeReason"),
        }
        for row in archive.rows
    ]


@story
def az_output() -> Story:
    rows = [
        {"TableName": "PrimaryResult"} | {k: str(v) for k, v in row.items()}
        for row in _log_analytics_rows(_same_drop())
    ]
    return Story(
        "az-output",
        "What `az monitor log-analytics query` prints: a list, every value text, null as None.",
        files={"az.json": json.dumps(rows, indent=2).encode("utf-16")},
        drops=_SAME_DROP,
    )


@story
def log_analytics_reply() -> Story:
    rows = _log_analytics_rows(_same_drop())
    # A workspace with more than 500 columns: the new ones are in AdditionalFields, without suffix.
    for row in rows:
        moved = {name[:-2]: row.pop(name) for name in list(row) if name.endswith("_s")}
        row["AdditionalFields"] = json.dumps(moved)
    table = {
        "name": "PrimaryResult",
        "columns": [{"name": name, "type": "string"} for name in rows[0]],
        "rows": [list(row.values()) for row in rows],
    }
    return Story(
        "log-analytics-reply",
        "A raw reply of the query API, from a workspace whose VPN columns overflowed into AdditionalFields.",
        files={"reply.json": json.dumps({"tables": [table]}).encode()},
        drops=_SAME_DROP,
    )


@story
def event_hubs() -> Story:
    rows = _same_drop().rows
    for row in rows:
        row["properties"] = json.dumps(row["properties"])
        row["resourceID"] = row.pop("resourceId")
    envelopes = [{"records": rows[:2]}, {"Records": rows[2:]}]
    return Story(
        "event-hubs",
        "Event Hubs envelopes, one a line; properties as text, other capitals in the names.",
        files={"capture.json": json_lines(envelopes)},
        drops=_SAME_DROP,
    )


@story
def portal_csv() -> Story:
    times = {
        "2026-11-01T00:00:00.0000000Z": '"11/1/2026, 12:00:00.000 AM"',
        "2026-11-20T00:00:00.0000000Z": '"11/20/2026, 12:00:00.000 AM"',
        "2026-11-03T04:13:00.1000000Z": '"11/3/2026, 4:13:00.100 AM"',
        "2026-11-03T04:13:05.1230000Z": '"11/3/2026, 4:13:05.123 AM"',
        "2026-11-03T04:13:17.4560000Z": '"11/3/2026, 4:13:17.456 AM"',
    }
    lines = ['"TimeGenerated [UTC]",Category,OperationName,ResourceId,"Message",instance_s,remoteIP_s,status_s']
    for row in _log_analytics_rows(_same_drop()):
        message = f'"{row["Message"] or ""}, ""quoted"",\nand a second line"'
        cells = [row[name] or "" for name in ("Category", "OperationName", "ResourceId")]
        cells += [message, *(row[name] or "" for name in ("instance_s", "remoteIP_s", "status_s"))]
        lines.append(",".join([times[row["TimeGenerated"]], *cells]))
    return Story(
        "portal-csv",
        "The portal's CSV: a byte-order mark, American times, quotes and line breaks in a message.",
        files={"query_data.csv": ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()},
        drops=_SAME_DROP,
    )


if __name__ == "__main__":
    shutil.rmtree(STORIES, ignore_errors=True)
    for told in all_stories():
        told.write(STORIES / told.name)
