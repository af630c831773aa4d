"""Words an analysis for people, in one language and zone: the cells of a drop's line, why its verdict, what to note."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import pandas as pd

from logscan.analysis import Analysis, sla_percent
from logscan.categories import GATEWAY
from logscan.report.clock import UTC, Clock, duration
from logscan.rules import RULES
from logscan.tables import plain_rows
from logscan.texts import say

_GROUP_OF_ACTION: Final = {"watch": "watch", "none": "explained"}
GROUPS: Final = ("act", "watch", "explained")
"""Of drops, most urgent first."""

OPEN_CASE: Final = "!!"
TO_ACT_ON: Final = "!"
"""Marks that stand out without colour."""

_NAMED_MALFORMED: Final = 3
_GROUP: Final = re.compile(r"/resourcegroups/([^/]+)/")


@dataclass(frozen=True)
class DropLine:
    """One drop in words, and the ids behind them."""

    group: str
    """One of GROUPS."""
    mark: str
    """OPEN_CASE, TO_ACT_ON or nothing."""
    action: str
    start_local: str
    start_utc: str
    duration: str
    gateway: str
    peer: str
    instance: str
    shape: str
    verdict: str
    event: str
    drop: str
    incident: str


class Wording:
    """An analysis in words."""

    def __init__(self, analysis: Analysis, lang: str, clock: Clock) -> None:
        self.analysis = analysis
        self.lang = lang
        self.clock = clock
        self.drops: list[dict[str, Any]] = plain_rows(analysis.drops)
        """JUDGED drops as plain values."""
        self.matches: list[list[dict[str, Any]]] = [[] for _ in self.drops]
        """For each drop its MATCHES, nearest first, each with its event's columns."""
        matched = analysis.events.iloc[analysis.matches["event"]].reset_index(drop=True)
        joined = pd.concat([analysis.matches, matched.drop(columns=["kind"])], axis=1)
        for match in plain_rows(joined):
            self.matches[match["drop"]].append(match)
        gateways = {*analysis.coverage["gateway"].tolist(), *analysis.drops["gateway"].tolist()}
        self._names = Counter(map(gateway_name, gateways))
        incidents = analysis.incidents
        self._incident_action = dict(
            zip(zip(incidents["gateway"], incidents["id"], strict=True), incidents["action"], strict=True)
        )
        self._rules = {rule.id: rule for rule in RULES}
        self._decisions = {decision.id: decision for decision in analysis.settings.policy.decisions}

    def say(self, section: str, key: str, **values: object) -> str:
        """A text of the catalogue in this language."""
        return say(self.lang, section, key, **values)

    def duration(self, span: float | timedelta) -> str:
        """A duration in this language."""
        return duration(span, self.lang)

    @property
    def tolerance(self) -> str:
        """How far a matching event may be."""
        return self.duration(self.analysis.settings.tolerance)

    # ------------------------------------------------------------------------------------------------- a drop's line

    def lines(self) -> list[DropLine]:
        """All drops, what to act on first, cases first of all; an incident's drops stand together, incidents go by start."""
        lines = [self.line(place) for place in range(len(self.drops))]
        first = {line.incident: place for place, line in reversed(list(enumerate(lines)))}
        cases = {line.incident for line in lines if line.mark == OPEN_CASE}
        return sorted(
            lines, key=lambda line: (GROUPS.index(line.group), line.incident not in cases, first[line.incident])
        )

    def line(self, place: int) -> DropLine:
        """One drop as the cells of a table."""
        drop = self.drops[place]
        return DropLine(
            group=_GROUP_OF_ACTION.get(self._incident_action[drop["gateway"], drop["incident"]], "act"),
            mark=OPEN_CASE
            if drop["action"] == "open-case"
            else ""
            if drop["action"] in _GROUP_OF_ACTION
            else TO_ACT_ON,
            action=self._action(drop),
            start_local=self.clock.show(drop["start"]),
            start_utc=UTC.show(drop["start"]),
            duration=self._duration(drop),
            gateway=self.gateway(drop["gateway"]),
            peer=self.peer(drop),
            instance=self._instances(drop),
            shape=self.say("shape", drop["shape"]),
            verdict=self.verdict(drop),
            event=self._event(place),
            drop=drop["id"],
            incident=drop["incident"],
        )

    def gateway(self, gateway: str) -> str:
        """Its name; with its resource group where another has the same."""
        name = gateway_name(gateway)
        group = _GROUP.search(gateway)
        return f"{name} ({group[1].upper()})" if group and self._names[name] > 1 else name

    def peer(self, drop: Mapping[str, Any]) -> str:
        """`osaka (203.0.113.7)`, or the address alone."""
        name = self.analysis.settings.peer_name(drop["remote_ip"])
        return f"{name} ({drop['remote_ip']})" if name else drop["remote_ip"] or "?"

    def verdict(self, drop: Mapping[str, Any]) -> str:
        """The verdict; a candidate never without what its log could have shown."""
        key = drop["verdict"]
        if key != "maintenance" and drop["coverage"] != "proven":
            key = f"candidate-{drop['coverage']}"
        text = self.say("verdict", key)
        return f"{text} ({self.say('verdict', 'provisional')})" if drop["provisional"] else text

    def _action(self, drop: Mapping[str, Any]) -> str:
        action = self.say("action", drop["action"])
        return f"{action} ({drop['severity']})" if drop["severity"] else action

    def _duration(self, drop: Mapping[str, Any]) -> str:
        if drop["shape"] == "open":
            return self.say("duration", "still-down", duration=self.duration(self._open_for(drop)))
        span = self.duration(drop["duration_seconds"])
        return self.say("duration", "redundant", duration=span) if drop["redundant"] is True else span

    def _open_for(self, drop: Mapping[str, Any]) -> float:
        return float((self.analysis.last_row - drop["start"]).total_seconds())

    @staticmethod
    def _instances(drop: Mapping[str, Any]) -> str:
        instance, restored = (
            "?" if pd.isna(value) else str(value) for value in (drop["instance"], drop["restored_on"])
        )
        return f"{instance} → {restored}" if drop["shape"] == "failover" else instance

    def _event(self, place: int) -> str:
        matches, drop = self.matches[place], self.drops[place]
        if not matches:
            if drop["coverage"] == "missing":
                return self.say("event", "no-log")
            return self.say("event", "none", tolerance=self.tolerance)
        # The nearest one; but a verdict of maintenance is shown by the event that it rests on.
        wanted = drop["verdict"] == "maintenance"
        shown = (
            next((match for match in matches if match["kind"] == "maintenance"), matches[0]) if wanted else matches[0]
        )
        event = self.event(shown)
        return self.say("event", "more", event=event, count=len(matches) - 1) if len(matches) > 1 else event

    def event(self, match: Mapping[str, Any]) -> str:
        """`HostMaintenanceEvent, 12.1s before`."""
        gap = match["gap_seconds"]
        side = "before" if gap < 0 else "after" if gap > 0 else "at"
        is_upgrade = match["kind"] == "maintenance" and "upgrade gateway started" in match["message"].lower()
        name = self.say("event", "upgrade") if is_upgrade else match["operation"] or self.say("kind", match["kind"])
        event = self.say("event", side, operation=name, gap=self.duration(abs(gap)))
        return self.say("event", "second-instance", event=event) if match["relation"] == "second-instance" else event

    # -------------------------------------------------------------------------------------------------- a drop's why

    def why(self, place: int) -> list[str]:
        """One sentence a step, from what happened to what to do, each with the rows it rests on."""
        drop = self.drops[place]
        return [
            sentence for sentence in (*self._happened(drop), *self._judged(place), *self._decided(drop)) if sentence
        ]

    def _happened(self, drop: Mapping[str, Any]) -> list[str]:
        unknown = pd.isna(drop["instance"])
        instance = (
            self.say("why", "instance-unknown") if unknown else self.say("why", "instance", instance=drop["instance"])
        )
        row = self.analysis.logs.reference(drop["file"], drop["line"])
        said = [
            self.say("why", "dropped", peer=self.peer(drop), instance=instance, start=_exact(drop["start"]), row=row)
        ]
        if drop["reason"]:
            said.append(self.say("why", "reason", reason=drop["reason"]))
        if drop["shape"] == "open":
            said.append(self.say("why", "open", duration=self.duration(self._open_for(drop))))
        else:
            said.append(
                self.say(
                    "why",
                    drop["shape"],
                    duration=self.duration(drop["duration_seconds"]),
                    restored_on=drop["restored_on"],
                    row=self.analysis.logs.reference(drop["end_file"], drop["end_line"]),
                )
            )
        if drop["repeats"]:
            said.append(self.say("why", "repeats", count=drop["repeats"]))
        if drop["redundant"] is True:
            said.append(self.say("why", "redundant"))
        elif pd.isna(drop["redundant"]):
            said.append(self.say("why", "redundancy-unknown"))
        else:
            said.append(self.say("why", "outage", outage=self.duration(drop["outage_seconds"])))
        return said

    def _judged(self, place: int) -> list[str]:
        drop = self.drops[place]
        said = [
            self.say(
                "why",
                "match",
                event=self.event(match),
                kind=self.say("kind", match["kind"]),
                row=self.analysis.logs.reference(match["file"], match["line"]),
            )
            for match in self.matches[place]
        ]
        if drop["verdict"] != "maintenance":
            said += [self.say("why", "no-match", tolerance=self.tolerance), self.say("why", drop["coverage"])]
        if drop["provisional"]:
            said.append(self.say("why", "provisional"))
        rule = self._rules[drop["rule"]]
        return [*said, rule.ja if self.lang == "ja" else rule.en]

    def _decided(self, drop: Mapping[str, Any]) -> list[str]:
        policy = self.analysis.settings.policy
        decision = self._decisions[drop["decision"]]
        action = self.say("action", drop["action"])
        if drop["severity"]:
            action = self.say("why", "severity", action=action, severity=drop["severity"])
        sentence = policy.sentence(decision, self.lang, sla_percent(self.analysis.settings, drop["gateway"]))
        return [
            self.say(
                "why",
                "decision",
                action=action,
                sentence=sentence,
                id=decision.id,
                source=decision.source,
                date=decision.date,
            )
        ]

    # ------------------------------------------------------------------------------------------ of the whole analysis

    def summary(self) -> str:
        """The one line that says it all."""
        counts = self.analysis.summary
        return self.say("summary", "drops", **counts) if counts["drops"] else self.say("summary", "none")

    def scope(self) -> list[str]:
        """Which data and which time the summary speaks of."""
        analysis = self.analysis
        if analysis.last_row is None or analysis.first_row is None:
            return []
        policy = analysis.settings.policy
        first, last = UTC.show(analysis.first_row), UTC.show(analysis.last_row)
        name = f"{policy.id} v{policy.version}"
        said = [self.say("summary", "data", first=first, last=last, tolerance=self.tolerance, policy=name)]
        begin, end = analysis.selection.begin, analysis.selection.end
        if begin and end:
            said.append(self.say("summary", "window", first=UTC.show(begin), last=UTC.show(end)))
        elif begin:
            said.append(self.say("summary", "window-from", first=UTC.show(begin)))
        elif end:
            said.append(self.say("summary", "window-to", last=UTC.show(end)))
        return said

    def notes(self) -> list[str]:
        """What the reader must know of the data before believing the table."""
        analysis, counts = self.analysis, self.analysis.summary
        logging = set(analysis.coverage.loc[analysis.coverage["category"] == GATEWAY, "gateway"])
        silent = [name for name in analysis.coverage["gateway"].unique().tolist() if name not in logging]
        notes = [self.say("note", "no-gateway-log", gateway=self.gateway(name)) for name in silent]
        notes += [
            self.say("note", "no-tunnel-log", gateway=self.gateway(name))
            for name in analysis.gateways_without_tunnel_log
        ]
        known = {key for name in self.analysis.coverage["gateway"] for key in (name, name.rsplit("/", 1)[-1])}
        strange = [name for name in analysis.settings.gateways if name not in known]
        notes += [self.say("note", "strange-gateway", gateway=name, path=analysis.settings.path) for name in strange]
        if self.asks_beyond_the_data():
            notes.append(
                self.say("note", "outside", first=UTC.show(analysis.first_row), last=UTC.show(analysis.last_row))  # type: ignore[arg-type]  # there are data
            )
        if counts["malformed"]:
            where = "; ".join([at for source in analysis.sources for at in source.malformed_at][:_NAMED_MALFORMED])
            notes.append(self.say("note", "malformed", count=counts["malformed"], where=where))
        counted = (
            *("provisional", "duplicates", "contradictions", "unreadable_tunnel_rows"),
            *("unpaired_connects", "unpaired_disconnects", "other_service_rows"),
        )
        notes += [self.say("note", key, count=counts[key]) for key in counted if counts[key]]
        if empty := sum(source.empty_files for source in analysis.sources):
            notes.append(self.say("note", "empty_files", count=empty))
        if unread := sum(source.unread_files for source in analysis.sources):
            size = sum(source.unread_bytes for source in analysis.sources)
            notes.append(self.say("note", "unread", files=unread, size=f"{size / 1e6:,.0f} MB"))
        return notes

    def asks_beyond_the_data(self) -> bool:
        """Whether the selection begins or ends outside of the data."""
        analysis = self.analysis
        begin, end = analysis.selection.begin, analysis.selection.end
        first, last = analysis.first_row, analysis.last_row
        if first is None or last is None:
            return False
        return bool((begin and not first <= begin <= last) or (end and not first <= end <= last))

    def stale_policy(self, today: date) -> str | None:
        """A warning if decisions are older than the policy itself allows."""
        policy = self.analysis.settings.policy
        old = [
            decision
            for decision in policy.decisions
            if (today.year - decision.date.year) * 12 + today.month - decision.date.month > policy.stale_after_months
        ]
        name, months = f"{policy.id} v{policy.version}", policy.stale_after_months
        return self.say("note", "stale-policy", policy=name, count=len(old), months=months) if old else None


def gateway_name(gateway: str) -> str:
    """The resource's name in capitals, as Azure's logs write it."""
    return gateway.rsplit("/", 1)[-1].upper() or "?"


def _exact(time: pd.Timestamp) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S.%f}Z"
