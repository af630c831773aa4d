"""Words for people, in English and Japanese (`texts.toml`)."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "ja")


@cache
def _catalogue() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return tomllib.loads((files("logscan") / "texts.toml").read_text(encoding="utf-8"))


def say(lang: str, section: str, key: str, **values: object) -> str:
    """The text of that key, its blanks filled in."""
    return _catalogue()[section][key][lang].format(**values)
