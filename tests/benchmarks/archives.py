"""Generators of SYNTHETIC archives: 95 % of the bytes are IKE rows, the rest tunnel, gateway and route rows."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

GATEWAYS = tuple(
    "/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/SYNTHETIC"
    f"/PROVIDERS/MICROSOFT.NETWORK/VIRTUALNETWORKGATEWAYS/VPNGW{number:02d}"
    for number in range(4)
)
START = datetime(2026, 11, 1, tzinfo=UTC)
FILES = 30
_IKE_BYTES = 642
"""Of one row, about."""


def merged(folder: Path, size: int) -> list[Path]:
    """Files in which all categories of all gateways stand one row after the other: one a day."""
    rows = size // _IKE_BYTES
    chance = random.Random(1)
    spacing = timedelta(days=FILES) / rows
    folder.mkdir(parents=True)
    paths = []
    for day in range(FILES):
        paths.append(folder / f"synthetic-{day:02d}.jsonl")
        with paths[-1].open("w") as file:
            for row in range(day * rows // FILES, (day + 1) * rows // FILES):
                file.write(_any_row(chance, _text(START + row * spacing, chance)))
    return paths


def storage(folder: Path, size: int) -> Path:
    """The layout of a storage account: a container for each category, a blob for each gateway and hour.

    Drops are as rare as in life, one in four days and gateway: most hours have none near them.
    """
    chance = random.Random(2)
    hours = FILES * 24
    rows = size // _IKE_BYTES // hours // len(GATEWAYS)
    for gateway in GATEWAYS:
        for hour in range(hours):
            begin = START + timedelta(hours=hour)
            times = [_text(begin + timedelta(hours=1) * row / rows, chance) for row in range(rows)]
            _write(folder, "ike", gateway, begin, (_ike(chance, time, gateway) for time in times))
            _write(folder, "route", gateway, begin, (_route(time, gateway) for time in times[::40]))
            if chance.random() < 1 / 96:
                _write(
                    folder,
                    "tunnel",
                    gateway,
                    begin,
                    (_tunnel(time, gateway, connected=n % 2 == 1) for n, time in enumerate(times[:2])),
                )
                _write(folder, "gateway", gateway, begin, (_maintenance(time, gateway) for time in times[:1]))
    return folder


def _write(folder: Path, category: str, gateway: str, hour: datetime, rows: Iterator[str]) -> None:
    path = (
        folder
        / f"insights-logs-{category}diagnosticlog"
        / f"resourceId={gateway}"
        / f"{hour:y=%Y/m=%m/d=%d/h=%H/m=00}"
        / "PT1H.json"
    )
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        file.writelines(rows)


def _text(time: datetime, chance: random.Random) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S.%f}{chance.randrange(10)}Z"


def _any_row(chance: random.Random, time: str) -> str:
    gateway, kind = chance.choice(GATEWAYS), chance.random()
    if kind < 0.95:
        return _ike(chance, time, gateway)
    if kind < 0.985:
        return _tunnel(
            time, gateway, connected=chance.random() < 0.5, instance=chance.randrange(2), peer=chance.randrange(9)
        )
    return _maintenance(time, gateway) if kind < 0.99 else _route(time, gateway)


def _row(time: str, gateway: str, category: str, operation: str, properties: str) -> str:
    return (
        f'{{"time":"{time}","resourceId":"{gateway}","category":"{category}","operationName":"{operation}",'
        f'"level":"Informational","properties":{{{properties}}}}}\n'
    )


def _ike(chance: random.Random, time: str, gateway: str) -> str:
    session = chance.getrandbits(37)
    message = (
        f"SESSION_ID :{{{session & 0xFFFFFFFF:08x}-4c80-434b-8702-d78ac5b3d154}} Remote 203.0.113.{session % 9}:500: Local 198.51.100.4:500: "
        f"[SEND] Proposed Traffic Selector payload will be (Final Negotiated) - [Tsid 0x{session % 4096:x} ]Number of TSIs 1: StartAddress "
        "10.20.0.0 EndAddress 10.20.255.255 PortStart 0 PortEnd 65535 Protocol 0 Number of TSRs 1:StartAddress 0.0.0.0"
    )
    properties = f'"instance":"GatewayTenantWorker_IN_{session & 1}","message":"{message}"'
    return _row(time, gateway, "IKEDiagnosticLog", "IKELogEvent", properties)


def _tunnel(time: str, gateway: str, *, connected: bool, instance: int = 0, peer: int = 7) -> str:
    status = "Connected" if connected else "Disconnected"
    properties = f'"instance":"GatewayTenantWorker_IN_{instance}","remoteIP":"203.0.113.{peer}","status":"{status}","stateChangeReason":""'
    return _row(time, gateway, "TunnelDiagnosticLog", f"Tunnel{status}", properties)


def _maintenance(time: str, gateway: str) -> str:
    return _row(time, gateway, "GatewayDiagnosticLog", "HostMaintenanceEvent", '"message":"synthetic"')


def _route(time: str, gateway: str) -> str:
    return _row(time, gateway, "RouteDiagnosticLog", "BgpConnectedEvent", '"message":"synthetic"')
