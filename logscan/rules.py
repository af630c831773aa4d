"""Finds the best explanation that the evidence carries: ordered rules as data, the first that holds decides.

A rule's id is part of the output: it is never renamed.
"""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from logscan.facts import first_that_holds


@dataclass(frozen=True)
class Rule:
    """One rule: the facts it needs (`facts.FACTS`), the cause it names, and how it says so."""

    id: str
    when: tuple[str, ...]
    cause: str
    en: str
    ja: str


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "maintenance-logged",
        ("maintenance-near",),
        "logged-maintenance",
        "Azure logged maintenance within 5 min of the drop.",
        "切断の前後 5 分以内に Azure のメンテナンスが記録されています。",
    ),
    Rule(
        "maintenance-logged-wide",
        ("maintenance-wide",),
        "logged-maintenance",
        "Azure logged maintenance near the drop, more than 5 min away: a weaker match.",
        "切断の近くに Azure のメンテナンスが記録されていますが、5 分以上離れているため確度は下がります。",
    ),
    Rule(
        "maintenance-second-instance",
        ("maintenance",),
        "second-instance-maintenance",
        "The other instance dropped at a logged maintenance up to 60 min earlier: Azure services the two in turn.",
        "60 分以内に記録されたメンテナンスで、もう一方のインスタンスが切断されています。Azure は 2 つのインスタンスを順にメンテナンスします。",
    ),
    Rule(
        "own-change-logged",
        ("own-change",),
        "own-change",
        "A change of configuration, or a reset, was logged near the drop.",
        "切断の近くに構成変更またはリセットが記録されています。",
    ),
    Rule(
        "platform-incident-logged",
        ("platform-incident",),
        "platform-incident",
        "Microsoft reported an incident of its platform near the drop.",
        "切断の近くに Microsoft のプラットフォーム障害が報告されています。",
    ),
    Rule(
        "gateway-log-missing",
        ("no-gateway-log",),
        "not-verifiable",
        "The gateway log was not collected: whether there was maintenance cannot be known.",
        "ゲートウェイ ログが収集されていないため、メンテナンスの有無は判断できません。",
    ),
    Rule(
        "primary-changed",
        ("primary-change",),
        "gateway-failover",
        "The gateway's primary instance changed near the drop: a failover in Azure, its reason not logged.",
        "切断の近くでゲートウェイのプライマリが切り替わっています。Azure 側のフェールオーバーですが、理由は記録されていません。",
    ),
    Rule(
        "failover-unlogged",
        ("failover",),
        "gateway-failover",
        "The tunnel came back on the other instance: shaped like a failover in Azure, but nothing was logged.",
        "もう一方のインスタンスで復旧しており、Azure 側のフェールオーバーの形ですが、記録はありません。",
    ),
    Rule(
        "unexplained-log-partial",
        ("partial-log",),
        "unexplained",
        "Nothing in the logs explains it, but the gateway log is incomplete.",
        "説明できる記録はありませんが、ゲートウェイ ログが不完全です。",
    ),
    Rule(
        "unexplained",
        (),
        "unexplained",
        "Nothing in the logs explains it.",
        "説明できる記録がありません。",
    ),
)


def find_causes(facts: pd.DataFrame) -> pd.DataFrame:
    """Columns `cause` and `rule`, one row a drop, from FACTS."""
    chosen = first_that_holds(facts, [(rule.when, ()) for rule in RULES])
    causes = pd.Series([rule.cause for rule in RULES], dtype="str")
    ids = pd.Series([rule.id for rule in RULES], dtype="str")
    return pd.DataFrame({"cause": causes.take(chosen).to_numpy(), "rule": ids.take(chosen).to_numpy()}).astype("str")
