"""What a file holds is found by looking at it, and every shape of a record gives the same row."""

import gzip
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logscan.errors import SourceError
from logscan.sources.formats import (
    HEAD_BYTES,
    _values,
    csv_records,
    document_records,
    expand,
    opened,
    recognise,
)
from logscan.sources.rows import MalformedRow, OtherServiceRow, Row, read_record, read_time

RESOURCE = "/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG1/PROVIDERS/MICROSOFT.NETWORK/VIRTUALNETWORKGATEWAYS/VPNGW01"
RAW = {
    "time": "2026-11-03T04:13:05.1234567Z",
    "resourceId": RESOURCE,
    "category": "TunnelDiagnosticLog",
    "operationName": "TunnelDisconnected",
    "level": "Informational",
    "properties": {
        "instance": "GatewayTenantWorker_IN_1",
        "remoteIP": "203.0.113.7",
        "status": "Disconnected",
        "stateChangeReason": "",
    },
}
COLUMNS = {
    "TimeGenerated": "2026-11-03T04:13:05.1234567Z",
    "Category": "TunnelDiagnosticLog",
    "OperationName": "TunnelDisconnected",
    "ResourceId": RESOURCE,
    "instance_s": "GatewayTenantWorker_IN_1",
    "remoteIP_s": "203.0.113.7",
    "status_s": "Disconnected",
    "stateChangeReason_s": "",
}
ROW = Row(
    time=1793679185123456,
    resource=RESOURCE.lower(),
    category="TunnelDiagnosticLog",
    operation="TunnelDisconnected",
    instance=1,
    remote_ip="203.0.113.7",
    status="Disconnected",
    reason="",
    message="",
    region="",
)


def without(record: dict[str, Any], *names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names} | more


VARIANTS = {
    "as a storage account holds it": RAW,
    "properties as text": RAW | {"properties": json.dumps(RAW["properties"])},
    "names in capitals": {name.upper(): value for name, value in RAW.items()},
    "properties' names in small letters": RAW | {"properties": {k.lower(): v for k, v in RAW["properties"].items()}},  # type: ignore[attr-defined]
    "as Log Analytics returns it": COLUMNS,
    "with _ResourceId": without(COLUMNS, "ResourceId", _ResourceId=RESOURCE.lower()),
    "the columns that make up the id": without(
        COLUMNS,
        "ResourceId",
        SubscriptionId="S",
        ResourceGroup="RG1",
        ResourceProvider="MICROSOFT.NETWORK",
        ResourceType="VIRTUALNETWORKGATEWAYS",
        Resource="VPNGW01",
    ),
    "without a category": without(COLUMNS, "Category"),
    "as the shipped query projects it": {name.removesuffix("_s"): value for name, value in COLUMNS.items()},
    "new columns in AdditionalFields": without(
        COLUMNS,
        "instance_s",
        "remoteIP_s",
        "status_s",
        AdditionalFields=json.dumps({"instance": "1", "remoteIP": "203.0.113.7", "status": "Disconnected"}),
    ),
    "as the portal's CSV has it": {
        "TimeGenerated [UTC]" if name == "TimeGenerated" else name: value for name, value in COLUMNS.items()
    },
    "as az prints it": COLUMNS | {"TableName": "PrimaryResult", "Message": "None", "stateChangeReason_s": "None"},
}


@pytest.mark.parametrize("record", VARIANTS.values(), ids=VARIANTS.keys())
def test_every_shape_of_a_record_gives_the_same_row(record: dict[str, Any]) -> None:
    assert read_record(record) == ROW


def test_a_row_that_names_no_resource_has_that_of_its_blob() -> None:
    assert read_record(without(RAW, "resourceId"), resource=RESOURCE) == ROW


@pytest.mark.parametrize(
    ("text", "instance"),
    [("GatewayTenantWorker_IN_0", 0), ("gatewaytenantworker_in_1", 1), ("0", 0), (" 1 ", 1), (1, 1)]
    + [(text, -1) for text in ("", "2", "IN_0", "GatewayTenantWorker_IN_2", "GatewayTenantWorker_IN_01", "x0", None)],
)
def test_the_instance_is_the_digit_at_the_end_or_bare(text: object, instance: int) -> None:
    row = read_record(COLUMNS | {"instance_s": text})
    assert isinstance(row, Row)
    assert row.instance == instance


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2026-11-03T04:13:05Z", 0),
        ("2026-11-03T04:13:05.1Z", 100_000),
        ("2026-11-03T04:13:05.1234569Z", 123_456),
        ("2026-11-03T04:13:05.123456999Z", 123_456),
        ("2026-11-03T13:13:05.5+09:00", 500_000),
        ("2026-11-03 04:13:05", 0),
    ],
)
def test_times_have_any_number_of_digits_and_are_cut_to_microseconds(text: str, microseconds: int) -> None:
    assert read_time(text) == 1793679185_000_000 + microseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-13-01T00:00:00Z",
        "11/3/2026, 4:13:05 AM",
        "None",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(MalformedRow):
        read_time(text)


@pytest.mark.parametrize(
    "record", [1, "x", None, {}, {"foo": 1}, without(RAW, "time"), {"category": "TunnelDiagnosticLog"}]
)
def test_what_is_no_log_record_is_refused(record: object) -> None:
    with pytest.raises(MalformedRow):
        read_record(record)


def test_a_record_of_another_service_is_told_apart() -> None:
    assert read_record(RAW | {"category": "ApplicationGatewayAccessLog"}) == OtherServiceRow(
        "ApplicationGatewayAccessLog"
    )
    storage = RAW | {"category": "Administrative", "resourceId": RESOURCE.replace("VIRTUALNETWORKGATEWAYS", "VNETS")}
    assert read_record(storage) == OtherServiceRow("Administrative")


def test_half_a_surrogate_pair_is_not_text_and_does_not_stop_the_reading() -> None:
    row = read_record(json.loads(json.dumps(RAW)[:-2] + r', "message": "\ud83d"}}'))
    assert isinstance(row, Row)
    assert row.message == "?"


# ------------------------------------------------------------------------------------------------------- whole files


LINE = json.dumps(RAW).encode()
FILES = {
    "lines": (LINE + b"\n" + LINE, "json-lines"),
    "one object": (LINE, "json-lines"),
    "a torn first line": (LINE[:50] + b"\n" + LINE, "json-lines"),
    "a first line that is torn at its beginning": (b'45Z","category":"x"}\n' + LINE, "json-lines"),
    "one torn line": (LINE[:50], "json-lines"),
    "a mark and lines": (b"\xef\xbb\xbf" + LINE, "json-lines"),
    "gzip": (gzip.compress(LINE), "json-lines"),
    "an object over several lines": (json.dumps(RAW, indent=2).encode(), "json-document"),
    "an array": (b"\n [" + LINE + b"]", "json-document"),
    "UTF-16": (json.dumps([RAW]).encode("utf-16"), "json-document"),
    "CSV": (b'"TimeGenerated [UTC]",Category\n', "csv"),
    "CSV with semicolons": (b"TimeGenerated;OperationName\r\n", "csv"),
    "nothing": (b"", "empty"),
    "blank lines": (b"\n \n", "empty"),
}


def recognised(path: Path) -> str:
    with opened(path) as file:
        return recognise(path, file.read(HEAD_BYTES))


@pytest.mark.parametrize(("content", "form"), FILES.values(), ids=FILES.keys())
def test_a_file_is_recognised_by_its_content(tmp_path: Path, content: bytes, form: str) -> None:
    path = tmp_path / "any-name.dat"
    path.write_bytes(content)
    assert recognised(path) == form


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\0\0", b"hello\n", b"a,b,c\n1,2,3\n", b"<html>", b"\xff\xfe\x00"]
)
def test_what_is_nothing_we_know_is_refused_and_says_what_was_tried(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="Tried: JSON lines"):
        recognised(path)


class Trickle(io.StringIO):
    """A file that gives a few characters at a time, so that every cut between pieces occurs."""

    def read(self, size: int | None = -1) -> str:
        return super().read(random.randrange(1, 5) if size else 0)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('x"\\]}{[,', max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(values, max_size=5), st.sampled_from((None, 1)), st.booleans())
def test_an_array_is_read_piece_by_piece_as_a_whole_one_would_be(
    items: list[Any],
    indent: int | None,
    wrapped: bool,  # noqa: FBT001 - drawn
) -> None:
    text = json.dumps({"records": items} if wrapped else items, indent=indent)
    assert list(_values(Path("x"), Trickle(text))) == items
    assert list(_values(Path("x"), Trickle(text + "\n" + text))) == items + items


@pytest.mark.parametrize(
    "text", ["[1,2", '[{"a":1}x]', '{"records":[{}],"b":1}', "[1]]", '{"a":', '[{"a": 1},', "[" * 100_000]
)
def test_a_document_that_is_not_whole_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="not valid JSON"):
        list(_values(Path("x"), io.StringIO(text)))


def test_a_reply_that_was_cut_off_by_the_service_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reply.json"
    path.write_text(json.dumps({"tables": [], "error": {"code": "PartialError"}}))
    with pytest.raises(SourceError, match="PartialError"):
        list(document_records(path))


def test_one_line_may_hold_several_records() -> None:
    table = {"columns": [{"name": "a"}, {"name": "b"}], "rows": [[1, 2], [3, 4]]}
    assert list(expand({"Records": [1, 2]})) == [1, 2]
    assert list(expand([{"records": [1]}, 2])) == [1, 2]
    assert list(expand({"tables": [table]})) == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


# --------------------------------------------------------------------------------------------------------------- CSV


def csv_times(tmp_path: Path, *times: str) -> list[str]:
    path = tmp_path / "export.csv"
    path.write_text(
        "\n".join(["TimeGenerated [UTC],Category", *(f'"{time}",x' for time in times)]), encoding="utf-8-sig"
    )
    return [str(record["TimeGenerated [UTC]"]) for _, record in csv_records(path)]  # type: ignore[index]


def test_times_of_the_portal_become_iso(tmp_path: Path) -> None:
    assert csv_times(tmp_path, "11/3/2026, 4:13:05.123 AM", "12/31/2026, 12:00:00.000 PM", "1/2/2026, 12:00:01 AM") == [
        "2026-11-03T04:13:05.123+00:00",
        "2026-12-31T12:00:00.000+00:00",
        "2026-01-02T00:00:01+00:00",
    ]


def test_a_japanese_browser_writes_the_year_first(tmp_path: Path) -> None:
    assert csv_times(tmp_path, "2026/11/3 4:13:05.123") == ["2026-11-03T04:13:05.123+00:00"]


def test_the_whole_column_tells_day_and_month_apart(tmp_path: Path) -> None:
    assert csv_times(tmp_path, "3/11/2026, 16:13:05", "23/11/2026, 04:13:05") == [
        "2026-11-03T16:13:05+00:00",
        "2026-11-23T04:13:05+00:00",
    ]
    assert csv_times(tmp_path, "3/11/2026, 4:13:05 am", "23/11/2026, 4:13:05 am")[0] == "2026-11-03T04:13:05+00:00"


def test_a_time_that_could_be_two_is_left_to_be_refused(tmp_path: Path) -> None:
    for time in ("3/11/2026, 16:13:05", "3/11/2026, 4:13:05 am"):
        assert csv_times(tmp_path, time) == [time]


def test_iso_times_stay(tmp_path: Path) -> None:
    assert csv_times(tmp_path, "2026-11-03T04:13:05.1234567Z") == ["2026-11-03T04:13:05.1234567Z"]


def test_rows_are_known_by_the_line_they_end_on(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b'TimeGenerated,Category,Message\r\n1,x,"two\r\nlines"\r\n\r\n2,y,"say ""hi"""\r\n')
    assert list(csv_records(path)) == [
        (3, {"TimeGenerated": "1", "Category": "x", "Message": "two\r\nlines"}),
        (5, {"TimeGenerated": "2", "Category": "y", "Message": 'say "hi"'}),
    ]
