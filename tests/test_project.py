"""The project holds what it says: README, sample, tables of rules and texts."""

import re
import string
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from logscan.catalogue import CATALOGUE, KINDS
from logscan.cli import app
from logscan.facts import FACTS
from logscan.policy import ACTIONS
from logscan.rules import RULES
from logscan.settings import Settings, read_settings, shipped_policy
from logscan.terminal import ExitCode
from tests.sample_story import SAMPLE, tell

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
KEBAB = re.compile(r"[a-z]+(-[a-z]+)*")


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_sample_is_what_its_story_tells(tmp_path: Path) -> None:
    tell().write(tmp_path)
    assert contents(SAMPLE) == contents(tmp_path), "run: python -m tests.sample_story"


def test_the_sample_says_that_it_is_synthetic() -> None:
    gateway_and_ike = [text for name, text in contents(SAMPLE).items() if "tunneldiagnosticlog" not in name]
    assert all(b"SYNTHETIC" in line for text in gateway_and_ike for line in text.splitlines())


def test_the_readme_shows_what_the_demo_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("TTY_COMPATIBLE", "1"), ("NO_COLOR", "1"), ("COLUMNS", "90")):
        monkeypatch.setenv(name, value)
    printed = CliRunner().invoke(app, ["demo"], catch_exceptions=False).stdout
    assert re.sub(r"\x1b\[[0-9;]*m", "", printed).strip() in README


def test_the_readmes_settings_can_be_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "logscan.toml").write_text(example, encoding="utf-8")
    assert read_settings(tmp_path / "logscan.toml").peer_name("203.0.113.7") == "osaka"


def test_the_readme_names_every_exit_code() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    # 70 is a fault of logscan, 141 what any program ends with when its pipe is closed.
    assert codes == {int(code) for code in ExitCode} - {ExitCode.INTERNAL, ExitCode.PIPE_CLOSED}


def test_rules_are_unique_worded_and_rest_on_known_facts() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert KEBAB.fullmatch(rule.id)
        assert KEBAB.fullmatch(rule.cause)
        assert rule.en.endswith(".")
        assert rule.ja.endswith("。")
        assert set(rule.when) <= set(FACTS)
    assert [rule.id for rule in RULES if not rule.when] == [RULES[-1].id], "only the last holds always"


def test_decisions_are_unique_worded_dated_and_rest_on_known_facts() -> None:
    policy = shipped_policy()
    assert len({decision.id for decision in policy.decisions}) == len(policy.decisions)
    for decision in policy.decisions:
        assert KEBAB.fullmatch(decision.id)
        assert decision.action in ACTIONS
        assert {*decision.when, *decision.unless} <= set(FACTS)
        assert decision.source
        assert decision.evidence in {"documented", "microsoft-japan-blog", "published-source", "inferred"}
        for lang in ("en", "ja"):
            assert "{" not in policy.sentence(decision, lang, 99.95)
    assert [decision.id for decision in policy.decisions if not decision.when] == [policy.decisions[-1].id]
    assert all(number.source and number.evidence for number in policy.numbers.values())


def test_every_fact_is_asked_for() -> None:
    asked = {fact for rule in RULES for fact in rule.when}
    asked |= {fact for decision in shipped_policy().decisions for fact in (*decision.when, *decision.unless)}
    assert asked == set(FACTS)


def test_the_catalogue_has_known_kinds_and_sources() -> None:
    assert {entry.kind for entry in CATALOGUE} == set(KINDS) - {"other"}
    assert all(entry.source for entry in CATALOGUE)


def test_every_text_is_there_in_both_languages_with_the_same_blanks() -> None:
    catalogue = tomllib.loads((ROOT / "logscan" / "texts.toml").read_text(encoding="utf-8"))
    for section, texts in catalogue.items():
        for key, text in texts.items():
            assert set(text) == {"en", "ja"}, f"{section}.{key}"
            blanks = [{name for _, name, _, _ in string.Formatter().parse(text[lang]) if name} for lang in ("en", "ja")]
            assert blanks[0] == blanks[1], f"{section}.{key}"


def test_every_action_verdict_shape_and_kind_has_a_word() -> None:
    catalogue = tomllib.loads((ROOT / "logscan" / "texts.toml").read_text(encoding="utf-8"))
    assert set(catalogue["action"]) == set(ACTIONS)
    assert set(catalogue["kind"]) == set(KINDS)
    assert set(catalogue["shape"]) == {"failover", "same-instance", "open"}


def test_the_settings_have_defaults_the_design_names() -> None:
    settings = Settings()
    assert settings.tolerance.total_seconds() == 15 * 60
    assert settings.policy.thresholds == {
        "long_maintenance_minutes": 10,
        "still_down_minutes": 3,
        "brief_seconds": 60,
        "incidents_a_day": 3,
        "sla_percent": 99.95,
    }


def test_queries_begin_with_a_header_that_names_their_columns() -> None:
    for path in (ROOT / "queries").glob("*.kql"):
        text = path.read_text(encoding="utf-8")
        header = dict(re.findall(r"^// (\w+): (.*)$", text, re.MULTILINE))
        assert set(header) >= {"title", "description", "table", "columns"}
        projected = text.partition("| project ")[2].partition("| order")[0]
        named = re.findall(
            r"(?:^|,)\s*(\w+)(?= =|,|$)", re.sub(r"\([^()]*(\([^()]*\)[^()]*)*\)", "", projected.strip())
        )
        assert named == header["columns"].split(", ")
