"""Reads `logscan.toml`: what only the user knows of peers, gateways and contract. Every key is checked."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from logscan.catalogue import KINDS, Entry
from logscan.errors import SettingsError
from logscan.policy import PLANS, Decision, Number, Policy

DEFAULT_FILE: Final = "logscan.toml"
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
T = TypeVar("T")
D = TypeVar("D")

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


@dataclass(frozen=True)
class Peer:
    """An on-premises device, by its public address."""

    name: str = ""
    validated: bool = True
    """Whether Microsoft lists the device and its settings as validated."""


@dataclass(frozen=True)
class Gateway:
    """What differs for one gateway; None: as for all."""

    active_active: bool | None = None
    production: bool | None = None
    sla: float | None = None


@cache
def shipped_policy() -> Policy:
    """The policy that comes with logscan."""
    table = tomllib.loads((files("logscan") / "policy.toml").read_text(encoding="utf-8"))
    numbers = {name: Number(name=name, **number) for name, number in table.pop("numbers").items()}
    decisions = tuple(
        Decision(**decision | {"when": tuple(decision["when"]), "unless": tuple(decision.get("unless", ()))})
        for decision in table.pop("decisions")
    )
    return Policy(numbers=numbers, decisions=decisions, **table)


@dataclass(frozen=True)
class Settings:
    """Everything that can be set; the defaults hold without a file."""

    tolerance: timedelta = timedelta(minutes=15)
    """How far a gateway event may be from a drop's start, before or after."""
    zone: str = ""
    """IANA name of the zone that times are also shown in; '' is the machine's own."""
    production: bool = False
    plan: str = "basic"
    peers: Mapping[str, Peer] = field(default_factory=dict)
    """By remote address."""
    gateways: Mapping[str, Gateway] = field(default_factory=dict)
    """By name or resource id, in lower case."""
    events: tuple[Entry, ...] = ()
    """Catalogue entries that stand before the shipped ones."""
    policy: Policy = field(default_factory=shipped_policy)
    path: str = ""
    """The file they come from."""

    def of_gateway(self, gateway: str) -> Gateway:
        """What is set for a gateway, by its resource id or its name."""
        return self.gateways.get(gateway) or self.gateways.get(gateway.rsplit("/", 1)[-1]) or Gateway()

    def peer_name(self, remote_ip: str) -> str | None:
        """What the user calls that device."""
        return self.peers[remote_ip].name or None if remote_ip in self.peers else None


def read_duration(text: str) -> timedelta:
    """`90s`, `15m`, `1h`, `7d`, `2w` or several of them in a row (`1h30m`). Raises ValueError."""
    parts = _DURATION.findall(text.strip().lower())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip().lower():
        raise ValueError(f"not a duration: {text!r}; write 90s, 15m, 1h, 7d or 2w")
    try:
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    except OverflowError:
        raise ValueError(f"too long a duration: {text!r}") from None


def read_settings(path: str | Path) -> Settings:
    """The settings in a file. Raises SettingsError, which names file, key and the nearest key that exists."""
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None
    return _Reader(str(path)).settings(table)


@dataclass(frozen=True)
class _Reader:
    path: str

    def settings(self, table: Mapping[str, Any]) -> Settings:
        self.refuse_unknown(
            "", table, ("tolerance", "zone", "production", "plan", "sla", "peers", "gateways", "events", "policy")
        )
        default = Settings()
        peers = self.tables("peers", table)
        gateways = self.tables("gateways", table)
        return Settings(
            tolerance=self.read("tolerance", table, read_tolerance, default.tolerance),
            zone=self.read("zone", table, read_zone, default.zone),
            production=self.read("production", table, _boolean, default.production),
            plan=self.read("plan", table, _one_of(PLANS), default.plan),
            peers={self.address(name): self.peer(f"peers.{name}", peer) for name, peer in peers.items()},
            gateways={name.lower(): self.gateway(f"gateways.{name}", gateway) for name, gateway in gateways.items()},
            events=tuple(
                self.entry(f"events[{place}]", entry) for place, entry in enumerate(self.list("events", table), 1)
            ),
            policy=self.policy(table, default.policy),
            path=self.path,
        )

    def peer(self, where: str, table: Mapping[str, Any]) -> Peer:
        self.refuse_unknown(where, table, ("name", "validated"))
        return Peer(
            self.read("name", table, _text, "", where),
            self.read("validated", table, _boolean, True, where),  # noqa: FBT003 - the default of a boolean
        )

    def gateway(self, where: str, table: Mapping[str, Any]) -> Gateway:
        self.refuse_unknown(where, table, ("active_active", "production", "sla"))
        return Gateway(
            self.read("active_active", table, _boolean, None, where),
            self.read("production", table, _boolean, None, where),
            self.read("sla", table, _percent, None, where),
        )

    def entry(self, where: str, table: Mapping[str, Any]) -> Entry:
        patterns = ("category", "operation", "message", "reason")
        self.refuse_unknown(where, table, ("kind", *patterns))
        kind = self.read("kind", table, _one_of(KINDS), "", where)
        if not kind or not any(table.get(name) for name in patterns):
            raise SettingsError(f"{self.path}: {where} needs kind and at least one of {', '.join(patterns)}")
        return Entry(kind, **{name: self.read(name, table, _text, "", where) for name in patterns}, source=self.path)

    def policy(self, table: Mapping[str, Any], shipped: Policy) -> Policy:
        given = table.get("policy", {})
        if not isinstance(given, dict):
            raise SettingsError(f"{self.path}: policy must be a table")
        self.refuse_unknown("policy", given, shipped.numbers)
        if "sla" in table:
            given = given | {"sla_percent": self.read("sla", table, _percent, 0.0)}
        mine = {
            name: self.read(name, given, _percent if name == "sla_percent" else _positive, 0.0, "policy")
            for name in given
        }
        numbers = {
            name: replace(number, value=mine[name], source=self.path, evidence="yours", overridden=True)
            if name in mine
            else number
            for name, number in shipped.numbers.items()
        }
        return replace(shipped, numbers=numbers)

    def address(self, text: str) -> str:
        try:
            return str(ip_address(text))
        except ValueError:
            raise SettingsError(f'{self.path}: peers.{text}: not an IP address; write [peers."203.0.113.7"]') from None

    def tables(self, key: str, table: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        value = table.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(inner, dict) for inner in value.values()):
            raise SettingsError(f'{self.path}: {key} must hold tables, such as [{key}."…"]')
        return value

    def list(self, key: str, table: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(inner, dict) for inner in value):
            raise SettingsError(f"{self.path}: {key} must be tables, each begun by [[{key}]]")
        return value

    def read(
        self, key: str, table: Mapping[str, Any], reader: Callable[[Any], T], default: D, where: str = ""
    ) -> T | D:
        if key not in table:
            return default
        try:
            return reader(table[key])
        except ValueError as problem:
            raise SettingsError(f"{self.path}: {where + '.' if where else ''}{key}: {problem}") from None

    def refuse_unknown(self, where: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
        for key in table:
            if key not in known:
                near = get_close_matches(key, list(known), n=1, cutoff=0.5)
                advice = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                raise SettingsError(f"{self.path}: unknown key {where + '.' if where else ''}{key}; {advice}")


def read_zone(name: object) -> str:
    """An IANA zone name that exists. Raises ValueError."""
    try:
        ZoneInfo(_text(name))
    except (ValueError, OSError, KeyError):
        raise ValueError(f"not a time zone: {name!r}; write an IANA name such as Asia/Tokyo") from None
    return str(name)


def read_tolerance(value: object) -> timedelta:
    """A duration of at most a day. Raises ValueError."""
    tolerance = read_duration(_text(value))
    if tolerance > timedelta(days=1):
        raise ValueError("at most 1d: an event that far away explains nothing")
    return tolerance


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {value!r}")  # noqa: TRY004 - told to people as a value that is wrong
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")  # noqa: TRY004
    return value


def _positive(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError(f"must be a number above 0, not {value!r}")
    return float(value)


def _percent(value: object) -> float:
    hundred = 100
    if _positive(value) > hundred:
        raise ValueError(f"must be a percentage, not {value!r}")
    return _positive(value)


def _one_of(choices: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {value!r}")
        return str(value)

    return read
