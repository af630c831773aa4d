"""Decides what to do about each drop, by a dated policy that is data (`policy.toml`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from logscan.facts import budget_seconds, first_that_holds

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

_SEVERITY_A_FROM: Final = PLANS.index("standard")


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


def decide(
    facts: pd.DataFrame, drops: pd.DataFrame, policy: Policy, *, production: pd.Series, plan: str
) -> pd.DataFrame:
    """Columns `action`, `decision` (its id) and `severity` (A, B, C with open-case, else ''), one row a drop.

    Severity A is for what is down now: not redundant, in production, with a plan that covers it. A cause that is past
    is never A. B if it is still down, repeated, or over the SLA budget.
    """
    chosen = first_that_holds(facts, [(decision.when, decision.unless) for decision in policy.decisions])
    action = np.array([decision.action for decision in policy.decisions], dtype=object)[chosen]
    ids = np.array([decision.id for decision in policy.decisions], dtype=object)[chosen]
    is_open = drops["end"].isna()
    covered = PLANS.index(plan) >= _SEVERITY_A_FROM
    is_a = is_open & ~drops["redundant"].fillna(True) & production & covered  # noqa: FBT003 - pandas' own parameter
    is_b = is_open | facts["repeated"] | facts["over-budget"]
    severity = np.where(action != "open-case", "", np.where(is_a, "A", np.where(is_b, "B", "C")))
    return pd.DataFrame({"action": action, "decision": ids, "severity": severity}).astype("str")
