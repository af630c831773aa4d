"""One hard result in every format, held byte for byte: `python -m tests.golden_results` writes `tests/golden/` anew.

It has ties, an open drop, an unknown instance, an unknown redundancy, a malformed line, Japanese text, and text that
would be a formula, markup or a command to the terminal.
"""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from logscan import Settings, analyze, read_archive
from logscan.report.clock import Clock
from logscan.report.data import to_csv, to_json
from logscan.report.markdown import table_columns, to_markdown
from logscan.report.wording import Wording
from logscan.settings import Peer
from logscan.terminal import drops_for_people
from tests.archive_builder import json_lines
from tests.stories_told import GATEWAY, OTHER_PEER, PEER, logging_all_along

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "golden"


def hard_logs() -> bytes:
    """Its log lines."""
    archive = logging_all_along()
    archive.rows = [row for row in archive.rows if row["time"] < "2026-11-10"]
    archive.event(
        "2026-11-03T03:11:55", GATEWAY, "HostMaintenanceEvent", "計画メンテナンス | <script>alert(1)</script>"
    )
    archive.event("2026-11-03T03:11:55", GATEWAY, "=cmd|' /C calc'!A0", "+1\u202e\x1b[2J")
    archive.drop("2026-11-03T03:12:00", 20, GATEWAY, PEER, 0, restored_on=1)
    archive.drop("2026-11-03T03:12:00", 20, GATEWAY, OTHER_PEER, 0)
    archive.tunnel("2026-11-03T03:12:20", GATEWAY, OTHER_PEER, 1, "Connected")
    archive.drop("2026-11-05T03:12:00", 0.000001, GATEWAY, PEER, 0)
    archive.tunnel("2026-11-05T03:30:00", GATEWAY, "@203.0.113.9", 0, "Disconnected", reason="-理由")
    archive.rows[-1]["properties"]["instance"] = "?"
    archive.row("2026-11-05T05:00:00", GATEWAY, "RouteDiagnosticLog", "BgpConnectedEvent", message="SYNTHETIC")
    return json_lines(archive.rows) + b"{torn\n"


def results() -> dict[str, bytes]:
    """File name → what logscan writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "logs" / "PT1H.json"
        path.parent.mkdir()
        path.write_bytes(hard_logs())
        logs = read_archive(path.parent)
    settings = Settings(zone="Asia/Tokyo", peers={PEER: Peer("大阪"), OTHER_PEER: Peer("=名古屋")})
    analysis = analyze(logs, settings=settings)
    made: dict[str, bytes] = {}
    for lang in ("en", "ja"):
        wording = Wording(analysis, lang, Clock(settings.zone))
        writers: dict[str, Callable[[Wording], str]] = {
            "json": lambda said: to_json(said, generated_at=datetime(2026, 11, 24, tzinfo=UTC)),
            "csv": to_csv,
            "md": to_markdown,
            "txt": lambda said: drops_for_people(said, table_columns(said)),
        }
        made |= {f"drops.{lang}.{form}": write(wording).encode() for form, write in writers.items()}
    return {name: text.replace(folder.encode(), b"FOLDER") for name, text in made.items()}


if __name__ == "__main__":
    shutil.rmtree(GOLDEN, ignore_errors=True)
    GOLDEN.mkdir()
    for name, text in results().items():
        (GOLDEN / name).write_bytes(text)
