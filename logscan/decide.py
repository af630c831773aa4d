"""Decides what to do about each drop, by the policy: the first decision that holds chooses the action."""

from typing import Final

import numpy as np
import pandas as pd

from logscan.facts import first_that_holds
from logscan.policy import PLANS, Policy

_SEVERITY_A_FROM: Final = PLANS.index("standard")


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
    # Unknown redundancy counts as none, as it does in the outage.
    is_a = is_open & ~drops["redundant"].fillna(False) & production & covered  # noqa: FBT003 - pandas' own parameter
    is_b = is_open | facts["repeated"] | facts["over-budget"]
    severity = np.where(action != "open-case", "", np.where(is_a, "A", np.where(is_b, "B", "C")))
    return pd.DataFrame({"action": action, "decision": ids, "severity": severity}).astype("str")
