"""The story of the sample that ships with logscan: `python -m tests.sample_story` writes it anew.

All of it is invented. Two weeks of three gateways in Japan:

- VPNGW01, active-standby: a logged maintenance that moves two peers to the other instance, and 32 min later the same
  maintenance of that instance; a drop nobody logged; a flap; a drop while nothing was being logged.
- VPNGW02, active-active: an upgrade, announced by a message only; an own change.
- VPNGW03: its gateway log was never turned on.
"""

import shutil
from pathlib import Path

from tests.archive_builder import Archive

SAMPLE = Path(__file__).parents[1] / "logscan" / "sample" / "archive"

OSAKA, NAGOYA, FUKUOKA, SENDAI = "203.0.113.7", "203.0.113.8", "198.51.100.21", "198.51.100.33"


def tell() -> Archive:
    """The sample's rows."""
    story = Archive()
    _active_standby(story)
    _active_active(story)
    _without_gateway_log(story)
    return story


def _active_standby(story: Archive) -> None:
    gateway = "VPNGW01"
    story.event("2026-11-01T23:58:10.500", gateway, "ValidateGatewayConfiguration", "validation")
    for peer in (OSAKA, NAGOYA):
        story.tunnel("2026-11-01T23:59:30.250", gateway, peer, 0, "Connected")

    # Logged maintenance: 03:12 in Japan, both peers move to instance 1.
    story.ike("2026-11-02T17:30:00", "2026-11-02T19:30:00", gateway, OSAKA)
    story.event(
        "2026-11-02T18:11:55", gateway, "HostMaintenanceEvent", "maintenance", instance="GatewayTenantWorker_IN_0"
    )
    story.drop("2026-11-02T18:12:07.123", 45.377, gateway, OSAKA, 0, restored_on=1)
    story.drop("2026-11-02T18:12:08.004", 41.9, gateway, NAGOYA, 0, restored_on=1)
    story.event("2026-11-02T18:12:20", gateway, "GatewayTenantPrimaryChanged", "primary changed")

    # The second instance's turn; nothing is logged this time.
    story.drop("2026-11-02T18:44:30.660", 38.2, gateway, OSAKA, 1, restored_on=0)
    story.drop("2026-11-02T18:44:31.015", 36.75, gateway, NAGOYA, 1, restored_on=0)

    # What nobody logged: two minutes without a tunnel to Osaka, all logs being collected.
    story.ike("2026-11-08T20:00:00", "2026-11-08T21:30:00", gateway, OSAKA)
    story.drop("2026-11-08T20:47:12.340", 134.21, gateway, OSAKA, 0)

    # A flap: three short drops within two minutes are one incident.
    story.ike("2026-11-10T05:30:00", "2026-11-10T06:30:00", gateway, NAGOYA)
    for start, seconds in (("06:02:11.100", 7.6), ("06:02:58.000", 12.25), ("06:04:01.730", 9.4)):
        story.drop(f"2026-11-10T{start}", seconds, gateway, NAGOYA, 0)

    # A hole in the log: IKE rows every six minutes, then none for hours, and a drop in the middle.
    story.ike("2026-11-12T08:00:00", "2026-11-12T10:00:00", gateway, NAGOYA)
    story.drop("2026-11-12T13:05:40.900", 34.6, gateway, NAGOYA, 0)
    story.ike("2026-11-12T16:00:00", "2026-11-12T18:00:00", gateway, NAGOYA)
    story.event("2026-11-14T23:50:00", gateway, "ValidateGatewayConfiguration", "validation")


def _active_active(story: Archive) -> None:
    gateway = "VPNGW02"
    story.event("2026-11-01T23:57:00", gateway, "ValidateGatewayConfiguration", "validation")
    for instance in (0, 1):
        story.tunnel("2026-11-01T23:59:41.000", gateway, FUKUOKA, instance, "Connected")

    # An upgrade, known by its message alone; instance 1 carries on.
    story.event("2026-11-05T15:29:50", gateway, "SYNTHETIC_UNKNOWN", "Upgrade gateway started")
    story.drop("2026-11-05T15:30:32.480", 28.1, gateway, FUKUOKA, 0)

    # Somebody changed the connection: both tunnels restart.
    story.event(
        "2026-11-11T01:20:33",
        gateway,
        "SetConnectionConfiguration",
        "connection changed",
        operationStatus="Success",
        configuration={"ConnectionTrafficType": "Internet"},
    )
    story.drop("2026-11-11T01:20:41.900", 13.3, gateway, FUKUOKA, 0)
    story.drop("2026-11-11T01:20:42.150", 14.05, gateway, FUKUOKA, 1)
    story.event("2026-11-14T23:51:00", gateway, "ValidateGatewayConfiguration", "validation")


def _without_gateway_log(story: Archive) -> None:
    gateway = "VPNGW03"
    story.tunnel("2026-11-01T23:59:55.000", gateway, SENDAI, 0, "Connected")
    story.drop("2026-11-07T09:15:03.210", 25.4, gateway, SENDAI, 0, restored_on=1)


if __name__ == "__main__":
    shutil.rmtree(SAMPLE, ignore_errors=True)
    tell().write(SAMPLE)
