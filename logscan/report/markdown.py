"""The result as Markdown: for a ticket, a chat, a wiki."""

import re

from logscan.report.wording import GROUPS, DropLine, Wording

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def to_markdown(wording: Wording) -> str:
    """Summary, one table for each group of drops, notes. Log text is escaped: it can make neither markup nor HTML."""
    said = [f"# {wording.say('page', 'title')}", "", wording.summary(), ""]
    said += [f"{line}  " for line in wording.scope()]
    lines = wording.lines()
    columns = table_columns(wording)
    for group in GROUPS:
        chosen = [line for line in lines if line.group == group]
        if chosen:
            said += ["", f"## {wording.say('group', group)} ({len(chosen)})", ""]
            said.append("| " + " | ".join(_escaped(title) for _, title in columns) + " |")
            said.append("|" + " --- |" * len(columns))
            said += ["| " + " | ".join(_cell(line, name) for name, _ in columns) + " |" for line in chosen]
    if notes := wording.notes():
        said += ["", f"## {wording.say('page', 'notes')}", "", *(f"- {_escaped(note)}" for note in notes)]
    return "\n".join(said) + "\n"


def table_columns(wording: Wording) -> list[tuple[str, str]]:
    """Name and title of the columns of a drop table; the local zone's only where it differs from UTC."""
    names = [
        "action",
        "start_local",
        "start_utc",
        "duration",
        "gateway",
        "peer",
        "instance",
        "shape",
        "verdict",
        "event",
        "drop",
    ]
    now = wording.analysis.last_row
    if now is None or all(wording.clock.is_utc(drop["start"]) for drop in wording.drops):
        names.remove("start_local")
    zone = wording.clock.name(now) if now is not None else ""
    return [(name, wording.say("column", name.replace("_", "-"), zone=zone)) for name in [*names, "incident"]]


def _cell(line: DropLine, name: str) -> str:
    text = _escaped(getattr(line, name))
    return f"**{text}**" if name == "action" and line.mark else text


def _escaped(text: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in text)
    return _SPECIAL.sub(r"\\\1", " ".join(printable.split()))
