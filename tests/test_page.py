"""The HTML page: complete, the same every time, asking nothing of the network, and deaf to what log text tells it."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from logscan.analysis import Selection, analyze
from logscan.categories import GATEWAY, TUNNEL
from logscan.report import figures, page
from logscan.report.clock import Clock
from logscan.report.figures import timeline
from logscan.report.page import to_html
from logscan.report.wording import Wording
from logscan.rules import RULES
from logscan.settings import Peer, Settings
from logscan.tables import RECORDS, Logs
from logscan.texts import _catalogue

NOW = datetime(2026, 11, 17, 1, 2, 3, tzinfo=UTC)
MIDNIGHT = pd.Timestamp("2026-11-03T00:00:00Z")
OSAKA, NAGOYA, LAB = "203.0.113.7", "198.51.100.20", "192.0.2.44"
HUB, SPOKE, BARE = (f"/subscriptions/s/resourcegroups/r/providers/microsoft.network/virtualnetworkgateways/{name}" for name in ("hub", "spoke", "bare"))  # fmt: skip
PEERS = {OSAKA: Peer("osaka"), NAGOYA: Peer("nagoya")}
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"></script><!--<b>&amp;"
    '=HYPERLINK("http://evil.example")\u202egnp\u0000\u2028\U0001f600 %{x} $x$ {{ 7*7 }}'
)


class Story:
    """Log rows, written one after the other."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def tell(self, hours: float, gateway: str, category: str, operation: str, **more: Any) -> None:
        blank = {"instance": None, "remote_ip": "", "status": "", "reason": "", "message": "", "region": ""}
        time = MIDNIGHT + pd.Timedelta(hours=hours)
        at = {"time": time, "resource": gateway, "category": category, "operation": operation}
        self.rows.append(blank | at | {"source": 0, "file": 0, "line": len(self.rows) + 1} | more)

    def tunnel(
        self, hours: float, status: str, gateway: str, peer: str, instance: int | None, reason: str = ""
    ) -> None:
        more = {"status": status, "remote_ip": peer, "instance": instance, "reason": reason}
        self.tell(hours, gateway, TUNNEL, f"Tunnel{status}", **more)

    def drop(self, hours: float, seconds: float | None, gateway: str, peer: str, instance: int | None = 0) -> None:
        self.tunnel(hours, "Disconnected", gateway, peer, instance)
        if seconds is not None:
            self.tunnel(hours + seconds / 3600, "Connected", gateway, peer, instance)

    def wording(self, lang: str = "en", zone: str = "Asia/Tokyo", **selection: Any) -> Wording:
        frame = pd.DataFrame(self.rows) if self.rows else RECORDS.empty()
        frame = frame.assign(time=pd.to_datetime(frame["time"], utc=True), instance=frame["instance"].astype("Int8"))
        logs = Logs(records=RECORDS.conform(frame), files=("PT1H.json",))
        analysis = analyze(logs, settings=Settings(peers=PEERS), selection=Selection(**selection))
        return Wording(analysis, lang, Clock(zone))


def busy() -> Story:
    """Maintenance, an own change, a long candidate, a short one, one still down, and a gateway without gateway log."""
    story = Story()
    for gateway in (HUB, SPOKE):
        for hours in (0.1, 320):
            story.tell(hours, gateway, GATEWAY, "ValidateGatewayConfiguration")
    story.tell(51.2, HUB, GATEWAY, "HostMaintenanceEvent", instance=0, message="Host maintenance")
    story.drop(51.21, 45.376544, HUB, OSAKA)
    story.drop(51.22, 40, HUB, NAGOYA)
    story.tell(100, SPOKE, GATEWAY, "SetConnectionConfiguration", message="policy\nupdated")
    story.drop(100.01, 155, SPOKE, NAGOYA, 1)
    story.drop(130, 40, HUB, OSAKA, 1)
    story.drop(200, 3600, SPOKE, NAGOYA, None)
    story.drop(210, 90, BARE, LAB)
    story.drop(300, None, HUB, OSAKA)
    return story


def crowd(drops: int, peers: int) -> Story:
    story = Story()
    story.tell(0, HUB, GATEWAY, "ValidateGatewayConfiguration")
    for number in range(drops):
        story.drop(1 + number / 10, 30, HUB, f"203.0.113.{number % peers}")
    return story


class Parsed(HTMLParser):
    """Elements, attributes and visible text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.json = ""
        self._inside: list[tuple[str, dict[str, str]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag in {"script", "style"}:
            self._inside.append(self.elements[-1])

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"} and self._inside:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.texts += [data.strip()] if data.strip() else []
        elif self._inside[-1][1].get("id") == "figure":
            self.json += data
        elif self._inside[-1][0] == "script":
            self.scripts.append(data)


def render(story: Story, lang: str = "en", **selection: Any) -> str:
    return to_html(story.wording(lang, **selection), generated_at=NOW)


def figure_texts(figure: dict[str, Any]) -> list[str]:
    """Everything the figure writes."""
    layout = figure["layout"]
    texts = [layout["xaxis"]["title"]["text"], *layout["yaxis"]["ticktext"]]
    texts += [note["text"] for note in layout.get("annotations", ())]
    for trace in figure["data"]:
        texts += [trace["name"], *trace.get("hovertext", ())]
    return texts


def hidden(texts: list[str]) -> list[str]:
    return [char for text in texts for char in text if not char.isprintable() and char != "\n"]


# --------------------------------------------------------------------------------------------------------- one file


def test_the_same_logs_give_the_same_bytes() -> None:
    first, second = render(busy()), render(busy())
    assert first == second
    assert first.count('id="timeline"') == 1
    assert len(first.encode()) < 6_000_000


def test_the_page_loads_nothing_and_its_policy_forbids_it_to() -> None:
    parsed = Parsed(render(busy()))
    assert not [
        tag for tag, _ in parsed.elements if tag in {"link", "img", "iframe", "object", "embed", "base", "form"}
    ]
    loaded = [
        value for _, attrs in parsed.elements for name, value in attrs.items() if name in {"src", "href", "srcset"}
    ]
    assert loaded
    assert all(value.startswith("#") for value in loaded)
    policy = next(
        attrs["content"] for _, attrs in parsed.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert "unsafe-eval" not in policy
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in parsed.scripts]
    assert len(digests) == 2
    sources = " ".join(f"'sha256-{digest}'" for digest in digests)
    assert f"script-src {sources};" in policy
    css = (Path(page.__file__).parent / "templates" / "page.css").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import|https?:", css)


def test_what_every_reader_needs_is_there() -> None:
    parsed = Parsed(render(busy(), "ja"))
    attributes = dict(parsed.elements)
    assert attributes["html"]["lang"] == "ja"
    assert ("meta", {"charset": "utf-8"}) in parsed.elements
    assert any(attrs.get("name") == "viewport" for _, attrs in parsed.elements)
    assert any(tag == "noscript" for tag, _ in parsed.elements)
    drawing = next(attrs for _, attrs in parsed.elements if attrs.get("id") == "timeline")
    assert drawing["role"] == "img"
    assert "7" in drawing["aria-label"]
    ids = [attrs["id"] for _, attrs in parsed.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    labels = [attrs["aria-labelledby"] for _, attrs in parsed.elements if "aria-labelledby" in attrs]
    assert set(labels) <= set(ids)


# ---------------------------------------------------------------------------------------------------------- content


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_each_drop_is_told_with_its_reasons_in_order_of_urgency(lang: str) -> None:
    wording = busy().wording(lang)
    texts = Parsed(to_html(wording, generated_at=NOW)).texts
    lines = wording.lines()
    places = {drop["id"]: place for place, drop in enumerate(wording.drops)}
    told = "\n".join(texts)
    wanted = "".join(
        f".*?{re.escape(said)}" for line in lines for said in (line.action, line.drop, *wording.why(places[line.drop]))
    )
    assert re.search(wanted, told, flags=re.DOTALL)
    assert len(lines) == 7


def test_what_is_not_known_is_said_before_the_drops() -> None:
    wording = busy().wording()
    texts = Parsed(to_html(wording, generated_at=NOW)).texts
    note = next(text for text in wording.notes() if text.startswith("BARE"))
    assert texts.index(note) < texts.index(wording.lines()[0].action)
    assert wording.stale_policy(NOW.date()) in texts
    assert wording.say("page", "no-rows") in texts


def test_the_drops_of_an_incident_stand_in_one_body() -> None:
    text = render(busy())
    drops = [
        len(re.findall('<tr class="row">', body)) for body in re.findall(r"<tbody[^>]*>.*?</tbody>", text, re.DOTALL)
    ]
    assert sorted(count for count in drops if count) == [1, 1, 1, 1, 1, 2]
    assert text.count('<tbody class="several">') == 1


def test_too_many_drops_are_listed_by_urgency_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "DROPS_LISTED", 3)
    wording = busy().wording()
    parsed = Parsed(to_html(wording, generated_at=NOW))
    assert [attrs for _, attrs in parsed.elements].count({"class": "row"}) == 3
    assert wording.say("page", "not-listed", count=4) in parsed.texts


def test_without_a_drop_the_page_shows_what_was_in_the_data() -> None:
    story = Story()
    story.tunnel(0, "Connected", HUB, OSAKA, 0)
    story.tell(1, HUB, GATEWAY, "HostMaintenanceEvent")
    text = render(story)
    assert "No drops." in text
    assert 'id="timeline"' in text
    assert "<tbody" in text


@pytest.mark.parametrize("categories", [[], ["Administrative"]])
def test_without_a_gateways_log_the_page_says_that_nothing_is_known(categories: list[str]) -> None:
    story = Story()
    for category in categories:
        story.tell(0, HUB, category, "Microsoft.Network/virtualNetworkGateways/write")
    wording = story.wording()
    parsed = Parsed(to_html(wording, generated_at=NOW))
    assert wording.say("page", "no-data") in parsed.texts
    assert not [tag for tag, _ in parsed.elements if tag == "script"]
    assert any("script-src 'none'" in attrs.get("content", "") for _, attrs in parsed.elements)


@pytest.mark.parametrize("reason", ["", HOSTILE])
def test_a_japanese_page_speaks_japanese(reason: str) -> None:
    story = busy()
    story.tunnel(310, "Disconnected", SPOKE, NAGOYA, 0, reason)
    parsed = Parsed(render(story, "ja"))
    document = json.loads(parsed.json)
    pieces = [
        *parsed.texts,
        *(
            value
            for _, attrs in parsed.elements
            for name, value in attrs.items()
            if name in {"aria-label", "data-title"}
        ),
    ]
    for text in figure_texts(document["figure"]):
        for line in re.sub("</?b>", "", text).split("<br>"):
            pieces += [line, *line.split(": ")]
    said = "\n".join(pieces)
    sections = {name: texts for name, texts in _catalogue().items() if name not in {"rules", "note"}}
    worded = [words for texts in sections.values() for words in texts.values()]
    for english in (words["en"] for words in worded if words["en"] != words["ja"]):
        assert english not in pieces
        for part in re.split(r"\{\w+\}", english):
            assert len(part.strip()) < 14 or part.strip() not in said
    assert not [rule.id for rule in RULES if rule.en in said]
    assert set(document["config"]["locales"]["ja"]["dictionary"].values()).isdisjoint(page._MODEBAR)  # noqa: SLF001


# ---------------------------------------------------------------------------------------------------- hostile text


def hostile(text: str) -> Story:
    gateway = f"{HUB}{text.replace('/', '')}"
    story = Story()
    story.tunnel(0, "Connected", gateway, text, 0)
    story.tunnel(1, "Disconnected", gateway, text, 0, reason=text * 40)
    story.tunnel(1.01, "Connected", gateway, text, 0)
    story.tell(1, gateway, GATEWAY, text, message=text * 80)
    story.tell(1, gateway, GATEWAY, "HostMaintenanceEvent", message=text)
    return story


def test_log_text_makes_no_element_and_no_attribute() -> None:
    tame, wild = Parsed(render(hostile("tame"))), Parsed(render(hostile(HOSTILE)))
    assert [tag for tag, _ in wild.elements] == [tag for tag, _ in tame.elements]
    assert [set(attrs) for _, attrs in wild.elements] == [set(attrs) for _, attrs in tame.elements]
    assert not [name for _, attrs in wild.elements for name in attrs if name.startswith("on")]
    assert any("<script>document.title" in text for text in wild.texts)
    assert hidden(wild.texts) == []


def test_log_text_in_the_figure_is_text() -> None:
    parsed = Parsed(render(hostile(HOSTILE)))
    assert not set("<>&\u2028\u2029") & set(parsed.json)
    figure = json.loads(parsed.json)["figure"]
    written = figure_texts(figure)
    assert {tag for said in written for tag in re.findall("<[^>]*>", said)} <= {"<b>", "</b>", "<br>"}
    assert any("&lt;script&gt;" in said for said in written)
    assert hidden(written) == []
    assert max(map(len, written)) < 3_000
    assert not re.search("hovertemplate|texttemplate", parsed.json)  # where plotly would fill in %{x}


# ---------------------------------------------------------------------------------------------------------- figure


def bars(wording: Wording) -> list[Any]:
    return [trace for trace in timeline(wording).data if trace.type == "bar"]


def test_each_drop_is_one_bar_of_its_true_length() -> None:
    wording = busy().wording(zone="UTC")
    found = sorted((start, length) for bar in bars(wording) for start, length in zip(bar.base, bar.x, strict=True))
    wanted = [
        (f"{drop['start']:%Y-%m-%d %H:%M:%S.%f}", ((wording.analysis.last_row if pd.isna(drop["end"]) else drop["end"]) - drop["start"]) / pd.Timedelta(milliseconds=1))
        for drop in wording.drops
    ]  # fmt: skip
    assert found == wanted
    assert Counter(bar.legendgroup for bar in bars(wording)) == Counter(["case", "check", "watch", "maintenance"])


def test_a_class_is_told_by_sign_and_form_not_by_colour_alone() -> None:
    signs = [
        trace for trace in timeline(busy().wording()).data if trace.type == "scatter" and trace.mode == "markers+text"
    ]
    assert {trace.text[0] for trace in signs} == {"!!", "!", "W", "M"}
    assert len({trace.marker.symbol for trace in signs}) == len({trace.marker.color for trace in signs}) == 4


def test_a_drop_that_is_still_down_points_beyond_the_end_of_the_data() -> None:
    figure = timeline(busy().wording("en", "UTC"))
    arrow = next(
        trace for trace in figure.data if trace.marker.symbol == "triangle-right" and trace.hoverinfo == "skip"
    )
    assert len(arrow.x) == 1
    assert arrow.x[0] > "2026-11-16 08:00"


def test_a_missing_log_is_written_where_its_line_would_be() -> None:
    wording = busy().wording()
    story = busy()
    story.rows = [row for row in story.rows if row["resource"] != SPOKE or row["category"] == GATEWAY]
    without_tunnels = story.wording()
    assert wording.say("page", "no-gateway-log") in [note.text for note in timeline(wording).layout.annotations]
    assert wording.say("page", "no-tunnel-log") in [note.text for note in timeline(without_tunnels).layout.annotations]


def test_the_axis_is_the_readers_time_and_says_so() -> None:
    tokyo = timeline(busy().wording())
    assert tokyo.layout.xaxis.title.text == "time (Asia/Tokyo, UTC+09:00)"
    maintenance = next(bar for bar in tokyo.data if bar.type == "bar" and bar.legendgroup == "maintenance")
    assert maintenance.base[0].startswith("2026-11-05 12:12:36")
    assert "2026-11-05 03:12:36.000000" in maintenance.hovertext[0]
    assert "45.376544" in maintenance.hovertext[0]


def test_the_axis_is_utc_where_clocks_are_changed_in_between() -> None:
    wording = busy().wording(zone="Europe/Berlin", begin=NOW - timedelta(days=40))
    assert timeline(wording).layout.xaxis.title.text == "time (UTC)"


def test_a_time_after_the_data_is_drawn_empty_behind_their_end() -> None:
    wording = busy().wording(zone="UTC", begin=NOW + timedelta(days=5))
    figure = timeline(wording)
    first, last = figure.layout.xaxis.range
    assert first < f"{wording.analysis.last_row:%Y-%m-%d %H:%M:%S}" < "2026-11-22" < last
    assert wording.say("page", "end-of-data") in [note.text for note in figure.layout.annotations]


def test_too_many_tunnels_are_counted_and_the_urgent_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "TUNNELS_DRAWN", 1)
    wording = busy().wording()
    figure = timeline(wording)
    assert list(figure.layout.yaxis.ticktext) == ["<b>HUB</b>", "osaka #0"]
    assert "5 tunnels" in figure.layout.xaxis.title.text.replace("<br>", " ")


def test_thousands_of_drops_are_few_traces_and_no_time_is_left_bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "BARS_DRAWN", 100)
    monkeypatch.setattr(figures, "DROPS_DRAWN", 200)
    wording = crowd(600, 3).wording()
    figure = timeline(wording)
    assert not bars(wording)
    assert len(figure.data) < 8
    starts = [trace for trace in figure.data if trace.mode == "markers" and trace.legendgroup]
    assert sum(len(trace.x) for trace in starts) == 200
    months = Counter(time[:10] for trace in starts for time in trace.x)
    assert min(list(months.values())[1:-1]) > 50
    assert "400 are not drawn" in figure.layout.xaxis.title.text.replace("<br>", " ")


def test_the_selection_also_chooses_the_rows() -> None:
    figure = timeline(busy().wording(gateways=[SPOKE]))
    assert figure.layout.yaxis.ticktext[0] == "<b>SPOKE</b>"
    assert sum(text.startswith("<b>") for text in figure.layout.yaxis.ticktext) == 1


# --------------------------------------------------------------------------------------------------- in the browser

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def browse(text: str, folder: Path) -> tuple[Parsed, str]:
    """What the page is after its scripts have run, and what the browser's console says."""
    if BROWSER is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no chromium here")
    (folder / "page.html").write_text(text, encoding="utf-8")
    flags = (
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
        *("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=10000"),
        *("--enable-logging=stderr", "--v=0", f"--user-data-dir={folder / 'profile'}", "--dump-dom"),
    )
    run = subprocess.run(
        [BROWSER, *flags, (folder / "page.html").as_uri()],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
        check=True,
    )
    return Parsed(run.stdout), "\n".join(line for line in run.stderr.splitlines() if "CONSOLE" in line)


def classes(parsed: Parsed) -> Counter[str]:
    return Counter(name for _, attrs in parsed.elements for name in attrs.get("class", "").split())


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_browser_draws_every_drop(lang: str, tmp_path: Path) -> None:
    wording = busy().wording(lang)
    parsed, console = browse(to_html(wording, generated_at=NOW), tmp_path)
    assert console == ""
    found = classes(parsed)
    assert found["main-svg"] >= 1
    assert found["textpoint"] == len(wording.drops)
    assert found["legend"] == 1
    for name in ("case", "check", "watch", "maintenance"):
        assert any(text.endswith(wording.say("page", f"class-{name}")) for text in parsed.texts)


def test_a_browser_draws_thousands_of_drops(tmp_path: Path) -> None:
    parsed, console = browse(render(crowd(2_500, 20)), tmp_path)
    assert console == ""
    assert classes(parsed)["point"] >= 2_500


def test_a_browser_does_not_obey_log_text(tmp_path: Path) -> None:
    parsed, console = browse(render(hostile(HOSTILE)), tmp_path)
    assert console == ""
    assert "VPN tunnel drops" in parsed.texts
    assert "owned" not in parsed.texts
    assert not [tag for tag, _ in parsed.elements if tag == "img"]
    assert classes(parsed)["textpoint"] == 1
