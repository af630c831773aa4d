"""The reader recognises IKE rows by their bytes, many at a time: it must see what parsing every line would have seen."""

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from logscan.categories import IKE
from logscan.sources import crew, layout, scan
from logscan.sources.archive import read_archive
from logscan.sources.formats import expand
from logscan.sources.rows import MalformedRow, OtherServiceRow, Row, read_record, read_time
from logscan.tables import Logs

PREFIX = "/SUBSCRIPTIONS/0/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/VIRTUALNETWORKGATEWAYS/"
GATEWAYS = [PREFIX + name for name in ("VPNGW01", "VPNGW02", "A-MUCH-LONGER-NAME", "vpngw03")]
MESSAGES = [
    "SESSION_ID :{c2ce6f44-4c80} [SEND] Number of TSIs 1",
    "plain text that is long enough to hold a few words",
    "",
    'quoted "text" inside',
    "naïve – ünï 東京",
    "ends with a backslash \\",
    '"category":"IKEDiagnosticLog"',
    '{"time":"2026-11-01T00:00:00Z","category":"TunnelDiagnosticLog"}',
    "two\nlines\tand }}",
]
FRACTIONS = ["", *("." + "1234567890"[:digits] for digits in range(1, 10))]


@pytest.fixture(autouse=True)
def nothing_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_MEMORY", scan._Memory())  # noqa: SLF001 - what earlier tests taught must not help


def ike(
    time: str,
    gateway: str,
    message: str,
    *,
    order: int = 0,
    separators: tuple[str, str] = (",", ":"),
    ascii_only: bool = False,
) -> str:
    record: dict[str, Any] = {
        "time": time,
        "resourceId": gateway,
        "category": IKE,
        "operationName": "IKELogEvent",
        "level": "Informational",
        "properties": {"instance": "GatewayTenantWorker_IN_0", "message": message},
    }
    keys = list(record)
    keys = [keys, [*keys[1:3], *keys[3:5], keys[0], keys[5]], [keys[5], *keys[:5]], [*keys[:2], *keys[3:], keys[2]]][
        order
    ]
    return json.dumps({key: record[key] for key in keys}, separators=separators, ensure_ascii=ascii_only)


def tunnel(time: str, gateway: str, *, message: str = "", connected: bool = True) -> str:
    status = "Connected" if connected else "Disconnected"
    properties = {
        "instance": "GatewayTenantWorker_IN_1",
        "remoteIP": "203.0.113.7",
        "status": status,
        "message": message,
    }
    record = {
        "time": time,
        "resourceId": gateway,
        "category": "TunnelDiagnosticLog",
        "operationName": f"Tunnel{status}",
    }
    return json.dumps(record | {"properties": properties}, separators=(",", ":"))


def by_parsing(text: bytes) -> dict[str, Any]:
    """What parsing every line gives."""
    kept, noted, other, malformed = [], Counter[tuple[str, int]](), Counter[str](), []
    lines = text.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line or line.isspace():
            continue
        try:
            records = list(expand(json.loads(line)))
        except (ValueError, RecursionError):
            malformed.append(number)
            continue
        for record in records:
            try:
                row = read_record(record)
            except MalformedRow:
                malformed.append(number)
                continue
            if isinstance(row, OtherServiceRow):
                other[row.category] += 1
            elif row.category == IKE:
                noted[row.resource, row.time] += 1
            else:
                kept.append((number, row))
    return {
        "kept": kept,
        "noted": noted,
        "other": other,
        "malformed": malformed,
        "lines": len(lines) - text.endswith(b"\n"),
    }


def by_scanning(path: Path, **unit: Any) -> dict[str, Any]:
    """What the reader gives."""
    batch = scan.scan(scan.Unit(path, 0, path.stat().st_size, **unit))
    rows = list(batch.rows)
    return {
        "kept": [
            (line, rows[row]._replace(time=time))
            for line, row, time in zip(batch.line, batch.row, batch.time, strict=True)
        ],
        "noted": Counter((gateway, time) for gateway, times in batch.noted.items() for time in times),
        "other": batch.other,
        "malformed": [line for line, _ in batch.malformed_at],
        "lines": batch.lines,
    }


@pytest.fixture
def scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    def scanned(text: bytes, block_bytes: int = 2 << 20) -> dict[str, Any]:
        monkeypatch.setattr(scan, "_BLOCK_BYTES", block_bytes)
        monkeypatch.setattr(scan, "_FIRST_BYTES", min(block_bytes, 1 << 10))
        monkeypatch.setattr(scan, "_NAMED_MALFORMED", 1 << 30)
        monkeypatch.setattr(scan, "_MEMORY", scan._Memory())  # noqa: SLF001
        path = tmp_path / "log.jsonl"
        path.write_bytes(text)
        by_scanning(path)
        return by_scanning(path)  # now that all is learned

    return scanned


TIMES = st.builds(
    "2026-{:02}-{:02}T{:02}:{:02}:{:02}{}{}".format,
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
    st.sampled_from(FRACTIONS),
    st.sampled_from(["Z", "Z", "Z", "+00:00", "+09:00", ""]),
)
IKE_LINES = st.builds(
    ike,
    TIMES,
    st.sampled_from(GATEWAYS),
    st.sampled_from(MESSAGES),
    order=st.sampled_from([0, 0, 0, 1, 2, 3]),
    separators=st.sampled_from([(",", ":"), (",", ":"), (", ", ": ")]),
    ascii_only=st.booleans(),
)
TUNNEL_LINES = st.builds(
    tunnel, TIMES, st.sampled_from(GATEWAYS), message=st.sampled_from(["", "IKEDiagnosticLog", *MESSAGES])
)
WHOLE = st.one_of(IKE_LINES, IKE_LINES, TUNNEL_LINES)


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """A line torn, or torn and glued to the next, or spelled in another way."""
    line, next_line = draw(WHOLE), draw(WHOLE)
    how = draw(st.integers(0, 6))
    cut = draw(st.integers(1, len(line) - 1))
    return [
        line[:cut],
        line[cut:],
        line[:cut] + next_line,
        line + next_line,
        line.replace('"category"', '"Category"').replace('"time"', '"Time"'),
        json.dumps({"records": [json.loads(line), json.loads(next_line)]}),
        line[:cut] + next_line[draw(st.integers(0, len(next_line) - 1)) :],
    ][how]


LINES = st.one_of(
    *[WHOLE] * 6,
    spoilt(),
    st.sampled_from(
        [
            "",
            "  ",
            "null",
            "5",
            "[]",
            '{"time":"2026-11-01T00:00:00Z"}',
            '{"time":"2026-02-30T00:00:00Z","category":"x"}',
        ]
    ),
    st.just('{"time":"2026-11-01T00:00:00Z","category":"AppServiceHTTPLogs","resourceId":"x"}'),
    st.sampled_from(["\t", "\\", "\\t", "\\u0054", " ", "x"]).map(
        lambda between: tunnel("2026-11-01T00:00:00Z", GATEWAYS[0]).replace("01T", f"01{between}")
    ),
)


@given(
    lines=st.lists(LINES, max_size=60),
    ending=st.sampled_from(["\n", "\n", "\r\n", " \n"]),
    final=st.booleans(),
    block_bytes=st.sampled_from([64, 700, 4096, 2 << 20]),
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@example(lines=[], ending="\n", final=True, block_bytes=64)
def test_sees_what_parsing_every_line_sees(
    scanned: Callable[..., dict[str, Any]], lines: list[str], ending: str, *, final: bool, block_bytes: int
) -> None:
    first = tunnel("2026-11-01T00:00:00Z", GATEWAYS[0])  # so that it is known for a file of lines
    text = (ending.join([first, *lines]) + (ending if final else "")).encode()
    assert scanned(text, block_bytes) == by_parsing(text)


def whole_log(rows: int = 3000) -> list[str]:
    """A log as Azure writes it: IKE rows of several gateways, sometimes a tunnel row."""
    lines = []
    for number in range(rows):
        time = (
            f"2026-11-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.{number * 7919 % 10_000_000:07}Z"
        )
        gateway = GATEWAYS[number % len(GATEWAYS)]
        lines.append(
            tunnel(time, gateway, connected=number % 40 == 0)
            if number % 20 == 0
            else ike(time, gateway, MESSAGES[number % 2])
        )
    return lines


def test_most_ike_rows_are_recognised_without_parsing(
    scanned: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n".join(whole_log()).encode()
    assert scanned(text) == by_parsing(text)
    parsed: list[bytes] = []

    def loads(line: bytes) -> Any:
        parsed.append(line)
        return json.loads(line)

    monkeypatch.setattr(scan, "json", type("Counting", (), {"loads": loads}))
    assert scanned(text) == by_parsing(text)
    assert len(parsed) < 100


TORN = ike("2026-11-01T00:10:00.1234567Z", GATEWAYS[0], MESSAGES[0])


@pytest.mark.parametrize(
    "tail",
    [
        tunnel("2026-11-01T00:20:00.1234567Z", GATEWAYS[0]),
        ike("2026-11-01T00:20:00.1234567Z", GATEWAYS[1], MESSAGES[1]),
    ],
)
def test_a_row_glued_to_a_torn_one_is_not_swallowed(scanned: Callable[..., dict[str, Any]], tail: str) -> None:
    for cut in range(1, len(TORN)):
        text = "\n".join([*whole_log(40), TORN[:cut] + tail, *whole_log(10)]).encode()
        assert scanned(text) == by_parsing(text), TORN[:cut]


@pytest.mark.parametrize("block_bytes", [1, 100, 641, 4096, 100_000])
def test_lines_over_the_edge_of_a_block(scanned: Callable[..., dict[str, Any]], block_bytes: int) -> None:
    text = "\n".join(whole_log(200)).encode()
    assert scanned(text, block_bytes) == by_parsing(text)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_second_look_parses_the_ike_rows_of_some_gateways(tmp_path: Path, gateway: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(whole_log()))
    wanted = gateway.lower()
    by_scanning(path)
    kept = by_scanning(path, ike_of=frozenset([wanted]))["kept"]
    expected = [(number, read_record(json.loads(line))) for number, line in enumerate(whole_log(), 1)]
    assert sorted(kept) == [
        (number, row)
        for number, row in expected
        if isinstance(row, Row) and row.category == IKE and row.resource == wanted
    ]


@given(
    spelling=st.builds(
        "{}-{}-{}T{}:{}:{}{}".format,
        *[st.sampled_from(["0000", "1111", "1969", "2026", "2028", "9999"])],
        *[st.integers(0, 99).map("{:02}".format)] * 5,
        st.sampled_from(FRACTIONS),
    )
)
def test_times_are_read_as_one_by_one(spelling: str) -> None:
    import numpy as np

    read, is_time = layout._TimeText(spelling.encode()).read(np.frombuffer(spelling.encode(), np.uint8)[None])  # noqa: SLF001
    try:
        expected = read_time(spelling + "Z")
    except MalformedRow:
        assert not is_time[0]
    else:
        assert is_time[0]
        assert read[0] == expected


def test_more_kinds_of_rows_than_can_be_remembered(
    scanned: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "_MOST_BEGINNINGS", 3)
    monkeypatch.setattr(layout, "_MOST_LAYOUTS", 2)
    text = "\n".join(whole_log(400)).encode()
    assert scanned(text, 4096) == by_parsing(text)


def frames(path: Path, **options: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    logs = read_archive(path, **options)
    return logs.records, logs.heartbeats.sort_values(["resource", "time"], ignore_index=True)


@pytest.mark.parametrize("unit_bytes", [1, 1000, 12_345, 1 << 20])
@pytest.mark.parametrize("parse_ike_up_to", [0, 10_000])
def test_cutting_a_file_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit_bytes: int, parse_ike_up_to: int
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join([*whole_log(500), "{torn", *whole_log(300)]))
    whole = frames(path, parse_ike_up_to=parse_ike_up_to)
    monkeypatch.setattr(crew, "_UNIT_BYTES", unit_bytes)
    cut = frames(path, parse_ike_up_to=parse_ike_up_to)
    for expected, found in zip(whole, cut, strict=True):
        pd.testing.assert_frame_equal(found, expected)
    assert "log.jsonl:501:" in read_archive(path, parse_ike_up_to=parse_ike_up_to).sources[0].malformed_at[0]


def test_gzip_and_several_processes_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(whole_log(2000)).encode()
    (tmp_path / "plain").mkdir()
    (tmp_path / "zipped").mkdir()
    (tmp_path / "plain" / "log.json").write_bytes(text)
    (tmp_path / "zipped" / "log.json").write_bytes(gzip.compress(text))
    expected = frames(tmp_path / "plain", parse_ike_up_to=0)
    monkeypatch.setattr(crew, "_FORK_FROM", 0)
    monkeypatch.setattr(crew, "_SPAWN_FROM", 0)
    monkeypatch.setattr(crew, "_UNIT_BYTES", 100_000)
    for folder in ("plain", "zipped"):
        for whole, found in zip(expected, frames(tmp_path / folder, parse_ike_up_to=0, processes=2), strict=True):
            pd.testing.assert_frame_equal(found, whole)


def storage(root: Path, days: int = 3) -> None:
    """Two gateways: one whose IKE log has a row a minute, one with a row in two hours. Each has one drop on day 2."""
    for gateway, spacing in ((GATEWAYS[0], 1), (GATEWAYS[2], 120)):
        for hour in range(days * 24):
            at = [f"2026-11-{1 + hour // 24:02}T{hour % 24:02}:{minute:02}:00.0000000Z" for minute in range(60)]
            rows = {
                "ike": [ike(time, gateway, MESSAGES[0]) for n, time in enumerate(at) if (hour * 60 + n) % spacing == 0]
            }
            if hour == 30:
                rows["tunnel"] = [tunnel(at[5], gateway, connected=False), tunnel(at[9], gateway)]
            for category, lines in rows.items():
                day = f"y=2026/m=11/d={1 + hour // 24:02}/h={hour % 24:02}/m=00"
                path = root / f"insights-logs-{category}diagnosticlog" / f"resourceId={gateway}" / day / "PT1H.json"
                path.parent.mkdir(parents=True)
                path.write_text("".join(line + "\n" for line in lines))


def test_ike_blobs_left_unread_change_no_answer(tmp_path: Path) -> None:
    storage(tmp_path)
    everything = read_archive(tmp_path, parse_ike_up_to=0)
    some = read_archive(tmp_path, parse_ike_up_to=0, read_all_ike_up_to=0)
    assert everything.sources[0].unread_files == 0
    assert some.sources[0].unread_files > 10

    def ike_times(logs: Logs, gateway: str) -> pd.Series:
        noted = logs.heartbeats.loc[logs.heartbeats["resource"] == gateway.lower(), "time"]
        kept = logs.records.loc[
            (logs.records["resource"] == gateway.lower()) & (logs.records["category"] == IKE), "time"
        ]
        times: pd.Series = pd.concat([noted, kept])
        return times.sort_values(ignore_index=True)

    def without_ike(logs: Logs) -> pd.DataFrame:
        kept = logs.records[logs.records["category"] != IKE]
        return kept.drop(columns=["file"]).reset_index(drop=True)

    pd.testing.assert_frame_equal(without_ike(some), without_ike(everything))
    drop = pd.Timestamp("2026-11-02T06:05Z")
    for gateway in (GATEWAYS[0], GATEWAYS[2]):
        whole, part = ike_times(everything, gateway), ike_times(some, gateway)
        assert part.max() == whole.max()
        begin, end = drop - pd.Timedelta(hours=1), drop + pd.Timedelta(hours=1)
        assert part[part.between(begin, end)].tolist() == whole[whole.between(begin, end)].tolist()
        spacing = [times.diff().dt.total_seconds().median() for times in (part, whole)]
        assert (spacing[0] <= 600) == (spacing[1] <= 600)
