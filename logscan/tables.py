"""The contract of every frame that crosses a module: columns, dtypes, units and meanings, true also when empty."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import pandas as pd

UTC_TIME: Final = "datetime64[us, UTC]"


@dataclass(frozen=True)
class Table:
    """One frame's contract."""

    name: str
    columns: Mapping[str, tuple[str, str]]
    """Column → (dtype, meaning), in the order of the frame."""

    def empty(self) -> pd.DataFrame:
        """The frame without rows, its dtypes true."""
        return self.conform(pd.DataFrame({name: [] for name in self.columns}))

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with exactly these columns, in this order and these dtypes; raises KeyError for a missing one."""
        typed = frame[list(self.columns)].astype({name: dtype for name, (dtype, _) in self.columns.items()})
        return typed.reset_index(drop=True)


RECORDS: Final = Table(
    "records",
    {
        "time": (UTC_TIME, "when it happened (UTC), truncated to µs"),
        "resource": (
            "str",
            "lower-case resource id: the gateway, or what an Activity Log record is about; '' if unknown",
        ),
        "category": ("str", "log category, known ones as Azure spells them"),
        "operation": ("str", "OperationName, verbatim"),
        "instance": ("Int8", "the gateway's role instance, 0 or 1; <NA> if it cannot be read"),
        "remote_ip": ("str", "the peer's public address; '' where the row has none"),
        "status": ("str", "Connected or Disconnected of a tunnel row, else the status the row gives; verbatim"),
        "reason": (
            "str",
            "stateChangeReason of a tunnel row; 'cause category' of a Resource Health record; incidentType of Service Health",
        ),
        "message": ("str", "free text, verbatim: foreign input"),
        "region": ("str", "Azure region of a Service Health record, else ''"),
        "source": ("int32", "index of the source the row was read from"),
        "file": ("int32", "index of the file the row was read from"),
        "line": ("int64", "1-based line of that file, or number of the record where the file is one document"),
    },
)
"""Rows read, one each, of every category but those IKE rows that are only noted (HEARTBEATS)."""

HEARTBEATS: Final = Table(
    "heartbeats",
    {
        "time": (UTC_TIME, "when an IKE row was written"),
        "resource": ("str", "the gateway's lower-case resource id"),
    },
)
"""IKE rows that were seen but not parsed: they prove that the gateway was logging at that moment."""

DROPS: Final = Table(
    "drops",
    {
        "id": ("str", "D- and 8 hex digits; from gateway, peer, instance and start"),
        "incident": ("str", "I- and 8 hex digits: the incident the drop belongs to"),
        "gateway": ("str", "lower-case resource id"),
        "remote_ip": ("str", "the peer's address"),
        "instance": ("Int8", "0, 1 or <NA>"),
        "start": (UTC_TIME, "the first Disconnected row of the run"),
        "end": (UTC_TIME, "the Connected row that ended it; NaT while open"),
        "duration_seconds": ("Float64", "end − start; <NA> while open"),
        "shape": ("str", "failover, same-instance or open"),
        "restored_on": ("Int8", "instance that ended it; <NA> while open or unknown"),
        "redundant": ("boolean", "the other instance carried the traffic all the time; <NA> if its state is unknown"),
        "outage_seconds": ("float64", "time in the drop during which the other instance was not up"),
        "site_outage_seconds": ("float64", "the part of outage_seconds that no earlier drop of the same peer covers"),
        "repeats": ("int64", "further Disconnected rows before the end"),
        "reason": ("str", "stateChangeReason of the first row, verbatim"),
        "file": ("int32", "where the first Disconnected row was read"),
        "line": ("int64", "its line"),
        "end_file": ("Int32", "where the ending Connected row was read; <NA> while open"),
        "end_line": ("Int64", "its line"),
    },
)

EVENTS: Final = Table(
    "events",
    {
        "time": (UTC_TIME, "when it was logged"),
        "gateway": ("str", "lower-case resource id of the gateway it belongs to"),
        "kind": ("str", "maintenance, primary-change, own-change, platform-incident, administrative, other"),
        "category": ("str", "log category"),
        "operation": ("str", "verbatim"),
        "message": ("str", "verbatim: foreign input"),
        "instance": ("Int8", "0, 1 or <NA>"),
        "file": ("int32", "where it was read"),
        "line": ("int64", "its line"),
    },
)
"""Gateway events: rows that might explain a drop. One that belongs to several gateways has a row for each."""

MATCHES: Final = Table(
    "matches",
    {
        "drop": ("int64", "position in DROPS"),
        "event": ("int64", "position in EVENTS"),
        "kind": ("str", "the event's kind"),
        "relation": ("str", "direct or second-instance"),
        "gap_seconds": ("float64", "event − drop start: negative, the event came first"),
        "grade": ("str", "near (within 5 min) or wide"),
    },
)
"""Many-to-many, ordered by drop, then nearest first (earlier event, operation, message at a tie)."""

COVERAGE: Final = Table(
    "coverage",
    {
        "gateway": ("str", "lower-case resource id"),
        "category": ("str", "log category"),
        "rows": ("int64", "rows seen; for IKE in large archives only those of the hours that were opened"),
        "first": (UTC_TIME, "oldest row"),
        "last": (UTC_TIME, "newest row"),
    },
)

JUDGED: Final = Table(
    "judged",
    {
        **DROPS.columns,
        "verdict": ("str", "maintenance or support-case-candidate"),
        "coverage": ("str", "proven, partial or missing: could the logs have shown maintenance"),
        "provisional": ("bool", "in the newest 30 min of the data: rows may still arrive"),
        "cause": ("str", "best explanation the evidence carries"),
        "rule": ("str", "id of the rule that found the cause"),
        "action": ("str", "what to do now"),
        "decision": ("str", "id of the policy's decision that chose the action"),
        "severity": ("str", "A, B or C with open-case, else ''"),
    },
)
"""DROPS with everything the later stages say of them."""

INCIDENTS: Final = Table(
    "incidents",
    {
        "id": ("str", "I- and 8 hex digits"),
        "gateway": ("str", "lower-case resource id"),
        "start": (UTC_TIME, "start of its first drop"),
        "end": (UTC_TIME, "end of its last drop to end; NaT while one is open"),
        "drops": ("int64", "how many"),
        "peers": ("int64", "how many different peers"),
        "verdict": ("str", "maintenance if every drop is, else support-case-candidate"),
        "action": ("str", "the most urgent action of its drops"),
        "severity": ("str", "the highest severity of its drops, else ''"),
    },
)


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as dictionaries: for the few that people read."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))


@dataclass(frozen=True)
class Source:
    """What was read of one source that the user named."""

    path: str
    files: int = 0
    read_bytes: int = 0
    rows: int = 0
    """Log rows seen, of whatever service."""
    ike_noted: int = 0
    """IKE rows of which only the time was read."""
    other_service: int = 0
    """Rows of other Azure services: not VPN gateway logs."""
    malformed: int = 0
    empty_files: int = 0
    unread_files: int = 0
    """IKE blobs whose hour is near no Disconnected row: not opened."""
    unread_bytes: int = 0
    malformed_at: tuple[str, ...] = ()
    """The first of the malformed lines: `file:line: what is wrong`."""


@dataclass(frozen=True)
class Logs:
    """What a source gives and `analyze` takes."""

    records: pd.DataFrame
    heartbeats: pd.DataFrame = field(default_factory=HEARTBEATS.empty)
    sources: tuple[Source, ...] = ()
    files: tuple[str, ...] = ()
    """Names of the files that `file` columns point to."""
    document_files: frozenset[int] = frozenset()
    """Those of which `line` counts records, because the file is one document."""

    def reference(self, file: int, line: int) -> str:
        """Where a row was read: `name:line`, or `name#record` in a document."""
        name = self.files[file] if 0 <= file < len(self.files) else "?"
        return f"{name}{'#' if file in self.document_files else ':'}{line}"
