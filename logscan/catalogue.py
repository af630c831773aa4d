"""Which gateway events there are and what each one means: a table of rows, of which the first that fits decides."""

from dataclasses import dataclass
from typing import Final

from logscan.categories import GATEWAY

KINDS: Final = ("maintenance", "primary-change", "own-change", "platform-incident", "administrative", "other")


@dataclass(frozen=True)
class Entry:
    """One row: an event fits if every pattern that is given fits; all compare without case."""

    kind: str
    category: str = ""
    operation: str = ""
    """OperationName; `*` stands for anything."""
    message: str = ""
    """Text that the message contains."""
    reason: str = ""
    """RECORDS.reason."""
    source: str = ""
    """Where this reading comes from."""


_SUPPORT = "SupportArticles-docs, troubleshoot-vpn-with-azure-diagnostics.md (2024-07-29): names of the operations"
_JAPAN = "jpaztech/blog, vpngw-how-to-check-maintenance.md (2021-07-28)"
_ACTIVITY = "azure-monitor-docs, activity-log-schema.md; names of the operations unverified"


def _own_changes(*operations: str) -> tuple[Entry, ...]:
    return tuple(
        Entry("own-change", "Administrative", f"Microsoft.Network/{name}", source=_ACTIVITY) for name in operations
    )


CATALOGUE: Final[tuple[Entry, ...]] = (
    Entry("maintenance", GATEWAY, "HostMaintenanceEvent", source=_JAPAN),
    Entry(
        "maintenance", GATEWAY, message="upgrade gateway started", source="jpaztech/blog, 2020 draft of the same page"
    ),
    Entry("maintenance", "ResourceHealth", reason="PlatformInitiated Planned", source=_ACTIVITY),
    Entry("primary-change", GATEWAY, "GatewayTenantPrimaryChanged", source=_SUPPORT),
    Entry("own-change", GATEWAY, "SetGatewayConfiguration", source=_SUPPORT),
    Entry("own-change", GATEWAY, "SetConnectionConfiguration", source=_SUPPORT),
    *_own_changes(
        "virtualNetworkGateways/write",
        "virtualNetworkGateways/delete",
        "virtualNetworkGateways/reset*/action",
        "connections/write",
        "connections/delete",
        "connections/sharedKey/*",
        "connections/reset*/action",
        "localNetworkGateways/write",
        "localNetworkGateways/delete",
        "vpnGateways/write",
        "vpnGateways/delete",
        "vpnGateways/reset*/action",
        "vpnGateways/vpnConnections/*",
    ),
    Entry("platform-incident", "ServiceHealth", reason="Incident", source=_ACTIVITY),
    Entry("platform-incident", "ResourceHealth", reason="PlatformInitiated Unplanned", source=_ACTIVITY),
    Entry("administrative", GATEWAY, "MigrateCustomerSubscription", source=_SUPPORT),
    Entry("administrative", GATEWAY, "GatewayResourceMove", source=_SUPPORT),
    Entry("administrative", GATEWAY, "ValidateGatewayConfiguration", source=_SUPPORT),
)
