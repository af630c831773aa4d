"""The result as one HTML page that needs nothing else: no network, no other file, and for the table no script."""

import base64
import hashlib
import json
from collections import defaultdict
from datetime import datetime
from importlib.resources import files
from itertools import groupby
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

import logscan
from logscan.categories import GATEWAY, TUNNEL
from logscan.report.clock import UTC
from logscan.report.figures import printable, timeline
from logscan.report.markdown import table_columns
from logscan.report.wording import GROUPS, DropLine, Wording, gateway_name

DROPS_LISTED: Final = 5_000
"""A browser still opens so long a table; the most urgent come first."""
_CELL_LENGTH: Final = 200
_SENTENCE_LENGTH: Final = 2_000

_MODEBAR: Final = {
    "Zoom in": "zoom-in",
    "Zoom out": "zoom-out",
    "Reset axes": "reset",
    "Download plot as a PNG": "image",
    "Double-click to zoom back out": "zoom-back",
    "Double-click on legend to isolate one trace": "isolate",
}
"""What plotly.js itself says → [page]."""


def to_html(wording: Wording, *, generated_at: datetime) -> str:
    """The page. The same analysis and time give the same bytes; log text is shown, never obeyed."""
    analysis = wording.analysis
    has_logs = len(analysis.coverage) > 0
    scripts = _scripts() if has_logs else []
    columns = table_columns(wording)
    stale = wording.stale_policy(generated_at.date())
    return (
        _environment()
        .get_template("page.html")
        .render(
            wording=wording,
            page=lambda key, **values: wording.say("page", key, **values),
            has_logs=has_logs,
            notes=[
                *([] if has_logs else [wording.say("page", "no-data")]),
                *wording.notes(),
                *([stale] if stale else []),
            ],
            columns=columns,
            groups=_groups(wording),
            not_listed=max(len(wording.drops) - DROPS_LISTED, 0),
            coverage=_coverage(wording),
            figure=_figure(wording) if has_logs else "",
            scripts=scripts,
            script_hashes=" ".join(f"'sha256-{_digest(script)}'" for script in scripts) or "'none'",
            version=logscan.__version__,
            generated_at=UTC.show(generated_at),
        )
    )


def _groups(wording: Wording) -> list[tuple[str, int, list[list[tuple[DropLine, list[str]]]]]]:
    """Name and size of each group of drops, and its incidents with their drops, each with its reasons."""
    places = defaultdict(list)
    for place in range(len(wording.drops)):
        places[wording.line(place)].append(place)
    lines = wording.lines()
    listed = [(line, wording.why(places[line].pop(0))) for line in lines[:DROPS_LISTED]]
    found = []
    for group in GROUPS:
        incidents = groupby(
            (drop for drop in listed if drop[0].group == group), key=lambda drop: (drop[0].incident, drop[0].gateway)
        )
        found.append((group, sum(line.group == group for line in lines), [list(drops) for _, drops in incidents]))
    return [group for group in found if group[1]]


def _coverage(wording: Wording) -> list[tuple[str, list[tuple[str, str, str, str]]]]:
    """For each gateway its logs: rows, first, last; the two that count are named also when they are missing."""
    none = (wording.say("page", "no-rows"), "", "")
    logs: dict[str, dict[str, tuple[str, str, str]]] = defaultdict(lambda: {TUNNEL: none, GATEWAY: none})
    for row in wording.analysis.coverage.to_dict("records"):
        logs[row["gateway"]][row["category"]] = (f"{row['rows']:,}", UTC.show(row["first"]), UTC.show(row["last"]))
    return [
        (gateway_name(gateway), [(name, *cells) for name, cells in of.items()]) for gateway, of in sorted(logs.items())
    ]


# ------------------------------------------------------------------------------------------------------------- figure


def _figure(wording: Wording) -> Markup:
    """What `page.js` gives to plotly.js, as JSON that cannot end its element."""
    figure = timeline(wording)
    config = {
        "displaylogo": False,
        "responsive": True,
        "modeBarButtons": [["zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"]],
        "locale": wording.lang,
        "locales": {wording.lang: {"dictionary": {said: wording.say("page", key) for said, key in _MODEBAR.items()}}},
    }
    text = f'{{"figure":{figure.to_json(validate=False)},"config":{json.dumps(config)}}}'
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - escaped above


def _scripts() -> list[Markup]:
    from plotly.offline import get_plotlyjs

    # Line ends as the browser's parser leaves them, since the policy holds each script's digest.
    own = (files("logscan.report") / "templates" / "page.js").read_text(encoding="utf-8")
    return [Markup(script.replace("\r\n", "\n")) for script in (get_plotlyjs(), own)]  # noqa: S704 - no log text in them


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


# ----------------------------------------------------------------------------------------------------------- template


def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(lambda name: (files("logscan.report") / "templates" / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cell": lambda text: _cut(text, _CELL_LENGTH),
        "sentence": lambda text: _cut(text, _SENTENCE_LENGTH),
    }
    return environment


def _shown(value: Any) -> Any:  # noqa: ANN401 - whatever a template prints
    """Every text that is printed, without control and direction signs; scripts and figure are no such text."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
