"""Builds small RECORDS frames for tests of the stages: one short text a row."""

from typing import Any

import pandas as pd

from logscan.categories import GATEWAY, TUNNEL
from logscan.deduplicate import deduplicate
from logscan.tables import RECORDS

GW = "/subscriptions/s/resourcegroups/r/providers/microsoft.network/virtualnetworkgateways/vpngw01"
GW2 = "/subscriptions/s/resourcegroups/r/providers/microsoft.network/virtualnetworkgateways/vpngw02"
START = pd.Timestamp("2026-11-03T00:00:00Z")


def at(seconds: float) -> pd.Timestamp:
    """That many seconds into the test."""
    return START + pd.Timedelta(microseconds=round(seconds * 1_000_000))


def row(seconds: float, category: str, operation: str, **values: Any) -> dict[str, Any]:
    """One record."""
    blank = {
        "resource": GW,
        "instance": pd.NA,
        "remote_ip": "",
        "status": "",
        "reason": "",
        "message": "",
        "region": "",
        "source": 0,
        "file": 0,
        "line": 0,
    }
    return blank | {"time": at(seconds), "category": category, "operation": operation} | values


def up(seconds: float, instance: int | None = 0, peer: str = "203.0.113.7", **values: Any) -> dict[str, Any]:
    """A Connected row."""
    return _tunnel(seconds, "Connected", instance, peer, values)


def down(seconds: float, instance: int | None = 0, peer: str = "203.0.113.7", **values: Any) -> dict[str, Any]:
    """A Disconnected row."""
    return _tunnel(seconds, "Disconnected", instance, peer, values)


def _tunnel(seconds: float, status: str, instance: int | None, peer: str, values: dict[str, Any]) -> dict[str, Any]:
    said = {"instance": pd.NA if instance is None else instance, "remote_ip": peer, "status": status}
    return row(seconds, TUNNEL, f"Tunnel{status}", **said) | values


def event(seconds: float, operation: str = "HostMaintenanceEvent", **values: Any) -> dict[str, Any]:
    """A row of the gateway log."""
    return row(seconds, GATEWAY, operation, **values)


def records(*rows: dict[str, Any]) -> pd.DataFrame:
    """RECORDS as the stages get them: each row once, by time; `line` counts them as given."""
    if not rows:
        return RECORDS.empty()
    frame = pd.DataFrame([one | {"line": line} for line, one in enumerate(rows, 1)])
    return deduplicate(RECORDS.conform(frame))[0]
