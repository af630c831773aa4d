"""Builds synthetic log archives in the layout of a storage account, for the sample, the stories and the tests."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


def gateway_id(name: str, group: str = "RG1") -> str:
    """A resource id as Azure writes it into logs: in capitals."""
    return (
        f"/SUBSCRIPTIONS/{SUBSCRIPTION}/RESOURCEGROUPS/{group}/PROVIDERS/MICROSOFT.NETWORK/"
        f"VIRTUALNETWORKGATEWAYS/{name.upper()}"
    )


@dataclass
class Archive:
    """Rows of one story; every time is ISO 8601 in UTC, such as `2026-11-03T04:13:05.123`."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def row(self, time: str, gateway: str, category: str, operation: str, **properties: Any) -> None:
        """One record as a storage account holds it."""
        whole, _, fraction = time.partition(".")
        self.rows.append(
            {
                "time": f"{whole}.{fraction:0<7}Z",
                "resourceId": gateway_id(gateway),
                "category": category,
                "operationName": operation,
                "level": "Informational",
                "properties": properties,
            }
        )

    def tunnel(self, time: str, gateway: str, peer: str, instance: int, status: str, reason: str = "") -> None:
        """A tunnel's change of state."""
        self.row(
            time,
            gateway,
            "TunnelDiagnosticLog",
            f"Tunnel{status}",
            instance=f"GatewayTenantWorker_IN_{instance}",
            remoteIP=peer,
            status=status,
            stateChangeReason=reason,
        )

    def drop(
        self, start: str, seconds: float, gateway: str, peer: str, instance: int, *, restored_on: int | None = None
    ) -> None:
        """A tunnel goes down and comes back, on the other instance if that is named."""
        end = (datetime.fromisoformat(start) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
        self.tunnel(start, gateway, peer, instance, "Disconnected")
        self.tunnel(end, gateway, peer, instance if restored_on is None else restored_on, "Connected")

    def event(self, time: str, gateway: str, operation: str, message: str = "", **properties: Any) -> None:
        """A row of the gateway log."""
        self.row(time, gateway, "GatewayDiagnosticLog", operation, **properties, message=f"SYNTHETIC {message}".strip())

    def ike(self, begin: str, end: str, gateway: str, peer: str, *, every: timedelta = timedelta(minutes=6)) -> None:
        """IKE chatter: proof that the gateway was logging."""
        time, number = datetime.fromisoformat(begin), 0
        while time < datetime.fromisoformat(end):
            self.row(
                time.isoformat(timespec="milliseconds"),
                gateway,
                "IKEDiagnosticLog",
                "IKELogEvent",
                instance="GatewayTenantWorker_IN_0",
                message=f"SESSION_ID :{{00000000-0000-0000-0000-{number:012d}}} Remote {peer}:500: Local 198.51.100.4:500: "
                "[SEND][NOTIFY] SYNTHETIC keepalive",
            )
            time, number = time + every, number + 1

    def write(self, root: Path) -> None:
        """One PT1H.json for each category, gateway and hour of arrival, here a few minutes after the event."""
        blobs: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in sorted(self.rows, key=lambda row: row["time"]):
            arrived = datetime.fromisoformat(row["time"]) + timedelta(minutes=4)
            blobs[
                f"insights-logs-{row['category'].lower()}/resourceId={row['resourceId']}/"
                f"y={arrived:%Y}/m={arrived:%m}/d={arrived:%d}/h={arrived:%H}/m=00/PT1H.json"
            ].append(row)
        for name, rows in blobs.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(json_lines(rows))


def json_lines(rows: Iterable[dict[str, Any]]) -> bytes:
    """Rows as a blob holds them: one object a line."""
    return "".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n" for row in rows).encode()
