"""The windows that the policy speaks of, held against every window there is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from logscan.facts import FACTS, _in_window, first_that_holds
from logscan.policy import budget_seconds

moments = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), st.sampled_from((0.0, 1.0, 2.5))), max_size=12)


def slowly(moments: Sequence[tuple[int, int, float]], length: int, threshold: float) -> list[bool]:
    """For each moment: does some window [begin, begin + length] of its key hold it and weigh too much?"""

    def heavy(key: int, begin: int) -> bool:
        return sum(w for k, t, w in moments if k == key and begin <= t <= begin + length) > threshold

    return [any(heavy(key, begin) for begin in range(time - length, time + 1)) for key, time, _ in moments]


@given(moments, st.integers(0, 10), st.sampled_from((0.0, 1.5, 2.5, 4.0)))
def test_a_moment_is_in_a_heavy_window_if_any_window_that_holds_it_is(
    moments: list[tuple[int, int, float]], length: int, threshold: float
) -> None:
    key = np.array([key for key, _, _ in moments], dtype=np.int64)
    time = np.array([time for _, time, _ in moments], dtype=np.int64)
    weight = np.array([weight for _, _, weight in moments], dtype=np.float64)
    found = _in_window(key, time, weight, length=length, threshold=np.full(len(key), threshold))
    assert found.tolist() == slowly(moments, length, threshold)


def test_the_sla_budget_of_30_days() -> None:
    assert round(budget_seconds(99.95) / 60, 1) == 21.6
    assert round(budget_seconds(99.9) / 60, 1) == 43.2


def test_the_first_condition_that_holds_is_taken_and_the_last_always_holds() -> None:
    facts = pd.DataFrame({name: [False] * 4 for name in FACTS})
    facts["long"] = [False, True, True, False]
    facts["outage"] = [True, True, False, False]
    conditions = [(["outage", "long"], []), (["outage"], []), ([], ["long"]), ([], [])]
    assert first_that_holds(facts, conditions).tolist() == [1, 0, 3, 2]
