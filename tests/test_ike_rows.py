"""Of a large IKE log only what can change an answer is read: held against reading all of it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from logscan.analysis import analyze
from logscan.report.clock import Clock
from logscan.report.data import to_json
from logscan.report.wording import Wording
from logscan.settings import Settings
from logscan.sources.archive import read_archive
from tests.archive_builder import gateway_id, json_lines

MINUTE = 60
HOUR = 60 * MINUTE
START = datetime(2026, 11, 1, tzinfo=UTC)
GATEWAYS = ("VPNGW01", "VPNGW02")


def record(second: float, gateway: str, category: str, operation: str, **properties: Any) -> dict[str, Any]:
    time = (START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    names = {"time": time, "resourceId": gateway_id(gateway), "category": category, "operationName": operation}
    return names | {"properties": properties}


@st.composite
def archives(draw: st.DrawFn) -> dict[str, bytes]:
    """IKE blobs, dense or sparse, their rows up to two hours off; few tunnel and gateway rows."""
    files: dict[str, bytes] = {}
    for gateway in draw(st.sampled_from([GATEWAYS, GATEWAYS[:1]])):
        for hour in draw(st.sets(st.integers(0, 40), min_size=1, max_size=25)):
            spacing = draw(st.sampled_from((5, 5, 20, 50)))
            off = draw(st.sampled_from((0, 0, 0, -120, 120))) * MINUTE
            seconds = [hour * HOUR + off + minute * MINUTE for minute in range(0, 60, spacing)]
            rows = [
                record(second, gateway, "IKEDiagnosticLog", "IKELogEvent", message=f"{hour} {second}")
                for second in seconds
            ]
            arrived = START + timedelta(hours=hour)
            name = f"y={arrived:%Y}/m={arrived:%m}/d={arrived:%d}/h={arrived:%H}/m=00/PT1H.json"
            slash = draw(st.sampled_from(("", "/")))
            path = gateway_id(gateway).removeprefix("/" if not slash else "")
            files[f"insights-logs-ikediagnosticlog/resourceId={path}/{name}"] = json_lines(rows)
    rest = []
    moment = st.integers(0, 42 * 4).map(lambda quarter: quarter * 15 * MINUTE)
    named = st.sampled_from(GATEWAYS)
    for second, name, instance, status in draw(
        st.lists(
            st.tuples(moment, named, st.integers(0, 1), st.sampled_from(("Connected", "Disconnected"))), max_size=12
        )
    ):
        worker = f"GatewayTenantWorker_IN_{instance}"
        rest.append(
            record(
                second,
                name,
                "TunnelDiagnosticLog",
                f"Tunnel{status}",
                instance=worker,
                remoteIP="203.0.113.7",
                status=status,
            )
        )
    for second, name, operation in draw(
        st.lists(st.tuples(moment, named, st.sampled_from(("HostMaintenanceEvent", "Odd"))), min_size=1, max_size=5)
    ):
        rest.append(record(second, name, "GatewayDiagnosticLog", operation))
    files["rest.jsonl"] = json_lines(rest)
    return files


@settings(deadline=None, max_examples=60)
@given(archives(), st.sampled_from((0, 5, 15, 60, 24 * 60)))
def test_what_is_left_unread_changes_no_answer(files: dict[str, bytes], tolerance: int) -> None:
    wanted = Settings(tolerance=timedelta(minutes=tolerance))

    def answer(**how: int) -> dict[str, Any]:
        logs = read_archive(folder, tolerance=wanted.tolerance, **how)  # type: ignore[arg-type]  # numbers both
        document: dict[str, Any] = json.loads(
            to_json(Wording(analyze(logs, settings=wanted), "en", Clock("UTC")), generated_at=START)
        )
        # How many IKE rows there are is known only where all are read.
        document["coverage"] = [(one["gateway"], one["category"]) for one in document["coverage"]]
        return {name: part for name, part in document.items() if name != "sources"}

    with TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        assert answer(read_all_ike_up_to=0, parse_ike_up_to=0) == answer()
