"""The support policy as data: a dated table of decisions (`policy.toml`), each with its source."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

ACTIONS: Final = (
    "open-case",
    "follow-incident",
    "check-own-change",
    "check-peer",
    "contact-vendor",
    "collect-logs",
    "watch",
    "none",
)
"""What logscan can advise, most urgent first."""

PLANS: Final = ("basic", "developer", "standard", "professional-direct", "unified")
"""Azure support plans, from no technical support upwards."""

_BUDGET_DAYS: Final = 30


@dataclass(frozen=True)
class Number:
    """A threshold, and where it comes from."""

    name: str
    value: float
    en: str
    ja: str
    source: str
    date: date
    evidence: str
    overridden: bool = False
    """Replaced in logscan.toml."""


@dataclass(frozen=True)
class Decision:
    """One row of the decision table: all of `when`, none of `unless` (`facts.FACTS`)."""

    id: str
    action: str
    when: tuple[str, ...]
    unless: tuple[str, ...]
    en: str
    ja: str
    source: str
    date: date
    evidence: str


@dataclass(frozen=True)
class Policy:
    """The whole policy."""

    id: str
    version: int
    region: str
    reviewed: date
    stale_after_months: int
    numbers: Mapping[str, Number]
    decisions: tuple[Decision, ...]

    @property
    def thresholds(self) -> dict[str, float]:
        """Name → value of every number."""
        return {name: number.value for name, number in self.numbers.items()}

    def sentence(self, decision: Decision, lang: str, sla_percent: float) -> str:
        """The decision in words, its numbers filled in."""
        values = {name: f"{value:g}" for name, value in self.thresholds.items()}
        values |= {"sla_percent": f"{sla_percent:g}", "budget_minutes": f"{budget_seconds(sla_percent) / 60:.1f}"}
        return (decision.ja if lang == "ja" else decision.en).format(**values)


def budget_seconds(sla_percent: float) -> float:
    """The outage that an SLA allows in 30 days."""
    return (100 - sla_percent) / 100 * _BUDGET_DAYS * 24 * 60 * 60
