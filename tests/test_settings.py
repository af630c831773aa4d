"""`logscan.toml`: every key is checked, and an error names file, key and remedy."""

from datetime import timedelta
from pathlib import Path

import pytest

from logscan.catalogue import Entry
from logscan.errors import SettingsError
from logscan.settings import Gateway, Peer, Settings, read_duration, read_settings

GOOD = """
tolerance = "20m"
zone = "Asia/Tokyo"
production = true
plan = "standard"
sla = 99.9

[peers."203.0.113.7"]
name = "osaka"
validated = false

[gateways.VPNGW01]
active_active = true
production = false
sla = 99.95

[[events]]
kind = "maintenance"
operation = "NewMaintenance*"
message = "started"

[policy]
brief_seconds = 30
"""


def read(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "logscan.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def test_everything_can_be_set(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    assert (settings.tolerance, settings.zone, settings.production, settings.plan) == (
        timedelta(minutes=20),
        "Asia/Tokyo",
        True,
        "standard",
    )
    assert settings.peers == {"203.0.113.7": Peer("osaka", validated=False)}
    assert settings.of_gateway("/subscriptions/s/x/virtualnetworkgateways/vpngw01") == Gateway(True, False, 99.95)  # noqa: FBT003
    assert settings.events == (
        Entry("maintenance", operation="NewMaintenance*", message="started", source=settings.path),
    )
    numbers = settings.policy.numbers
    assert (numbers["brief_seconds"].value, numbers["brief_seconds"].overridden) == (30, True)
    assert (numbers["sla_percent"].value, numbers["sla_percent"].source) == (99.9, settings.path)
    assert not numbers["still_down_minutes"].overridden


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "").policy == Settings().policy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('tolerence = "15m"', "unknown key tolerence; did you mean tolerance?"),
        ('[peers."203.0.113.7"]\nnmae = "x"', "unknown key peers.203.0.113.7.nmae; did you mean name?"),
        ("[policy]\nbrief = 3", "unknown key policy.brief; did you mean brief_seconds?"),
        ("xyz = 1", "unknown key xyz; known: tolerance, zone,"),
        ('tolerance = "soon"', "tolerance: not a duration: 'soon'"),
        ('tolerance = "2d"', "tolerance: at most 1d"),
        ('zone = "Tokyo"', "zone: not a time zone: 'Tokyo'"),
        ("zone = 9", "zone: "),
        ('production = "yes"', "production: must be true or false"),
        ('plan = "gold"', "plan: must be one of basic, developer, standard"),
        ("sla = 101", "sla: must be a percentage"),
        ("sla = true", "sla: must be a number above 0"),
        ("[policy]\nbrief_seconds = -1", "policy.brief_seconds: must be a number above 0"),
        ("policy = 3", "policy must be a table"),
        ("[peers.osaka]", "peers.osaka: not an IP address"),
        ("peers = 3", "peers must hold tables"),
        ("events = 3", "events must be tables"),
        ('[[events]]\nkind = "maintenance"', "events[1] needs kind and at least one of"),
        ('[[events]]\nkind = "odd"\noperation = "x"', "events[1].kind: must be one of maintenance,"),
        ("a = = 1", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path / 'logscan.toml'}: ")
    assert message in str(error.value)


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read"):
        read_settings(tmp_path / "none.toml")
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not UTF-8"):
        read_settings(tmp_path / "odd.toml")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("1h30m", 5400), ("7d", 604800), ("2w", 1209600), ("0s", 0), ("1.5H", 5400)],
)
def test_durations(text: str, seconds: float) -> None:
    assert read_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "15", "m", "15 m", "-5m", "1y", "99999999999999w"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        read_duration(text)
