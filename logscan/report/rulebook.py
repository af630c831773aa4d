"""The rules and the policy in words: what `logscan rules` prints."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from logscan.facts import FACTS
from logscan.policy import Decision, Policy
from logscan.rules import RULES
from logscan.texts import say

Table = tuple[str, list[str], list[list[str]]]
"""Heading, titles, rows."""


def rulebook(policy: Policy, lang: str) -> list[Table]:
    """The rules, the policy's decisions, and its numbers."""

    def title(*keys: str) -> list[str]:
        return [say(lang, "rules", key) for key in keys]

    def condition(when: Iterable[str], unless: Iterable[str] = ()) -> str:
        parts = [*when, *(say(lang, "rules", "not", fact=fact) for fact in unless)]
        return " + ".join(parts) or say(lang, "rules", "always")

    def sentence(decision: Decision) -> str:
        return policy.sentence(decision, lang, policy.thresholds["sla_percent"])

    rules = [[rule.id, rule.cause, condition(rule.when), rule.ja if lang == "ja" else rule.en] for rule in RULES]
    decisions = [
        [
            decision.id,
            say(lang, "action", decision.action),
            condition(decision.when, decision.unless),
            sentence(decision),
            f"{decision.source}, {decision.date}",
        ]
        for decision in policy.decisions
    ]
    numbers = [
        [
            number.name + (" *" if number.overridden else ""),
            f"{number.value:g}",
            number.ja if lang == "ja" else number.en,
            number.source if number.overridden else f"{number.source}, {number.date}",
        ]
        for number in policy.numbers.values()
    ]
    about = say(
        lang,
        "rules",
        "decisions",
        id=policy.id,
        version=policy.version,
        region=policy.region,
        reviewed=policy.reviewed,
    )
    return [
        (say(lang, "rules", "rules"), title("id", "cause", "when", "says"), rules),
        (about, title("id", "action", "when", "says", "source"), decisions),
        (say(lang, "rules", "numbers"), title("number", "value", "says", "source"), numbers),
    ]


def to_markdown(tables: Iterable[Table]) -> str:
    """The tables in Markdown."""
    return "\n".join(_markdown(*table) for table in tables)


def _markdown(heading: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"## {heading}", "", "| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def to_json(policy: Policy) -> str:
    """The same and more for programs: `facts` explains what the conditions ask."""
    document: dict[str, Any] = {
        "facts": dict(FACTS),
        "rules": [asdict(rule) for rule in RULES],
        "policy": asdict(policy) | {"numbers": {name: asdict(number) for name, number in policy.numbers.items()}},
    }
    return json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n"
