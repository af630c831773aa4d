"""What matches a drop, and what the logs could have shown: each statement of the design's §5, named."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from logscan.analysis import Analysis, analyze
from logscan.catalogue import Entry
from logscan.categories import GATEWAY, IKE, ROUTE
from logscan.events import collect_events
from logscan.settings import Gateway, Settings
from logscan.tables import HEARTBEATS, Logs, plain_rows
from tests.frames import GW, GW2, at, down, event, records, row, up

MINUTE = 60
DAY = 24 * 60 * MINUTE
GROUP = "/subscriptions/s/resourcegroups/r"


def analysed(*rows: dict[str, Any], told: Mapping[str, bool] | None = None, **settings: Any) -> Analysis:
    gateways = {name: Gateway(active_active=said) for name, said in (told or {}).items()}
    return analyze(Logs(records(*rows)), settings=Settings(gateways=gateways, **settings))


def matched(analysis: Analysis, drop: int = 0) -> list[tuple[str, float, str, str]]:
    """Kind, gap, relation and grade of a drop's matches, in order."""
    found = analysis.matches[analysis.matches["drop"] == drop]
    return list(zip(found["kind"], found["gap_seconds"], found["relation"], found["grade"], strict=True))


class TestKinds:
    @pytest.mark.parametrize(
        ("operation", "values", "kind"),
        [
            ("HostMaintenanceEvent", {}, "maintenance"),
            ("hostMAINTENANCEevent", {}, "maintenance"),
            ("SetGatewayConfiguration", {"message": "x UPGRADE Gateway started x"}, "maintenance"),
            ("GatewayTenantPrimaryChanged", {}, "primary-change"),
            ("SetGatewayConfiguration", {}, "own-change"),
            ("SetConnectionConfiguration", {}, "own-change"),
            ("MigrateCustomerSubscription", {}, "administrative"),
            ("GatewayResourceMove", {}, "administrative"),
            ("ValidateGatewayConfiguration", {}, "administrative"),
            ("NeverSeenBefore", {}, "other"),
            ("", {}, "other"),
        ],
    )
    def test_the_first_catalogue_row_that_fits_decides(self, operation: str, values: dict[str, Any], kind: str) -> None:
        assert collect_events(records(event(0, operation, **values)))["kind"].tolist() == [kind]

    @pytest.mark.parametrize(
        ("category", "operation", "reason", "kind"),
        [
            ("ResourceHealth", "Microsoft.Resourcehealth/healthevent/Activated/action", "PlatformInitiated Planned", "maintenance"),
            ("ResourceHealth", "x", "PlatformInitiated Unplanned", "platform-incident"),
            ("ResourceHealth", "x", "UserInitiated Unplanned", "other"),
            ("ServiceHealth", "Microsoft.ServiceHealth/incident/action", "Incident", "platform-incident"),
            ("ServiceHealth", "x", "Maintenance", "other"),
            ("Administrative", "MICROSOFT.NETWORK/VIRTUALNETWORKGATEWAYS/WRITE", "", "own-change"),
            ("Administrative", "Microsoft.Network/virtualNetworkGateways/reset/action", "", "own-change"),
            ("Administrative", "Microsoft.Network/virtualNetworkGateways/read", "", "other"),
        ],
    )  # fmt: skip
    def test_activity_and_health_records_have_kinds_too(
        self, category: str, operation: str, reason: str, kind: str
    ) -> None:
        assert collect_events(records(row(0, category, operation, reason=reason)))["kind"].tolist() == [kind]

    def test_settings_can_add_rows_and_they_stand_first(self) -> None:
        extra = [Entry("maintenance", operation="Never*"), Entry("other", operation="HostMaintenanceEvent")]
        found = collect_events(records(event(0, "NeverSeenBefore"), event(1)), extra=extra)
        assert found["kind"].tolist() == ["maintenance", "other"]


class TestBelonging:
    def owners(self, category: str, resource: str) -> list[str]:
        rows = [down(0), down(0, resource=GW2), down(0, resource=f"{GW2}".replace("/r/", "/elsewhere/"))]
        found = collect_events(records(*rows, row(1, category, "x", resource=resource)))
        return [
            gateway.replace("/providers/microsoft.network/virtualnetworkgateways", "") for gateway in found["gateway"]
        ]

    def test_an_event_belongs_to_the_gateway_of_its_resource_id(self) -> None:
        assert self.owners("ResourceHealth", GW) == [f"{GROUP}/vpngw01"]
        assert self.owners("Administrative", f"{GW}/part/of/it") == [f"{GROUP}/vpngw01"]

    def test_an_own_change_on_a_connection_belongs_to_all_gateways_of_its_resource_group(self) -> None:
        both = [f"{GROUP}/vpngw01", f"{GROUP}/vpngw02"]
        assert self.owners("Administrative", f"{GROUP}/providers/microsoft.network/connections/c") == both
        assert self.owners("Administrative", f"{GROUP}/providers/microsoft.network/localnetworkgateways/l") == both

    def test_service_health_belongs_to_all_gateways_of_its_subscription(self) -> None:
        assert len(self.owners("ServiceHealth", "/subscriptions/s")) == 3
        assert self.owners("ServiceHealth", "/subscriptions/other") == ["/subscriptions/other"], (
            "kept, and no gateway's"
        )

    def test_a_row_of_the_gateway_log_belongs_to_nothing_but_the_resource_it_names(self) -> None:
        point_to_site = f"{GROUP}/providers/microsoft.network/p2svpngateways/p"
        assert self.owners(GATEWAY, point_to_site) == [point_to_site]
        assert self.owners("ResourceHealth", f"{GROUP}/providers/microsoft.network/connections/c") == [
            f"{GROUP}/providers/microsoft.network/connections/c"
        ]

    def test_a_resource_group_is_told_from_one_whose_name_goes_on(self) -> None:
        other = GW.replace("/r/", "/r10/")
        rows = records(down(0), down(0, resource=other), row(1, "Administrative", "x", resource=f"{GROUP}/providers/c"))
        assert collect_events(rows)["gateway"].tolist() == [GW]


class TestMatching:
    @pytest.mark.parametrize(
        ("gap", "matches"),
        [(-900, True), (900, True), (-900.000001, False), (900.000001, False), (0, True)],
    )
    def test_an_event_matches_within_the_tolerance_both_ends_included(self, gap: float, matches: bool) -> None:  # noqa: FBT001 - a case
        found = analysed(down(1000), up(1010), event(1000 + gap))
        assert bool(matched(found)) is matches
        assert found.drops["verdict"].tolist() == ["maintenance" if matches else "support-case-candidate"]

    def test_the_tolerance_can_be_zero(self) -> None:
        found = analysed(down(10), up(20), event(10), down(30), up(40), event(31), tolerance=timedelta(0))
        assert found.drops["verdict"].tolist() == ["maintenance", "support-case-candidate"]

    def test_an_event_of_another_gateway_does_not_match(self) -> None:
        assert matched(analysed(down(10), up(20), event(10, resource=GW2))) == []

    def test_one_maintenance_explains_many_drops(self) -> None:
        found = analysed(down(10), up(20), down(11, peer="203.0.113.8"), up(21, peer="203.0.113.8"), event(5))
        assert found.drops["verdict"].tolist() == ["maintenance", "maintenance"]

    def test_a_drop_keeps_all_its_matches_nearest_first_and_the_earlier_first_at_a_tie(self) -> None:
        found = analysed(
            *(down(1000), up(1010)),
            *(event(1100, "SetGatewayConfiguration"), event(900, "GatewayResourceMove"), event(990), event(400)),
            *(event(900, "GatewayResourceMove", message="a"), event(900, "Earlier")),
        )
        assert matched(found) == [
            ("maintenance", -10.0, "direct", "near"),
            ("other", -100.0, "direct", "near"),
            ("administrative", -100.0, "direct", "near"),
            ("administrative", -100.0, "direct", "near"),
            ("own-change", 100.0, "direct", "near"),
            ("maintenance", -600.0, "direct", "wide"),
        ]
        messages = found.events["message"][found.matches["event"]].tolist()
        assert messages[2:4] == ["", "a"]

    def test_equal_times_sort_by_operation_without_case(self) -> None:
        found = analysed(down(10), up(20), event(5, "beta"), event(5, "Alpha"), event(5, "Gamma"))
        assert found.events["operation"][found.matches["event"]].tolist() == ["Alpha", "beta", "Gamma"]

    @pytest.mark.parametrize(("gap", "grade"), [(300, "near"), (-300, "near"), (300.000001, "wide")])
    def test_a_match_is_near_up_to_five_minutes(self, gap: float, grade: str) -> None:
        assert matched(analysed(down(1000), up(1010), event(1000 + gap)))[0][3] == grade

    def test_without_a_maintenance_match_it_is_a_candidate_whatever_else_matches(self) -> None:
        found = analysed(down(10), up(20), event(9, "GatewayTenantPrimaryChanged"), event(8, "SetGatewayConfiguration"))
        assert found.drops["verdict"].tolist() == ["support-case-candidate"]


class TestSecondInstance:
    """The two instances are serviced in turn."""

    FIRST = (event(0), down(10), up(50, 1))

    def second(self, *rows: dict[str, Any], **how: Any) -> tuple[str, list[tuple[str, float, str, str]]]:
        found = analysed(*rows, **how)
        last = len(found.drops) - 1
        return found.drops["verdict"][last], matched(found, last)

    def test_a_failover_up_to_60_min_later_on_the_other_instance_is_matched(self) -> None:
        verdict, matches = self.second(*self.FIRST, down(3600, 1), up(3640, 0))
        assert verdict == "maintenance"
        assert matches == [("maintenance", -3600.0, "second-instance", "wide")]

    def test_later_than_60_min_it_is_not(self) -> None:
        assert self.second(*self.FIRST, down(3600.000001, 1), up(3640, 0)) == ("support-case-candidate", [])

    def test_the_event_must_directly_match_a_drop_of_the_other_instance(self) -> None:
        assert self.second(event(0), down(2000, 1), up(2040, 0))[0] == "support-case-candidate"
        # Both drops on one instance: nothing was serviced in turn.
        rows = [event(0), down(10), up(50, 1), up(100), down(2000), up(2040, 1)]
        assert self.second(*rows)[0] == "support-case-candidate"

    def test_any_peers_drop_may_serve(self) -> None:
        rows = [event(0), down(10, peer="203.0.113.8"), up(50, 1, "203.0.113.8"), down(2000, 1), up(2040, 0)]
        assert self.second(*rows)[0] == "maintenance"

    def test_an_event_after_the_drop_does_not_serve(self) -> None:
        rows = [down(0, 1), up(40, 0), event(1800), down(1810, 0, "203.0.113.8"), up(1850, 1, "203.0.113.8")]
        assert analysed(*rows).drops["verdict"].tolist() == ["support-case-candidate", "maintenance"]

    SAME_INSTANCE = (event(0), down(10, 0, "203.0.113.8"), up(50, 1, "203.0.113.8"), down(2000, 1), up(2040, 1))

    def test_a_return_on_the_same_instance_counts_only_where_the_gateway_is_active_active(self) -> None:
        assert self.second(*self.SAME_INSTANCE)[0] == "support-case-candidate", "unknown"
        assert self.second(*self.SAME_INSTANCE, told={"vpngw01": True})[0] == "maintenance"
        assert self.second(*self.SAME_INSTANCE, told={"vpngw01": False})[0] == "support-case-candidate"

    def test_the_rows_may_show_it_both_instances_of_some_peer_up_at_once(self) -> None:
        shown = [up(100, 0, "203.0.113.9"), up(200, 1, "203.0.113.9")]
        assert self.second(*self.SAME_INSTANCE, *shown)[0] == "maintenance"

    def test_up_at_once_for_no_time_at_all_shows_nothing(self) -> None:
        touching = [up(100, 0, "203.0.113.9"), down(200, 0, "203.0.113.9"), up(200, 1, "203.0.113.9")]
        assert self.second(*self.SAME_INSTANCE, *touching)[0] == "support-case-candidate"

    def test_what_settings_say_holds_against_the_rows(self) -> None:
        shown = [up(100, 0, "203.0.113.9"), up(200, 1, "203.0.113.9")]
        assert self.second(*self.SAME_INSTANCE, *shown, told={"vpngw01": False})[0] == "support-case-candidate"

    def test_states_count_from_the_first_row_of_the_data_on(self) -> None:
        # Both instances of a peer begin with Disconnected: up before, from the first row of any kind on.
        rows = [event(-1000, "x"), *self.SAME_INSTANCE, down(3000, 0, "203.0.113.9"), down(3000, 1, "203.0.113.9")]
        found = analysed(*rows)
        assert found.active_active == {GW: True}
        assert found.drops["verdict"].tolist()[:2] == ["maintenance", "maintenance"]

    def test_a_drop_with_maintenance_of_its_own_is_not_a_second_one_too(self) -> None:
        _, matches = self.second(*self.FIRST, down(2000, 1), up(2040, 0), event(2001))
        assert [relation for _, _, relation, _ in matches] == ["direct"]

    def test_only_maintenance_serves(self) -> None:
        rows = [event(0, "GatewayTenantPrimaryChanged"), down(10), up(50, 1), down(2000, 1), up(2040, 0)]
        assert self.second(*rows) == ("support-case-candidate", [])

    def test_an_open_drop_is_not_shaped_like_maintenance(self) -> None:
        assert self.second(*self.FIRST, down(2000, 1))[0] == "support-case-candidate"

    def test_all_events_that_qualify_are_attached_nearest_first(self) -> None:
        _, matches = self.second(event(0), *self.FIRST[1:], event(5), down(2000, 1), up(2040, 0))
        assert [gap for _, gap, _, _ in matches] == [-1995.0, -2000.0]


def covered(*rows: dict[str, Any], heartbeats: pd.DataFrame | None = None, start: float = 0, **settings: Any) -> str:
    logs = Logs(
        records(down(start), up(start + 1), *rows), heartbeats=HEARTBEATS.empty() if heartbeats is None else heartbeats
    )
    return str(analyze(logs, settings=Settings(**settings)).drops["coverage"][0])


class TestCoverage:
    def test_it_is_missing_without_any_gateway_row_of_that_gateway(self) -> None:
        assert covered(event(0, resource=GW2), row(0, IKE, "x")) == "missing"

    @pytest.mark.parametrize(
        ("before", "after", "coverage"),
        [
            (-45 * DAY, 45 * DAY, "proven"),
            (-45 * DAY - 0.000001, 1, "partial"),
            (-1, 45 * DAY + 0.000001, "partial"),
            (0, 0, "proven"),
        ],
    )
    def test_it_needs_a_gateway_row_in_the_45_days_before_and_after(
        self, before: float, after: float, coverage: str
    ) -> None:
        assert covered(event(before, "x"), event(after, "y")) == coverage

    @staticmethod
    def beats(count: int, spacing: float, end: float) -> list[dict[str, Any]]:
        return [row(end - spacing * place, ROUTE, "x", message=str(place)) for place in range(count)]

    BOTH = (event(-10 * DAY, "x"), event(10 * DAY, "y"))

    def test_a_heartbeat_that_is_silent_around_the_drop_makes_it_partial(self) -> None:
        assert covered(*self.BOTH, *self.beats(30, 10 * MINUTE, -15.01 * MINUTE)) == "partial"

    def test_one_row_at_the_tolerance_is_enough(self) -> None:
        assert covered(*self.BOTH, *self.beats(30, 10 * MINUTE, -15 * MINUTE)) == "proven"
        assert (
            covered(*self.BOTH, *self.beats(30, 10 * MINUTE, -15 * MINUTE), tolerance=timedelta(minutes=14))
            == "partial"
        )

    def test_a_row_after_the_drop_counts_up_to_the_tolerance_too(self) -> None:
        silent = self.beats(30, 10 * MINUTE, -20 * MINUTE)
        assert covered(*self.BOTH, *silent, row(15 * MINUTE, ROUTE, "x")) == "proven"
        assert covered(*self.BOTH, *silent, row(15 * MINUTE + 0.000001, ROUTE, "x")) == "partial"

    def test_wider_spacing_or_fewer_rows_are_no_heartbeat(self) -> None:
        assert covered(*self.BOTH, *self.beats(30, 10.01 * MINUTE, -20 * MINUTE)) == "proven"
        # The two gateway rows count as rows other than tunnel rows: 12 in all are a heartbeat, 11 are not.
        assert covered(*self.BOTH, *self.beats(10, MINUTE, -20 * MINUTE)) == "partial"
        assert covered(*self.BOTH, *self.beats(9, MINUTE, -20 * MINUTE)) == "proven"

    def test_ike_rows_that_were_only_noted_count(self) -> None:
        times = [at(-20 * MINUTE - 60 * place) for place in range(20)]
        noted = HEARTBEATS.conform(pd.DataFrame({"time": times, "resource": GW}))
        assert covered(*self.BOTH, heartbeats=noted) == "partial"

    def test_activity_records_prove_nothing(self) -> None:
        activity = row(0, "Administrative", "Microsoft.Network/virtualNetworkGateways/write")
        assert covered(*self.BOTH, *self.beats(30, MINUTE, -20 * MINUTE), activity) == "partial"

    def test_a_drop_in_the_newest_30_minutes_is_provisional(self) -> None:
        found = analysed(down(0), up(1), down(0.000001, peer="203.0.113.8"), row(1800.000001, IKE, "x"))
        assert found.drops["provisional"].tolist() == [False, True]

    def test_a_gateway_that_logs_but_has_no_tunnel_rows_is_listed(self) -> None:
        found = analysed(down(0), up(1), row(5, IKE, "x", resource=GW2))
        assert found.gateways_without_tunnel_log == [GW2]

    def test_coverage_names_rows_first_and_last_of_every_category(self) -> None:
        found = analysed(down(0), up(1), event(5), row(3, IKE, "x"), row(9, IKE, "y"))
        assert plain_rows(found.coverage)[1] == {
            "gateway": GW,
            "category": IKE,
            "rows": 2,
            "first": at(3),
            "last": at(9),
        }
