"""From facts to actions: the edges of the policy's numbers, severity, and what an incident is said to be."""

from typing import Any

import pandas as pd
import pytest

from logscan.analysis import Analysis, Selection, analyze
from logscan.categories import IKE
from logscan.settings import Gateway, Settings
from logscan.tables import HEARTBEATS, Logs, plain_rows
from tests.frames import GW, GW2, at, down, event, records, row, up

DAY = 24 * 60 * 60
LOGGED = (event(-40 * DAY, "x"), event(40 * DAY, "y"))


def analysed(*rows: dict[str, Any], selection: Selection | None = None, **settings: Any) -> Analysis:
    return analyze(Logs(records(*rows)), settings=Settings(**settings), selection=selection)


def decisions(analysis: Analysis) -> list[str]:
    return analysis.drops["decision"].tolist()


def test_an_outage_of_exactly_a_minute_is_one() -> None:
    rows = [down(0), up(60), down(2 * DAY), up(2 * DAY + 59.999999)]
    assert decisions(analysed(*rows, *LOGGED)) == ["outage-over-a-minute", "brief-single"]


@pytest.mark.parametrize(("seconds", "decision"), [(180, "still-down"), (179.999999, "outage-over-a-minute")])
def test_down_for_exactly_three_minutes_is_still_down(seconds: float, decision: str) -> None:
    rows = [event(-40 * DAY, "x"), down(0), row(seconds, IKE, "x")]
    assert decisions(analysed(*rows)) == [decision]


def test_an_incident_begins_with_its_first_drop_whatever_that_was() -> None:
    def brief(second: float, peer: str = "203.0.113.7") -> list[dict[str, Any]]:
        return [down(second, peer=peer), up(second + 1, peer=peer)]

    rows = [*brief(0), *brief(100, "203.0.113.8"), *brief(DAY / 2), *brief(DAY + 50)]
    # Incidents at 0 (with 100), at 12 h and at 24 h and 50 s: more than 24 h after the first one began.
    assert set(decisions(analysed(*rows, *LOGGED))) == {"brief-single"}
    rows = [*brief(0), *brief(DAY / 2), *brief(DAY)]
    assert set(decisions(analysed(*rows, *LOGGED))) == {"several-a-day"}


def test_incidents_that_are_maintenance_do_not_count_as_several() -> None:
    rows = [down(0), up(1), event(1), down(DAY / 4), up(DAY / 4 + 1), down(DAY / 2), up(DAY / 2 + 1)]
    assert decisions(analysed(*rows, *LOGGED)) == ["maintenance-restored", "brief-single", "brief-single"]


def test_two_tunnels_of_a_peer_that_are_down_together_use_the_budget_once() -> None:
    # 51.8 s of budget in 30 days: 40 s fit, twice 40 s would not.
    rows = [down(0), down(1, 1), up(40), up(40, 1)]
    once = analysed(*rows, *LOGGED, gateways={"vpngw01": Gateway(active_active=False, sla=99.998)})
    assert set(decisions(once)) == {"brief-single"}


def test_a_gateways_own_sla_and_production_hold_for_it() -> None:
    rows = [down(0), up(50), down(0, resource=GW2), up(50, resource=GW2)]
    logged = [event(second, "x", resource=name) for second in (-40 * DAY, 40 * DAY) for name in (GW, GW2)]
    found = analysed(*rows, *logged, gateways={"vpngw02": Gateway(sla=99.9999)})
    assert decisions(found) == ["brief-single", "over-sla-budget"]
    rows = [down(0), down(0, resource=GW2), row(600, IKE, "x")]
    found = analysed(*rows, production=True, plan="standard", gateways={"vpngw02": Gateway(production=False)})
    assert found.drops["severity"].tolist() == ["A", "B"]


@pytest.mark.parametrize(
    ("rows", "severity"),
    [
        ([down(0)], "A"),  # whether it is redundant is unknown: that counts as no
        ([down(-10, 1), down(0)], "A"),
        ([up(-10, 1), down(0)], "B"),
    ],
    ids=["unknown", "not redundant", "redundant"],
)
def test_severity_a_is_for_what_is_down_and_not_redundant(rows: list[dict[str, Any]], severity: str) -> None:
    found = analysed(*rows, row(600, IKE, "x"), production=True, plan="standard")
    assert found.drops["severity"].tolist()[-1] == severity


def test_severity_a_needs_a_plan_and_production() -> None:
    rows = [down(0), row(600, IKE, "x")]
    assert analysed(*rows, production=True, plan="developer").drops["severity"].tolist() == ["B"]
    assert analysed(*rows, production=False, plan="unified").drops["severity"].tolist() == ["B"]


def test_an_incident_is_as_urgent_as_its_most_urgent_drop() -> None:
    rows = [
        *(event(-1), down(0), up(10), down(30, peer="203.0.113.8"), up(45, peer="203.0.113.8")),
        *(down(100), down(110, peer="203.0.113.9"), row(2000, IKE, "x")),
    ]
    found = analysed(*rows, tolerance=pd.Timedelta(seconds=50).to_pytimedelta(), production=True, plan="standard")
    (incident,) = plain_rows(found.incidents)
    assert (incident["drops"], incident["peers"], incident["verdict"]) == (4, 3, "support-case-candidate")
    assert (incident["action"], incident["severity"]) == ("open-case", "A")
    assert pd.isna(incident["end"])
    closed = analysed(down(0), up(50), down(30, peer="203.0.113.8"), up(45, peer="203.0.113.8"), event(1))
    (incident,) = plain_rows(closed.incidents)
    assert (incident["end"], incident["verdict"], incident["action"]) == (at(50), "maintenance", "none")


def test_the_end_of_a_selection_is_not_in_it() -> None:
    chosen = Selection(begin=at(0).to_pydatetime(), end=at(10).to_pydatetime())
    found = analysed(down(-5), up(-4), down(0), up(1), down(10), up(11), selection=chosen)
    assert found.drops["start"].tolist() == [at(0)]


def test_noted_ike_rows_are_the_end_of_the_data_too() -> None:
    noted = HEARTBEATS.conform(pd.DataFrame({"time": [at(500)], "resource": GW}))
    found = analyze(Logs(records(down(0)), heartbeats=noted))
    assert (found.last_row, found.drops["outage_seconds"].tolist()) == (at(500), [500.0])
