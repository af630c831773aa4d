"""The command line as people and scripts use it: what goes where, how it ends, what it says when something is wrong."""

import csv
import gzip
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from logscan import cli
from tests.archive_builder import json_lines
from tests.stories_told import GATEWAY, PEER, STORIES, logging_all_along

FLAP = str(STORIES / "flap" / "logs")
CASE = str(STORIES / "unlogged-failover" / "logs")
MAINTENANCE = str(STORIES / "failover" / "logs")


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run logscan in this process, in an empty folder, in Tokyo."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGSCAN_TZ", "Asia/Tokyo")
    monkeypatch.setenv("COLUMNS", "100")

    def logscan(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["logscan", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, out, err)

    return logscan


def black_box(*arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run the installed program."""
    environment = {**os.environ, "LOGSCAN_TZ": "Asia/Tokyo", "PYTHONWARNINGS": "error"} | how.pop("env", {})
    return subprocess.run(
        [sys.executable, "-m", "logscan", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
        **how,
    )


# ------------------------------------------------------------------------------------------------------ what is shown


class TestSelection:
    def starts(self, ended: Ended) -> list[str]:
        return [drop["start"][8:16] for drop in ended.json["drops"]]

    def test_from_and_to_choose_by_start(self, run: Any) -> None:
        ended = run("drops", FLAP, "-f", "json", "--from", "2026-11-10T06:03:00Z", "--to", "2026-11-10T15:05+09:00")
        assert self.starts(ended) == ["10T06:03"]
        assert ended.json["window"] == {"from": "2026-11-10T06:03:00.000000Z", "to": "2026-11-10T06:05:00.000000Z"}

    def test_a_week_is_a_week_of_the_zone(self, run: Any, tmp_path: Path) -> None:
        archive = logging_all_along()
        for start in ("2026-11-15T14:59:58", "2026-11-15T15:00:00", "2026-11-22T14:59:58", "2026-11-22T15:00:00"):
            archive.drop(start, 1, GATEWAY, PEER, 0)
        archive.write(tmp_path / "logs")
        assert self.starts(run("drops", "logs", "-f", "json", "--week", "2026-W47")) == ["15T15:00", "22T14:59"]
        utc = run("drops", "logs", "-f", "json", "--week", "2026-W47", "--tz", "UTC")
        assert self.starts(utc) == ["22T14:59", "22T15:00"]

    def test_last_counts_from_now(self, run: Any) -> None:
        assert self.starts(run("drops", FLAP, "-f", "json", "--last", "1h")) == []
        assert len(self.starts(run("drops", FLAP, "-f", "json", "--last", "1500w"))) == 4

    def test_what_is_not_shown_still_counts_in_matching(self, run: Any) -> None:
        ended = run("drops", str(STORIES / "second-instance" / "logs"), "-f", "json", "--from", "2026-11-03T03:30Z")
        assert [drop["rule"] for drop in ended.json["drops"]] == ["maintenance-second-instance"]

    def test_gateways_by_name_or_id_peers_by_address_or_name(self, run: Any, tmp_path: Path) -> None:
        folder = str(STORIES / "no-gateway-log" / "logs")
        (tmp_path / "logscan.toml").write_text(f'[peers."{PEER}"]\nname = "osaka"\n')
        for asked in ("vpngw02", "VPNGW02"):
            found = run("drops", folder, "-f", "json", "--gateway", asked, "--peer", "osaka").json["drops"]
            assert [drop["gateway_name"] for drop in found] == ["VPNGW02"]
        gateway = found[0]["gateway"]
        assert len(run("drops", folder, "-f", "json", "-g", gateway.upper(), "--peer", PEER).json["drops"]) == 1

    def test_the_tolerance_can_be_chosen(self, run: Any) -> None:
        story = str(STORIES / "event-at-the-tolerance" / "logs")
        verdicts = [d["verdict"] for d in run("drops", story, "-f", "json", "--tolerance", "16m").json["drops"]]
        assert verdicts == ["maintenance"] * 3


class TestOutput:
    def test_stdout_is_data_and_stderr_is_narration(self, run: Any) -> None:
        ended = run("drops", CASE)
        assert "OPEN CASE (C)" in ended.out
        assert "Drops: 1 (incidents: 1)" not in ended.out
        assert "to open a case for: 1." in ended.err

    def test_a_pipe_gets_full_width_plain_text(self, run: Any) -> None:
        ended = run("drops", FLAP)
        assert "\x1b" not in ended.out
        assert max(map(len, ended.out.splitlines())) > 150
        assert "…" not in ended.out

    def test_what_to_act_on_comes_first_and_is_marked(self, run: Any) -> None:
        lines = run("demo").out.splitlines()
        assert [line[:2].strip() for line in lines[1:5]] == ["!!", "!", "!", "!"]
        assert "OPEN CASE" in lines[1]

    def test_local_time_and_utc_stand_side_by_side(self, run: Any) -> None:
        out = run("drops", CASE).out
        assert "start (Asia/Tokyo)" in out
        assert "2026-11-03 12:12:00  2026-11-03 03:12:00" in out
        assert "Asia/Tokyo" not in run("drops", CASE, "--tz", "UTC").out

    def test_csv_opens_in_a_spreadsheet(self, run: Any) -> None:
        rows = list(csv.DictReader(io.StringIO(run("drops", MAINTENANCE, "-f", "csv").out)))
        assert rows[0]["verdict"] == "maintenance"
        assert rows[0]["gap_seconds"] == "-12.123", "a number that begins with a minus stays a number"
        assert rows[0]["start_local"] == "2026-11-03T12:12:07.123000+09:00"
        assert rows[0]["redundant"] == "false"

    def test_markdown_has_a_table_and_a_bold_action(self, run: Any) -> None:
        assert "| **OPEN CASE (C)** |" in run("drops", CASE, "-f", "md").out

    def test_a_page_is_written(self, run: Any, tmp_path: Path) -> None:
        assert run("drops", CASE, "-f", "html", "-o", "page.html").code == 0
        assert (tmp_path / "page.html").read_text().lstrip().lower().startswith("<!doctype html>")

    def test_json_has_the_keys_that_were_promised(self, run: Any) -> None:
        document = run("drops", MAINTENANCE, "-f", "json").json
        assert document["schema_version"] == 1
        assert {"generated_at", "logscan_version", "window", "tolerance_seconds", "sources", "coverage"} <= set(
            document
        )
        assert {"summary", "incidents", "drops"} <= set(document)
        promised = (
            "id incident gateway gateway_name remote_ip peer instance start end duration_seconds shape restored_on redundant "
            "outage_seconds repeats reason verdict cause rule action severity coverage provisional matches why"
        )
        assert set(promised.split()) <= set(document["drops"][0])
        match = "time kind relation operation message instance gap_seconds grade"
        assert set(match.split()) <= set(document["drops"][0]["matches"][0])
        assert document["sources"][0] | {"path": MAINTENANCE, "rows": 5, "malformed": 0} == document["sources"][0]

    def test_why_names_the_rows_it_rests_on(self, run: Any) -> None:
        document = run("drops", str(STORIES / "torn-line" / "logs"), "-f", "json").json
        assert any("PT1H.json:6" in sentence for sentence in document["drops"][0]["why"])

    def test_a_file_is_written_whole_and_with_the_usual_rights(self, run: Any, tmp_path: Path) -> None:
        ended = run("drops", CASE, "-f", "json", "-o", "drops.json")
        assert ended.out == ""
        assert json.loads((tmp_path / "drops.json").read_text())["summary"]["drops"] == 1
        umask = os.umask(0)
        os.umask(umask)
        assert (tmp_path / "drops.json").stat().st_mode & 0o777 == 0o666 & ~umask
        assert sorted(path.name for path in tmp_path.iterdir()) == ["drops.json"]

    def test_the_language_can_be_japanese(self, run: Any) -> None:
        ended = run("drops", CASE, "--lang", "ja")
        assert "ケース起票 (C)" in ended.out
        assert "サポートケース候補" in ended.err

    def test_hostile_text_cannot_move_the_cursor_or_make_markup(self, run: Any, tmp_path: Path) -> None:
        archive = logging_all_along()
        evil = "=HYPERLINK(\x1b[2J|<script>*"
        archive.event("2026-11-03T03:11:55", GATEWAY, evil, evil)
        archive.drop("2026-11-03T03:12:00", 5, GATEWAY, PEER, 0)
        archive.write(tmp_path / "logs")
        assert "\x1b" not in run("drops", "logs").out
        assert "\\|\\<script\\>\\*" in run("drops", "logs", "-f", "md").out
        rows = list(csv.DictReader(io.StringIO(run("drops", "logs", "-f", "csv").out)))
        assert rows[0]["event_operation"] == "'" + evil.replace("\x1b", "\ufffd")
        assert run("drops", "logs", "-f", "json").json["drops"][0]["matches"][0]["operation"] == evil


class TestExitCodes:
    def test_0_is_done_1_is_something_to_act_on(self, run: Any) -> None:
        assert run("drops", CASE).code == 0
        assert run("drops", CASE, "--exit-code").code == 1
        assert run("drops", MAINTENANCE, "--exit-code").code == 0

    @pytest.mark.parametrize("story", ["torn-line", "log-gap", "no-gateway-log", "still-down"])
    def test_4_is_incomplete_data_under_strict(self, run: Any, story: str) -> None:
        ended = run("drops", str(STORIES / story / "logs"), "--strict", "--exit-code")
        assert ended.code == 4
        assert "--strict: " in ended.err

    def test_strict_also_wants_the_time_that_was_asked_for(self, run: Any) -> None:
        assert run("drops", CASE, "--strict").code == 0
        for window in (("--from", "2026-10-01T00:00Z"), ("--from", "2027-01-01T00:00Z"), ("--to", "2026-10-01T00:00Z")):
            ended = run("drops", CASE, "--strict", *window)
            assert (ended.code, "do not cover" in ended.err) == (4, True)


# --------------------------------------------------------------------------------------------------------- bad input


class TestBadInput:
    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (["drops"], 2, "Missing argument"),
            (["drops", "nowhere"], 3, "nowhere: no such file or folder"),
            (["drops", CASE, "--from", "2026-11-24T03:00"], 2, "write 2026-11-24T03:00+"),
            (["drops", CASE, "--from", "2026-11-24"], 2, "2026-11-24T00:00Z for UTC"),
            (["drops", CASE, "--from", "soon"], 2, "not a time: 'soon'"),
            (["drops", CASE, "--from", "2026-11-02T00:00Z", "--to", "2026-11-01T00:00Z"], 2, "is not before --to"),
            (["drops", CASE, "--last", "7d", "--week", "2026-W47"], 2, "contradict each other"),
            (["drops", CASE, "--week", "2026-47"], 2, "not an ISO week"),
            (["drops", CASE, "--week", "2026-W60"], 2, "not an ISO week"),
            (["drops", CASE, "--week", "2025-W53"], 2, "not an ISO week"),
            (["drops", CASE, "--week", "9999-W52"], 2, "not an ISO week"),
            (["drops", CASE, "--last", "999999d"], 2, "at most 30 years"),
            (["drops", CASE, "--from", "0001-01-01T00:00+09:00"], 2, "no log is from then"),
            (["drops", CASE, "--tolerance", "2d"], 2, "at most 1d"),
            (["drops", ""], 2, "a source without a name"),
            (["drops", "-", "-"], 2, "read once only"),
            (["drops", CASE, "--last", "soon"], 2, "not a duration"),
            (["drops", CASE, "--tz", "Tokyo"], 2, "not a time zone"),
            (["drops", CASE, "--gateway", "vpngw99"], 2, "no gateway 'vpngw99' in the data; did you mean VPNGW01?"),
            (["drops", CASE, "--peer", "osaka"], 2, f"no peer 'osaka' in the data; known: {PEER}"),
            (["drops", CASE, "--config", "none.toml"], 2, "none.toml: cannot be read"),
            (["drops", CASE, "-f", "xml"], 2, "'xml' is not one of"),
            (["drops", CASE, "-o", "no/such/folder/x.json"], 2, "cannot be written"),
            (["rules", "-f", "csv"], 2, "rules are written as table, md or json"),
        ],
    )
    def test_an_option_or_path_that_is_wrong(self, run: Any, arguments: list[str], code: int, message: str) -> None:
        ended = run(*arguments)
        assert ended.code == code
        assert message in " ".join(ended.err.split())
        assert ended.out == ""

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "the file is empty"),
            (b"\n\n", "no log rows in it: the query or the export found nothing"),
            (b'{"records": []}', "no log rows in it: the query or the export found nothing"),
            (
                b'{"tables":[{"columns":[],"rows":[]}],"error":{"code":"PartialError"}}',
                "incomplete Log Analytics reply",
            ),
            (b'{"time": "2026-11-03T00:0', "no log records in it; first, input:1: not valid JSON"),
            (b"TimeGenerated [Tokyo],Category\n", "its times are in Tokyo: switch the portal's display to UTC"),
            (b"\x89PNG\r\n\x1a\n\0\0\0", "nothing that logscan knows. Tried: JSON lines"),
            (b"hello, world\n", "nothing that logscan knows"),
            (gzip.compress(b'{"time": 1}' * 100)[:-10], "the gzip file ends too early"),
            (b"\x1f\x8b" + b"\0" * 40, "damaged gzip file"),
            (b'[{"time": "2026', "not valid JSON"),
            (b'{"foo": 1}\n{"bar": 2}\n', "no log records in it; first, input:1: no category"),
            (
                b'{"time":"2026-11-03T00:00:00Z","category":"ApplicationGatewayAccessLog","resourceId":"/x"}\n',
                "logs of another Azure service, none of a VPN gateway: ApplicationGatewayAccessLog (1)",
            ),
        ],
    )
    def test_a_file_that_is_no_log(self, run: Any, tmp_path: Path, content: bytes, message: str) -> None:
        (tmp_path / "input").write_bytes(content)
        ended = run("drops", "input", "-o", "out.json", "-f", "json")
        assert ended.code == 3
        assert message in ended.err
        assert not (tmp_path / "out.json").exists()

    def test_a_folder_without_files(self, run: Any, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "empty" / ".DS_Store").write_bytes(b"\0\0")
        ended = run("drops", "empty")
        assert (ended.code, "the folder holds no files" in ended.err) == (3, True)

    def test_an_unknown_file_among_logs_is_not_passed_over(self, run: Any, tmp_path: Path) -> None:
        shutil.copytree(CASE, tmp_path / "logs")
        (tmp_path / "logs" / "photo.png").write_bytes(b"\x89PNG\0")
        ended = run("drops", "logs")
        assert (ended.code, "photo.png: nothing that logscan knows" in ended.err) == (3, True)

    def test_links_are_followed_once_and_a_circle_ends(self, run: Any, tmp_path: Path) -> None:
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "linked").symlink_to(CASE)
        (tmp_path / "logs" / "again").symlink_to(CASE)
        (tmp_path / "logs" / "circle").symlink_to(tmp_path / "logs")
        summary = run("drops", "logs", "-f", "json").json["summary"]
        assert (summary["drops"], summary["duplicates"]) == (1, 0)
        (tmp_path / "logs" / "nowhere").symlink_to(tmp_path / "gone")
        assert "nowhere: a link that leads nowhere" in run("drops", "logs").err

    def test_gateways_of_one_name_are_told_apart_by_their_group(self, run: Any, tmp_path: Path) -> None:
        archive = logging_all_along()
        archive.drop("2026-11-03T03:12:00", 5, GATEWAY, PEER, 0)
        rows = json_lines(archive.rows)
        (tmp_path / "logs").write_bytes(rows + rows.replace(b"/RG1/", b"/RG2/"))
        out = run("drops", "logs").out
        assert "VPNGW01 (RG1)" in out
        assert "VPNGW01 (RG2)" in out

    def test_a_gateway_that_only_settings_know_is_named(self, run: Any, tmp_path: Path) -> None:
        (tmp_path / "logscan.toml").write_text("[gateways.vpngw10]\nproduction = true\n")
        assert "logscan.toml has settings for gateway vpngw10, which is not in the data" in run("drops", CASE).err

    def test_an_unreadable_file(self, run: Any) -> None:
        with unreadable() as path:
            ended = run("drops", str(path))
        assert ended.code == 3
        assert f"{path}: cannot be read: Permission denied" in ended.err

    def test_an_unknown_key_names_file_key_and_nearest(self, run: Any, tmp_path: Path) -> None:
        (tmp_path / "logscan.toml").write_text('[peers."203.0.113.7"]\nnmae = "x"\n')
        ended = run("drops", CASE)
        assert ended.code == 2
        assert "logscan.toml: unknown key peers.203.0.113.7.nmae; did you mean name?" in ended.err

    def test_an_interrupted_write_leaves_the_old_file(self, run: Any, tmp_path: Path, monkeypatch: Any) -> None:
        (tmp_path / "out.json").write_text("old")

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        ended = run("drops", CASE, "-f", "json", "-o", "out.json")
        assert (ended.code, "No space left on device" in ended.err) == (2, True)
        assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]

    def test_a_fault_of_our_own_is_one_line_and_no_exit_code_of_another_meaning(
        self, run: Any, monkeypatch: Any
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("odd")

        monkeypatch.setattr("logscan.sources.archive.read_archive", broken)
        ended = run("drops", CASE)
        assert (ended.code, "a fault in logscan itself (RuntimeError: odd)" in ended.err) == (70, True)


@contextmanager
def unreadable() -> Iterator[Path]:
    """A file that this process may not read, also if the tests run as root."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "PT1H.json"
        path.write_bytes(b"{}")
        path.chmod(0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield path
        finally:
            if user == 0:
                os.seteuid(user)


# ---------------------------------------------------------------------------------------------------- a whole process


class TestProcess:
    @pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["drops", "--help"]])
    def test_help_and_version_load_nothing_heavy(self, arguments: list[str]) -> None:
        code = (
            "import sys\nfrom logscan.cli import app\n"
            f"try:\n    app({arguments!r})\nexcept SystemExit:\n    pass\n"
            "print([m for m in ('pandas','numpy','plotly','azure','pyarrow','jinja2') if m in sys.modules])"
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
        assert ended.stdout.splitlines()[-1] == "[]"

    def test_the_library_is_loaded_when_it_is_used(self) -> None:
        code = (
            "import sys, logscan; assert 'pandas' not in sys.modules; logscan.analyze; assert 'pandas' in sys.modules"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

    def test_reading_begins_before_pandas_is_loaded(self) -> None:
        """So that the processes that read are copies of a small one, and pandas loads while they read."""
        code = (
            "import sys\nfrom logscan import cli\nfrom logscan.sources import archive\n"
            "archive.read_archive = lambda *_, **__: sys.exit('pandas' in sys.modules)\n"
            f"sys.argv = ['logscan', 'drops', {CASE!r}, '--config', {str(STORIES / 'not-validated' / 'logscan.toml')!r}]\n"
            "cli.main()"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0

    def test_a_closed_pipe_is_no_error_and_no_exit_code_of_another_meaning(self) -> None:
        # A page is larger than a pipe's buffer: the writer is still writing when head ends.
        shell = f"{sys.executable} -m logscan demo -f html 2>/dev/null | head -c 9; echo :${{PIPESTATUS[0]}}"
        ended = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
        assert (ended.stdout, ended.stderr) == ("<!DOCTYPE:141\n", "")

    @pytest.mark.parametrize("unbuffered", ["", "1"])
    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
    def test_a_full_disk_under_stdout_is_an_error(self, unbuffered: str) -> None:
        shell = f"PYTHONUNBUFFERED={unbuffered} {sys.executable} -m logscan drops {FLAP} > /dev/full"
        ended = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
        assert (ended.returncode, ended.stderr) == (
            2,
            "logscan: error: stdout: cannot be written: No space left on device\n",
        )

    @pytest.mark.parametrize(("redirection", "code"), [(">&-", 0), ("2>&-", 0), ("<&-", 0)])
    def test_closed_streams_are_no_fault(self, redirection: str, code: int, tmp_path: Path) -> None:
        shell = f"{sys.executable} -m logscan drops {FLAP} -f csv -o {tmp_path / 'out.csv'} {redirection}"
        assert subprocess.run(["bash", "-c", shell], check=False, capture_output=True, timeout=60).returncode == code
        assert (tmp_path / "out.csv").exists()

    def test_standard_input_is_a_source(self) -> None:
        archive = logging_all_along()
        archive.drop("2026-11-03T03:12:00", 5, GATEWAY, PEER, 0)
        ended = black_box("drops", "-", "-f", "json", input=json_lines(archive.rows).decode())
        assert ended.returncode == 0, ended.stderr
        assert json.loads(ended.stdout)["drops"][0]["row"] == "stdin:3"

    def test_any_locale_takes_japanese(self) -> None:
        environment = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        ended = black_box("demo", "--lang", "ja", env=environment, encoding="utf-8")
        assert (ended.returncode, "ケース起票" in ended.stdout) == (0, True)

    def test_debug_shows_the_traceback(self) -> None:
        ended = black_box("drops", "nowhere", env={"LOGSCAN_DEBUG": "1"})
        assert (ended.returncode, "Traceback" in ended.stderr) == (3, True)

    def test_interrupted_ends_with_130(self, tmp_path: Path) -> None:
        fifo = tmp_path / "never"
        os.mkfifo(fifo)
        # A shell starts what runs in its background with SIGINT ignored, and children inherit that.
        code = (
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            f"sys.argv = ['logscan', 'drops', {str(fifo)!r}]\nfrom logscan.cli import main; main()"
        )
        with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) as process:
            try:
                descriptor = opened_when_somebody_reads(fifo)
                # A signal that comes just before the program waits for input is seen only when the next one comes.
                for _ in range(10):
                    process.send_signal(signal.SIGINT)
                    with suppress(subprocess.TimeoutExpired):
                        _, err = process.communicate(timeout=3)
                        break
                os.close(descriptor)
            finally:
                process.kill()
        assert process.returncode == 130
        assert b"Traceback" not in err


def opened_when_somebody_reads(fifo: Path) -> int:
    for _ in range(600):
        with suppress(OSError):  # ENXIO: nobody reads yet
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.05)
    raise AssertionError("logscan did not open the pipe in 30 s")


class TestOthers:
    def test_the_demo_says_that_it_is_synthetic_and_what_to_run_next(self, run: Any) -> None:
        ended = run("demo")
        assert ended.code == 0
        assert "SYNTHETIC sample" in ended.err
        assert "logscan drops FOLDER" in ended.err

    def test_the_demo_tells_its_story(self, run: Any) -> None:
        drops = run("demo", "-f", "json").json["drops"]
        told = [(drop["gateway_name"], drop["peer"], drop["rule"], drop["action"]) for drop in drops]
        assert told == [
            ("VPNGW01", "osaka", "maintenance-logged", "none"),
            ("VPNGW01", "nagoya", "maintenance-logged", "none"),
            ("VPNGW01", "osaka", "maintenance-second-instance", "none"),
            ("VPNGW01", "nagoya", "maintenance-second-instance", "none"),
            ("VPNGW02", "fukuoka", "maintenance-logged", "none"),
            ("VPNGW03", "sendai", "gateway-log-missing", "collect-logs"),
            ("VPNGW01", "osaka", "unexplained", "open-case"),
            ("VPNGW01", "nagoya", "unexplained", "watch"),
            ("VPNGW01", "nagoya", "unexplained", "watch"),
            ("VPNGW01", "nagoya", "unexplained", "watch"),
            ("VPNGW02", "fukuoka", "own-change-logged", "check-own-change"),
            ("VPNGW02", "fukuoka", "own-change-logged", "check-own-change"),
            ("VPNGW01", "nagoya", "unexplained-log-partial", "watch"),
        ]

    @pytest.mark.parametrize("lang", ["en", "ja"])
    @pytest.mark.parametrize("form", ["table", "md", "json"])
    def test_rules_are_printed_with_source_and_date(self, run: Any, lang: str, form: str) -> None:
        ended = run("rules", "-f", form, "--lang", lang)
        assert ended.code == 0
        for text in ("maintenance-second-instance", "over-sla-budget", "vpngw-support-policy.md", "2020-09-23"):
            assert text in ended.out

    def test_a_replaced_number_is_marked_in_the_rules(self, run: Any, tmp_path: Path) -> None:
        (tmp_path / "logscan.toml").write_text("[policy]\nbrief_seconds = 30\n")
        assert "brief_seconds *" in run("rules").out

    def test_help_teaches_and_ends_with_the_exit_codes(self, run: Any) -> None:
        for command in ([], ["drops"], ["demo"]):
            text = " ".join(run(*command, "--help").out.split())
            assert text.endswith(
                "3 a source cannot be read; 4 with --strict, the data are incomplete; 130 interrupted."
            )
        assert "LOGSCAN_TOLERANCE" in run("drops", "--help").out

    def test_no_argument_shows_help(self, run: Any) -> None:
        ended = run()
        assert "Usage:" in ended.out + ended.err
