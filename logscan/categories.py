"""The log categories that logscan knows, spelt as Azure spells them; they compare without case at the border."""

from typing import Final

TUNNEL: Final = "TunnelDiagnosticLog"
GATEWAY: Final = "GatewayDiagnosticLog"
ROUTE: Final = "RouteDiagnosticLog"
IKE: Final = "IKEDiagnosticLog"
P2S: Final = "P2SDiagnosticLog"

HEARTBEAT_CATEGORIES: Final = (GATEWAY, ROUTE, IKE, P2S)
"""What else than tunnel rows comes through a gateway's diagnostic setting: proof that it was logging."""

DIAGNOSTIC_CATEGORIES: Final = (TUNNEL, *HEARTBEAT_CATEGORIES)
"""All that comes through it."""

ACTIVITY_CATEGORIES: Final = ("Administrative", "ServiceHealth", "ResourceHealth")
"""The Activity Log's categories that can explain a drop."""
