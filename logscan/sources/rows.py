"""Reads one log record, in any of Azure's shapes, as the values of one RECORDS row.

The same row as a storage account holds it (SYNTHETIC), and as Log Analytics returns it:

    {"time": "2026-11-03T04:13:05.1230000Z", "resourceId": "/SUBSCRIPTIONS/…/VPNGW01", "category": "TunnelDiagnosticLog",
     "operationName": "TunnelDisconnected", "properties": {"instance": "GatewayTenantWorker_IN_0",
     "remoteIP": "203.0.113.7", "status": "Disconnected", "stateChangeReason": ""}}
    {"TimeGenerated": "2026-11-03T04:13:05.123Z", "ResourceId": "/SUBSCRIPTIONS/…/VPNGW01",
     "Category": "TunnelDiagnosticLog", "OperationName": "TunnelDisconnected", "instance_s": "GatewayTenantWorker_IN_0",
     "remoteIP_s": "203.0.113.7", "status_s": "Disconnected", "stateChangeReason_s": ""}

This module is loaded by the processes that read files: the standard library is all it needs.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final, NamedTuple

from logscan.categories import ACTIVITY_CATEGORIES, DIAGNOSTIC_CATEGORIES, GATEWAY, IKE, P2S, ROUTE, TUNNEL

PLAUSIBLE_YEARS: Final = range(1990, 2200)
"""A default such as year 1 or 9999 would be the first or the last row of the data, and decide what is still down."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_KNOWN: Final = frozenset((*DIAGNOSTIC_CATEGORIES, *ACTIVITY_CATEGORIES))
_CATEGORIES: Final = {name.lower(): name for name in _KNOWN}
_OPERATIONS: Final = {
    TUNNEL: ("TunnelConnected", "TunnelDisconnected"),
    GATEWAY: (
        *(
            "SetGatewayConfiguration",
            "SetConnectionConfiguration",
            "HostMaintenanceEvent",
            "GatewayTenantPrimaryChanged",
        ),
        *("MigrateCustomerSubscription", "GatewayResourceMove", "ValidateGatewayConfiguration"),
    ),
    ROUTE: ("StaticRouteUpdate", "BgpRouteUpdate", "BgpConnectedEvent", "BgpDisconnectedEvent"),
    IKE: ("IKELogEvent",),
    P2S: ("P2SLogEvent",),
}
_CATEGORY_OF_OPERATION: Final = {
    operation.lower(): category for category, operations in _OPERATIONS.items() for operation in operations
}
"""For exports that leave the category out."""

_ABOUT_VPN: Final = re.compile(
    r"/microsoft\.network/(virtualnetworkgateways|vpngateways|connections|localnetworkgateways)/"
)
_INSTANCE: Final = re.compile(r"(?:.*_IN_)?([01])", re.IGNORECASE | re.DOTALL)


class Row(NamedTuple):
    """The values of one RECORDS row, but for where it was read."""

    time: int
    """µs since 1970, UTC."""
    resource: str
    category: str
    operation: str
    instance: int
    """0, 1, or -1 if it cannot be read."""
    remote_ip: str
    status: str
    reason: str
    message: str
    region: str


class OtherServiceRow(NamedTuple):
    """A well-formed log record that is not about a VPN gateway."""

    category: str


class MalformedRow(ValueError):
    """What was read is no log record; the text says why."""


def read_time(text: str) -> int:
    """ISO 8601 → µs since 1970. Digits beyond µs are cut off; a time without offset is UTC, as Azure's are.

    Raises MalformedRow.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedRow(f"not a time: {text[:40]!r}") from None
    if time.year not in PLAUSIBLE_YEARS:
        raise MalformedRow(f"a time that no log can have: {text[:40]!r}")
    return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def read_record(record: object, *, resource: str = "") -> Row | OtherServiceRow:
    """One record: a row of ours, or a row of another service. `resource` is its resource id where it names none.

    Raises MalformedRow for what is no log record at all.
    """
    if not isinstance(record, Mapping):
        raise MalformedRow("not a JSON object")
    bags = _bags(record)
    said = _said(bags)
    operation = _text(said, "operationname", "operationnamevalue")
    named = _text(said, "category", "categoryvalue")
    category = _CATEGORIES.get(named.lower()) or (named or _CATEGORY_OF_OPERATION.get(operation.lower(), ""))
    if not category:
        raise MalformedRow("no category: not a log record" if not operation else f"no category for {operation[:40]!r}")
    time = _text(said, "time", "timegenerated", "eventtimestamp")
    if not time:
        raise MalformedRow("no time")
    when = read_time(time)
    about = _resource(said) or resource
    if category not in _KNOWN or not _is_about_vpn(category, about, said):
        return OtherServiceRow(category)
    instance = _INSTANCE.fullmatch(_text(said, "instance").strip())
    return Row(
        time=when,
        resource=about.lower(),
        category=category,
        operation=operation,
        instance=int(instance[1]) if instance else -1,
        remote_ip=_address(_text(said, "remoteip").strip()),
        status=_text(said, "status", "activitystatusvalue", "operationstatus"),
        reason=_reason(category, said, bags[1:]),
        message=_text(said, "message", "title"),
        region=_text(said, "region") if category == "ServiceHealth" else "",
    )


def _address(text: str) -> str:
    """The peer's address; IPv6 has many spellings, of which one is meant."""
    if ":" not in text:
        return text
    try:
        return str(ip_address(text))
    except ValueError:
        return text


Bags = tuple[Mapping[str, Any], ...]


def _bags(record: Mapping[Any, Any]) -> Bags:
    """The record, its `properties` and its `AdditionalFields` (an object or its text), keys in lower case."""
    # `az` prints every value as a string, and null as "None"; its rows are known by TableName.
    top = {str(key).lower().removesuffix(" [utc]"): value for key, value in record.items()}
    if "tablename" in top:
        top = {key: None if value == "None" else value for key, value in top.items()}
    return (top, *(_bag(top.get(name)) for name in ("properties", "additionalfields") if top.get(name)))


def _bag(value: object) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return {str(key).lower(): inner for key, inner in value.items()} if isinstance(value, Mapping) else {}


def _said(bags: Bags) -> Mapping[str, Any]:
    """Every property that holds anything, under its plain name: Log Analytics adds `_s` to what came from `properties`.

    An earlier bag's word counts before a later one's, and in one bag the plain name's before that with `_s`.
    """
    said: dict[str, Any] = {}
    for bag in reversed(bags):
        plain = {}
        for key, given in bag.items():
            # The Activity Log: {"value": …, "localizedValue": …}
            value = given.get("value") if isinstance(given, Mapping) else given
            if value is not None and value != "":
                if key.endswith("_s"):
                    said[key[:-2]] = value
                else:
                    plain[key] = value
        said.update(plain)
    return said


def _text(said: Mapping[str, Any], *names: str) -> str:
    """The first of these properties that there is, as text."""
    for name in names:
        value = said.get(name)
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            # JSON can spell half a surrogate pair, which is no text: it becomes "?".
            return text if text.isascii() else text.encode("utf-8", "replace").decode()
    return ""


def _resource(said: Mapping[str, Any]) -> str:
    if named := _text(said, "_resourceid", "resourceid"):
        return named
    parts = [
        _text(said, name)
        for name in ("subscriptionid", "resourcegroup", "resourceprovider", "resourcetype", "resource")
    ]
    if all(parts):
        return "/subscriptions/{}/resourcegroups/{}/providers/{}/{}/{}".format(*parts)
    return parts[-1]


def _reason(category: str, said: Mapping[str, Any], inside: Bags) -> str:
    if category == "ServiceHealth":
        return _text(said, "incidenttype")
    if category == "ResourceHealth":
        # The record's own `category` is ResourceHealth; cause and kind stand in its properties.
        within = _said(inside)
        reasons = (_text(within, "healtheventcause", "cause"), _text(within, "healtheventcategory"))
        return " ".join(part for part in reasons if part)
    return _text(said, "statechangereason", "reason")


def _is_about_vpn(category: str, resource: str, said: Mapping[str, Any]) -> bool:
    if category == "ServiceHealth":
        services = (_text(said, "service") + _text(said, "impactedservices")).lower()
        return not services or "vpn" in services or "network" in services
    if category in {"Administrative", "ResourceHealth"}:
        return bool(_ABOUT_VPN.search(resource.lower() + "/"))
    return True
