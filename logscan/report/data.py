"""The result for programs: JSON (schema_version 1) and CSV."""

import csv
import io
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import pandas as pd

import logscan
from logscan.report.wording import Wording, gateway_name
from logscan.tables import plain_rows

SCHEMA_VERSION: Final = 1
"""Keys may be added; none is renamed or removed under the same number."""

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def to_json(wording: Wording, *, generated_at: datetime) -> str:
    """One object with everything. `why` is worded in the wording's language; all else does not depend on it."""
    analysis = wording.analysis
    selection = analysis.selection
    document = {
        "schema_version": SCHEMA_VERSION,
        "generated_at": _time(pd.Timestamp(generated_at)),
        "logscan_version": logscan.__version__,
        "window": {
            "from": _time(pd.Timestamp(selection.begin) if selection.begin else analysis.first_row),
            "to": _time(pd.Timestamp(selection.end) if selection.end else analysis.last_row),
        },
        "data": {"first": _time(analysis.first_row), "last": _time(analysis.last_row)},
        "tolerance_seconds": analysis.settings.tolerance.total_seconds(),
        "policy": {"id": analysis.settings.policy.id, "version": analysis.settings.policy.version},
        "sources": [asdict(source) for source in analysis.sources],
        "coverage": [_plain(row) for row in plain_rows(analysis.coverage)],
        "active_active": dict(sorted(analysis.active_active.items())),
        "gateways_without_tunnel_log": analysis.gateways_without_tunnel_log,
        "summary": dict(analysis.summary),
        "incidents": [_incident(row) for row in plain_rows(analysis.incidents)],
        "drops": [_drop(wording, place) for place in range(len(wording.drops))],
    }
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _incident(row: dict[str, Any]) -> dict[str, Any]:
    return _plain(row) | {"gateway_name": gateway_name(row["gateway"]), "severity": row["severity"] or None}


def _drop(wording: Wording, place: int) -> dict[str, Any]:
    drop = wording.drops[place]
    plain = _plain(drop)
    reference = wording.analysis.logs.reference
    is_open = pd.isna(drop["end"])
    first = ("id", "incident", "gateway")
    middle = ("remote_ip",)
    last = (
        *("instance", "start", "end", "duration_seconds", "shape", "restored_on", "redundant", "outage_seconds"),
        *("repeats", "reason", "verdict", "cause", "rule", "action"),
    )
    return {
        **{name: plain[name] for name in first},
        "gateway_name": gateway_name(drop["gateway"]),
        **{name: plain[name] for name in middle},
        "peer": wording.analysis.settings.peer_name(drop["remote_ip"]),
        **{name: plain[name] for name in last},
        "decision": drop["decision"],
        "severity": drop["severity"] or None,
        "coverage": drop["coverage"],
        "provisional": drop["provisional"],
        "matches": [_match(wording, match) for match in wording.matches[place]],
        "row": reference(drop["file"], drop["line"]),
        "end_row": None if is_open else reference(drop["end_file"], drop["end_line"]),
        "why": wording.why(place),
    }


def _match(wording: Wording, match: dict[str, Any]) -> dict[str, Any]:
    names = ("time", "kind", "relation", "operation", "message", "instance", "gap_seconds", "grade")
    plain = _plain({name: match[name] for name in names})
    return plain | {"row": wording.analysis.logs.reference(match["file"], match["line"])}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """JSON's own types: UTC text for times, null for what is missing."""
    return {name: _time(value) if isinstance(value, pd.Timestamp) else _or_none(value) for name, value in row.items()}


def _or_none(value: Any) -> Any:  # noqa: ANN401 - any cell of a frame
    return None if pd.isna(value) else value


def _time(time: pd.Timestamp | None) -> str | None:
    if time is None or pd.isna(time):
        return None
    return f"{time.tz_convert('UTC'):%Y-%m-%dT%H:%M:%S.%f}Z"


_CSV_COLUMNS: Final = (
    *("id", "incident", "gateway", "gateway_name", "remote_ip", "peer", "instance", "start", "start_local", "end"),
    *("duration_seconds", "shape", "restored_on", "redundant", "outage_seconds", "repeats", "reason", "verdict"),
    *("cause", "rule", "action", "severity", "coverage", "provisional"),
    *("event_time", "event_kind", "event_relation", "event_operation", "event_message", "gap_seconds", "grade"),
    "matches",
)


def to_csv(wording: Wording) -> str:
    """One line a drop with its nearest event, in order of start.

    Times are UTC; `start_local` has the offset of the reader's zone. Text that a spreadsheet would take for a formula
    is preceded by an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for place, drop in enumerate(wording.drops):
        cells = _drop(wording, place)
        nearest = cells["matches"][0] if cells["matches"] else {}
        cells |= {f"event_{name}": nearest.get(name) for name in ("time", "kind", "relation", "operation", "message")}
        cells |= {name: nearest.get(name) for name in ("gap_seconds", "grade")}
        cells["start_local"] = wording.clock.local(drop["start"]).isoformat()
        cells["matches"] = len(cells["matches"])
        writer.writerow([_cell(cells[name]) for name in _CSV_COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> Any:  # noqa: ANN401 - any value of a drop
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    # A file of text is looked at in terminals, too.
    shown = "".join(char if char.isprintable() or char in "\t\r\n" else "\N{REPLACEMENT CHARACTER}" for char in value)
    return "'" + shown if shown.startswith(_FORMULA_STARTS) else shown
