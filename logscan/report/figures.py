"""Draws an analysis: one function per plotly figure. Log text is escaped, because plotly reads a little HTML."""

import html
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple, TypeVar

import pandas as pd
import plotly.graph_objects as go

from logscan.analysis import Analysis
from logscan.categories import GATEWAY, TUNNEL
from logscan.report.clock import UTC
from logscan.report.wording import Wording, gateway_name

TUNNELS_DRAWN: Final = 60
"""More rows than that, nobody reads: the most urgent and busiest are kept."""
BARS_DRAWN: Final = 2_000
"""More drops than that are drawn as one line a class, without letters."""
DROPS_DRAWN: Final = 5_000
"""Drawn in a second. WebGL draws more, but needs a graphics card and `eval`, which the page's policy forbids."""
EVENTS_DRAWN: Final = 5_000
ROW_PIXELS: Final = 26

T = TypeVar("T")
_LABEL_LENGTH: Final = 22
_MESSAGE_LENGTH: Final = 300
_HOVER_WIDTH: Final = 56
_TITLE_WIDTH: Final = 44

_INK: Final = "#767676"  # legible on white and on near-black; the page sharpens it for its own background
_FAINT: Final = "rgba(128,128,128,0.28)"
_NOTE: Final = {"showarrow": False, "font": {"size": 10}}


@dataclass(frozen=True)
class _Look:
    """A class of drops or a kind of events: told apart by sign and form, not by colour alone (Okabe and Ito's palette)."""

    colour: str
    symbol: str
    letter: str = ""
    pattern: str = ""


_CLASSES: Final = {
    "case": _Look("#D55E00", "square", "!!"),
    "check": _Look("#E69F00", "diamond", "!", "/"),
    "watch": _Look("#56B4E9", "circle", "W", "."),
    "maintenance": _Look("#009E73", "hexagon", "M", "-"),
}
"""Of drops, by what to do about them; most urgent first. The signs are those of the table."""
_CLASS_OF_ACTION: Final = {"open-case": "case", "watch": "watch", "none": "maintenance"}

_KINDS: Final = {
    "maintenance": _Look("#009E73", "triangle-down"),
    "primary-change": _Look("#56B4E9", "triangle-right"),
    "own-change": _Look("#CC79A7", "x"),
    "platform-incident": _Look("#D55E00", "star"),
    "administrative": _Look(_INK, "square-open"),
    "other": _Look(_INK, "circle-open"),
}


class _Row(NamedTuple):
    """A line of the figure: a tunnel; without instance the events of a gateway."""

    gateway: str
    remote_ip: str = ""
    instance: str = ""


class _Rows(NamedTuple):
    places: Mapping[_Row, int]
    """From the top."""
    not_drawn: int


class _Axis(NamedTuple):
    """The reader's time, as plotly wants it: without a zone."""

    begin: pd.Timestamp
    end: pd.Timestamp
    end_of_data: pd.Timestamp
    margin: pd.Timedelta
    """On either side."""
    offset: timedelta
    name: str

    def wall(self, times: Iterable[pd.Timestamp]) -> list[str]:
        return [f"{(time + self.offset).tz_localize(None):%Y-%m-%d %H:%M:%S.%f}" for time in times]


class _Sheet(NamedTuple):
    """What every trace is drawn from and on."""

    wording: Wording
    rows: _Rows
    axis: _Axis


def timeline(wording: Wording) -> go.Figure:
    """Every tunnel's drops over time, under the events of its gateway, and where there was a log at all.

    Needs data: raises ValueError where there is not one row.
    """
    sheet = _Sheet(wording, _rows(wording), _axis(wording))
    drops, events = _drops_by_class(sheet), _events_by_kind(sheet)
    drawn, shown = _thinned(drops, DROPS_DRAWN), _thinned(events, EVENTS_DRAWN)

    figure = go.Figure(layout=_layout(sheet))
    figure.add_trace(_log_present(sheet))
    if still_down := [
        place for places in drawn.values() for place in places if wording.drops[place]["shape"] == "open"
    ]:
        figure.add_trace(_still_down(sheet, still_down))
    for name in reversed(_CLASSES):  # the most urgent last, so on top
        if drawn[name]:
            figure.add_traces(_drops(sheet, name, drawn[name], lean=_count(drawn) > BARS_DRAWN))
    for kind in reversed(_KINDS):
        if shown[kind]:
            figure.add_trace(_gateway_events(sheet, kind, shown[kind]))
    _write_what_is_unknown(figure, sheet)
    _write_end_of_data(figure, sheet)
    _write_title(
        figure,
        sheet,
        rows=sheet.rows.not_drawn,
        drops=_count(drops) - _count(drawn),
        events=_count(events) - _count(shown),
        drops_elsewhere=len(wording.drops) - _count(drops),
    )
    return figure


# ------------------------------------------------------------------------------------------------------ rows and time


def _row(drop: Mapping[Any, Any]) -> _Row:
    return _Row(drop["gateway"], drop["remote_ip"], "?" if pd.isna(drop["instance"]) else str(drop["instance"]))


def _rows(wording: Wording) -> _Rows:
    """Every tunnel of the selection, also those that did not drop; too many, and only the most urgent."""
    analysis = wording.analysis
    drops = Counter(map(_row, wording.drops))
    worst: dict[_Row, int] = {}
    ranks = {name: rank for rank, name in enumerate(_CLASSES)}
    for drop in wording.drops:
        row = _row(drop)
        worst[row] = min(ranks[_class(drop)], worst.get(row, len(ranks)))
    tunnels = sorted(
        {*worst, *_logged_tunnels(analysis)}, key=lambda row: (worst.get(row, len(ranks)), -drops[row], row)
    )
    kept = tunnels[:TUNNELS_DRAWN]
    chosen = analysis.selection.gateways
    bare = [_Row(name) for name in analysis.gateways_without_tunnel_log if not chosen or name in chosen]
    kept += bare[: TUNNELS_DRAWN - len(kept)]
    by_gateway = sorted(kept, key=lambda row: (row.gateway, _peer(wording, row), row))
    lines: list[_Row] = []
    for row in by_gateway:
        if not lines or lines[-1].gateway != row.gateway:
            lines.append(_Row(row.gateway))
        if row.instance:
            lines.append(row)
    return _Rows({row: place for place, row in enumerate(lines)}, len(tunnels) + len(bare) - len(kept))


def _logged_tunnels(analysis: Analysis) -> list[_Row]:
    records, selection = analysis.logs.records, analysis.selection
    rows = records.loc[
        (records["category"] == TUNNEL).to_numpy(), ["resource", "remote_ip", "instance"]
    ].drop_duplicates()
    known = [_row(row) for row in rows.rename(columns={"resource": "gateway"}).to_dict("records")]
    return [
        row
        for row in known
        if row.remote_ip
        and (not selection.gateways or row.gateway in selection.gateways)
        and (not selection.peers or row.remote_ip in selection.peers)
    ]


def _peer(wording: Wording, row: _Row) -> str:
    return wording.analysis.settings.peer_name(row.remote_ip) or row.remote_ip or "?"


def _axis(wording: Wording) -> _Axis:
    """From the first to the last row of the data, or what was asked for; in UTC if the reader's clocks are changed within."""
    analysis, clock = wording.analysis, wording.clock
    if analysis.first_row is None or analysis.last_row is None:
        raise ValueError("there is nothing to draw: the data have no rows")
    asked = (analysis.selection.begin or analysis.first_row, analysis.selection.end or analysis.last_row)
    begin, end = sorted(pd.Timestamp(time).tz_convert("UTC") for time in asked)  # what was asked for may lie outside
    offsets = {clock.local(time).utcoffset() or timedelta(0) for time in (begin, end)}
    offset = offsets.pop() if len(offsets) == 1 else timedelta(0)
    margin = max((end - begin) * 0.02, pd.Timedelta(minutes=1))
    name = f"{clock.name(end)}, UTC{clock.local(end).isoformat()[-6:]}" if offset else "UTC"
    return _Axis(begin - margin, end + margin, analysis.last_row, margin, offset, name)


# ------------------------------------------------------------------------------------------------------------- traces


def _log_present(sheet: _Sheet) -> go.Scatter:
    """A thin line where a gateway's log reaches, for its events; and for its tunnels."""
    wording, rows, axis = sheet
    spans = {(row["gateway"], row["category"]): row for row in wording.analysis.coverage.to_dict("records")}
    x, y, hover = [], [], []
    for row, place in rows.places.items():
        if span := spans.get((row.gateway, TUNNEL if row.instance else GATEWAY)):
            x += [*axis.wall((span["first"], span["last"])), None]
            y += [place, place, None]
            said = [
                f"<b>{_safe(_cut(gateway_name(row.gateway), _HOVER_WIDTH))}</b>",
                *([] if row.instance else [_safe(wording.say("page", "events-row"))]),
                f"{_safe(span['category'])}: {span['rows']:,} {_safe(wording.say('page', 'rows'))}",
                *(f"{_safe(wording.say('page', name))}: {UTC.show(span[name])}" for name in ("first", "last")),
            ]
            hover += ["<br>".join(said)] * 2 + [""]
    return go.Scatter(
        x=x,
        y=y,
        hovertext=hover,
        hoverinfo="text",
        name=wording.say("page", "log-present"),
        legendrank=1000,
        mode="lines+markers",
        line={"color": "rgba(128,128,128,0.55)", "width": 2},
        marker={"symbol": "line-ns", "size": 7, "line": {"color": "rgba(128,128,128,0.8)", "width": 1.5}},
    )


def _class(drop: Mapping[str, Any]) -> str:
    return _CLASS_OF_ACTION.get(drop["action"], "check")


def _drops_by_class(sheet: _Sheet) -> dict[str, list[int]]:
    """Positions of the drops whose tunnel has a row, by start."""
    drops: dict[str, list[int]] = {name: [] for name in _CLASSES}
    for place, drop in enumerate(sheet.wording.drops):
        if _row(drop) in sheet.rows.places:
            drops[_class(drop)].append(place)
    return drops


def _drops(sheet: _Sheet, name: str, places: Sequence[int], *, lean: bool) -> list[go.Bar | go.Scatter]:
    """The true length of each drop, and a sign at its start that is seen however short it is."""
    (wording, rows, axis), look = sheet, _CLASSES[name]
    drops = [wording.drops[place] for place in places]
    ends = [axis.end_of_data if pd.isna(drop["end"]) else drop["end"] for drop in drops]
    starts = axis.wall(drop["start"] for drop in drops)
    y = [rows.places[_row(drop)] for drop in drops]
    shared = {
        "name": f"{look.letter}  {wording.say('page', f'class-{name}')}",
        "legendgroup": name,
        "legendrank": 1 + list(_CLASSES).index(name),
        "hoverinfo": "text",
    }
    hover = [_of_drop(wording, place) for place in places]
    sign = {"symbol": look.symbol, "color": look.colour, "line": {"color": "#000", "width": 0.75}}
    if lean:
        x = [time for pair in zip(starts, axis.wall(ends), strict=True) for time in (*pair, None)]
        line = go.Scatter(x=x, y=[at for place in y for at in (place, place, None)], mode="lines", **shared)
        line.update(line={"color": look.colour, "width": 6}, hoverinfo="skip", showlegend=False)
        return [line, go.Scatter(x=starts, y=y, mode="markers", marker=sign | {"size": 8}, hovertext=hover, **shared)]
    bars = go.Bar(
        base=starts,
        x=[(end - drop["start"]) / pd.Timedelta(milliseconds=1) for drop, end in zip(drops, ends, strict=True)],
        y=y,
        orientation="h",
        width=0.42,
        hovertext=hover,
        marker={
            "color": look.colour,
            "line": {"color": look.colour, "width": 1},
            "pattern": {
                "shape": look.pattern,
                "fillmode": "overlay",
                "fgcolor": "#000",
                "fgopacity": 0.6,
                "size": 6,
                "solidity": 0.15,
            },
        },
        **shared,
    )
    signs = go.Scatter(
        x=starts,
        y=y,
        mode="markers+text",
        text=[look.letter] * len(drops),
        textfont={"size": 10, "color": "#000", "weight": 700},
        marker=sign | {"size": 16},
        hovertext=hover,
        showlegend=False,
        cliponaxis=False,
        **shared,
    )
    return [bars, signs]


def _still_down(sheet: _Sheet, places: Sequence[int]) -> go.Scatter:
    wording, rows, axis = sheet
    beyond = axis.end_of_data + axis.margin / 2
    return go.Scatter(
        x=axis.wall([beyond] * len(places)),
        y=[rows.places[_row(wording.drops[place])] for place in places],
        mode="markers",
        name=wording.say("page", "still-down"),
        legendrank=50,
        hoverinfo="skip",
        marker={
            "symbol": "triangle-right",
            "size": 12,
            "color": _CLASSES["case"].colour,
            "line": {"color": "#000", "width": 0.75},
        },
        cliponaxis=False,
    )


def _events_by_kind(sheet: _Sheet) -> dict[str, list[dict[str, Any]]]:
    """EVENTS of the gateways and the time drawn, by kind."""
    events = sheet.wording.analysis.events
    gateways = {row.gateway for row in sheet.rows.places}
    shown = events["gateway"].isin(gateways) & events["time"].between(sheet.axis.begin, sheet.axis.end)
    return {kind: events[shown & (events["kind"] == kind)].to_dict("records") for kind in _KINDS}  # type: ignore[misc]  # its columns are named


def _count(groups: Mapping[str, Sequence[Any]]) -> int:
    return sum(map(len, groups.values()))


def _thinned(groups: Mapping[str, list[T]], limit: int) -> dict[str, list[T]]:
    """No more than so many in all: the largest groups are thinned, evenly from first to last, so that no time is bare."""
    kept, room = {}, limit
    by_size = sorted(groups, key=lambda name: len(groups[name]))
    for still, name in zip(range(len(groups), 0, -1), by_size, strict=True):
        group = groups[name]
        size = min(len(group), room // still)
        kept[name] = [group[place * len(group) // size] for place in range(size)]
        room -= size
    return kept


def _gateway_events(sheet: _Sheet, kind: str, events: Sequence[Mapping[str, Any]]) -> go.Scatter:
    (wording, rows, axis), look = sheet, _KINDS[kind]
    return go.Scatter(
        x=axis.wall(event["time"] for event in events),
        y=[rows.places[_Row(event["gateway"])] for event in events],
        mode="markers",
        name=wording.say("page", "event-kind", kind=wording.say("kind", kind)),
        hovertext=[_of_event(wording, event) for event in events],
        hoverinfo="text",
        legendrank=100 + list(_KINDS).index(kind),
        marker={
            "symbol": look.symbol,
            "size": 12,
            "color": look.colour,
            "line": {"color": look.colour if look.symbol.endswith("-open") else "#000", "width": 1},
        },
        cliponaxis=False,
    )


# --------------------------------------------------------------------------------------------------------------- hover


def _of_drop(wording: Wording, place: int) -> str:
    """The evidence, as the table has it, with exact times."""
    drop, line = wording.drops[place], wording.line(place)
    span, outage = drop["duration_seconds"], drop["outage_seconds"]
    exact = (
        line.duration
        if pd.isna(span)
        else wording.say("page", "seconds", duration=line.duration, seconds=f"{span:.6f}")
    )
    cells = [
        *_times(wording, drop["start"], "column", "start-utc", "start-local"),
        (wording.say("column", "duration"), exact),
        (
            wording.say("page", "outage"),
            wording.say("page", "seconds", duration=wording.duration(outage), seconds=f"{outage:.6f}"),
        ),
        *(
            (wording.say("column", name), getattr(line, name))
            for name in ("shape", "verdict", "action", "event", "incident")
        ),
    ]
    head = f"<b>{_safe(line.drop)}</b>  {_safe(_cut(line.peer, _HOVER_WIDTH))} #{_safe(line.instance)}"
    return "<br>".join([head, _safe(_cut(line.gateway, _HOVER_WIDTH)), *_listed(cells)])


def _of_event(wording: Wording, event: Mapping[str, Any]) -> str:
    cells = [
        *_times(wording, event["time"], "page", "start-axis", "start-axis"),
        (wording.say("page", "operation"), event["operation"]),
        (wording.say("page", "message"), _cut(event["message"], _MESSAGE_LENGTH)),
    ]
    head = f"<b>{_safe(wording.say('kind', event['kind']))}</b>"
    return "<br>".join([head, *_listed([cell for cell in cells if cell[1]])])


def _times(wording: Wording, time: pd.Timestamp, section: str, utc: str, local: str) -> list[tuple[str, str]]:
    cells = [(wording.say(section, utc, zone="UTC"), f"{time:%Y-%m-%d %H:%M:%S.%f}")]
    if not wording.clock.is_utc(time):
        zone = wording.clock.name(time)
        cells.append((wording.say(section, local, zone=zone), f"{wording.clock.local(time):%Y-%m-%d %H:%M:%S.%f}"))
    return cells


def _listed(cells: Iterable[tuple[str, str]]) -> list[str]:
    return [
        _safe(line)
        for title, text in cells
        for line in _folded(f"{title}: {_cut(text, _MESSAGE_LENGTH)}", _HOVER_WIDTH)
    ]


def _safe(text: str) -> str:
    """Text that plotly cannot take for markup, without control and direction signs."""
    return html.escape(printable(text), quote=False)


def printable(text: str) -> str:
    """Log text with a blank for every character that is not seen: breaks, control and direction signs, half characters."""
    return "".join(char if char.isprintable() else " " for char in text)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _folded(text: str, width: int) -> list[str]:
    return textwrap.wrap(printable(text), width)


# -------------------------------------------------------------------------------------------------------------- layout


def _layout(sheet: _Sheet) -> dict[str, Any]:
    wording, rows, axis = sheet
    labels = [
        f"{_safe(_cut(_peer(wording, row), _LABEL_LENGTH))} #{row.instance}"
        if row.instance
        else f"<b>{_safe(_cut(gateway_name(row.gateway), _LABEL_LENGTH))}</b>"
        for row in rows.places
    ]
    count = len(rows.places)
    tops = [place for row, place in rows.places.items() if not row.instance]
    return {
        "template": "none",
        "height": count * ROW_PIXELS + 190,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8, "autoexpand": True},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": _INK},
        "barmode": "overlay",
        "hovermode": "closest",
        "hoverlabel": {
            "align": "left",
            "bgcolor": "#1f2328",
            "bordercolor": "#888",
            "font": {"color": "#fff", "size": 12},
        },
        "dragmode": "zoom",
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "tracegroupgap": 0},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": _INK, "activecolor": _INK},
        "xaxis": {
            "type": "date",
            "range": axis.wall((axis.begin, axis.end)),
            "gridcolor": _FAINT,
            "linecolor": _FAINT,
            "zeroline": False,
            "ticks": "outside",
            "tickcolor": _FAINT,
            "automargin": True,
            "tickangle": 0,
            "title": {"font": {"size": 12}},
            "tickformatstops": [
                {"dtickrange": [None, 1000], "value": "%H:%M:%S.%L"},
                {"dtickrange": [1000, 60_000], "value": "%H:%M:%S\n%Y-%m-%d"},
                {"dtickrange": [60_000, 86_400_000], "value": "%H:%M\n%Y-%m-%d"},
                {"dtickrange": [86_400_000, "M1"], "value": "%m-%d\n%Y"},
                {"dtickrange": ["M1", None], "value": "%Y-%m"},
            ],
        },
        "yaxis": {
            "range": [count + 0.2, -0.6],
            "tickmode": "array",
            "tickvals": list(range(count)),
            "ticktext": labels,
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "automargin": True,
        },
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": top - 0.5,
                "y1": top - 0.5,
                "line": {"color": _FAINT, "width": 1},
            }
            for top in tops
        ],
    }


def _write_what_is_unknown(figure: go.Figure, sheet: _Sheet) -> None:
    """Where a log is missing the line says so: a blank never means that nothing was."""
    coverage = sheet.wording.analysis.coverage
    logged = set(zip(coverage["gateway"], coverage["category"], strict=True))
    texts = {GATEWAY: "no-gateway-log", TUNNEL: "no-tunnel-log"}
    for row, place in sheet.rows.places.items():
        missing = [key for category, key in texts.items() if not row.instance and (row.gateway, category) not in logged]
        if missing:
            text = " · ".join(_safe(sheet.wording.say("page", key)) for key in missing)
            figure.add_annotation(text=text, xref="paper", x=0, xanchor="left", y=place, yshift=7, **_NOTE)


def _write_end_of_data(figure: go.Figure, sheet: _Sheet) -> None:
    end = sheet.axis.wall([sheet.axis.end_of_data])[0]
    line = {"color": _INK, "width": 1, "dash": "dot"}
    figure.add_shape(type="line", yref="paper", y0=0, y1=1, x0=end, x1=end, line=line)
    text = _safe(sheet.wording.say("page", "end-of-data"))
    figure.add_annotation(text=text, x=end, xanchor="right", yref="paper", y=0, yanchor="bottom", **_NOTE)


def _write_title(figure: go.Figure, sheet: _Sheet, *, drops_elsewhere: int, **not_drawn: int) -> None:
    """Which time the axis shows; and what is not drawn."""
    lines = [sheet.wording.say("page", "start-axis", zone=sheet.axis.name)]
    for name, count in not_drawn.items():
        if count:
            text = sheet.wording.say("page", f"{name}-not-drawn", count=count, drops=drops_elsewhere)
            lines += _folded(text, _TITLE_WIDTH)
    figure.update_xaxes(title_text="<br>".join(map(_safe, lines)))
