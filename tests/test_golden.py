"""What logscan writes does not change unseen."""

import pytest

from tests.golden_results import GOLDEN, results

FOUND = results()


def test_every_golden_file_is_written() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(FOUND)


@pytest.mark.parametrize("name", FOUND)
def test_a_result_is_what_it_was(name: str) -> None:
    assert FOUND[name].decode() == (GOLDEN / name).read_bytes().decode(), "if meant: python -m tests.golden_results"
