"""What a drop is: each statement of the design's §4, named."""

import random
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import pandas as pd
import pytest

from logscan.categories import IKE
from logscan.deduplicate import deduplicate
from logscan.drops import Pairing, find_drops
from logscan.incidents import group_incidents
from logscan.tables import DROPS, RECORDS, plain_rows
from tests.frames import GW, GW2, at, down, records, row, up


def pairing(*rows: dict[str, Any], active_active: Mapping[str, bool] | None = None) -> Pairing:
    return find_drops(records(*rows), active_active=active_active)


def one(*rows: dict[str, Any], active_active: Mapping[str, bool] | None = None) -> dict[str, Any]:
    (drop,) = plain_rows(pairing(*rows, active_active=active_active).drops)
    return drop


class TestReading:
    def test_a_row_is_read_by_its_status_or_by_its_operation_where_status_is_neither(self) -> None:
        found = pairing(down(10, status="", operation="TunnelDisconnected"), up(20, status="connected", operation="?"))
        assert found.drops["duration_seconds"].tolist() == [10.0]

    def test_where_the_two_contradict_each_other_the_operation_wins_and_the_row_is_counted(self) -> None:
        found = pairing(down(10, status="Connected"), up(20))
        assert (len(found.drops), found.contradictions) == (1, 1)

    def test_a_tunnel_row_that_says_neither_is_counted(self) -> None:
        found = pairing(down(10), up(15, status="Unknown", operation="Odd"), up(20))
        assert (found.drops["duration_seconds"].tolist(), found.unreadable) == ([10.0], 1)

    def test_status_and_operation_compare_without_case(self) -> None:
        assert one(down(10, status="DISCONNECTED", operation="tunneldisconnected"), up(20))["duration_seconds"] == 10

    def test_rows_are_deduplicated_on_what_they_say_and_not_on_where_they_were_read(self) -> None:
        other = [down(10, message="another"), down(10, reason="another"), down(10, 1), down(10, None), up(20)]
        rows = pd.DataFrame([down(10) | {"file": 1}, down(10) | {"file": 2}, *other])
        kept, removed = deduplicate(RECORDS.conform(rows))
        assert (len(kept), removed) == (6, 1)

    def test_duplicates_compare_category_operation_and_status_without_case(self) -> None:
        rows = pd.DataFrame([down(10), down(10, operation="TUNNELDISCONNECTED", status="disconnected")])
        assert deduplicate(RECORDS.conform(rows))[1] == 1

    def test_at_equal_times_disconnected_comes_before_connected(self) -> None:
        drop = one(up(10), down(10))
        assert (drop["duration_seconds"], drop["shape"]) == (0, "same-instance")

    def test_rows_whose_instance_cannot_be_read_form_one_more_tunnel_without_another_instance(self) -> None:
        drop = one(down(10, None), up(15, 1), up(20, None))
        assert (drop["shape"], drop["duration_seconds"], drop["redundant"]) == ("same-instance", 10, False)
        assert pd.isna(drop["instance"])
        assert pd.isna(drop["restored_on"])


def other_state(*other: dict[str, Any], told: bool | None = None) -> str:
    """Of instance 1 when instance 0 drops at second 100 and is back at 110, read from what follows from it."""
    known = {} if told is None else {GW: told}
    drop = next(
        drop
        for drop in plain_rows(pairing(down(100), up(110), *other, active_active=known).drops)
        if drop["instance"] == 0
    )
    if pd.isna(drop["redundant"]):
        return "unknown"
    return "up" if drop["outage_seconds"] == 0 else "down"


class TestWasTheOtherInstanceUp:
    @pytest.mark.parametrize(
        ("rows", "state"),
        [
            ([up(50, 1), down(200, 1)], "up"),
            ([up(50, 1)], "up"),
            ([down(200, 1)], "up"),
            ([down(50, 1), up(200, 1)], "down"),
            ([down(50, 1)], "down"),
            ([up(200, 1)], "down"),
            ([down(50, 1), down(200, 1)], "down"),
            ([up(50, 1), up(200, 1)], "unknown"),
            ([], "unknown"),
        ],
        ids=["C D", "C -", "- D", "D C", "D -", "- C", "D D", "C C: a Disconnected row was lost between", "- -"],
    )
    def test_its_state_is_read_from_both_neighbours(self, rows: list[dict[str, Any]], state: str) -> None:
        assert other_state(*rows) == state

    def test_with_no_rows_at_all_settings_or_discovery_decide(self) -> None:
        assert other_state(told=True) == "up"
        assert other_state(told=False) == "down"

    def test_a_row_at_the_very_moment_is_after_it(self) -> None:
        assert other_state(up(50, 1), down(100, 1), up(300, 1)) == "down"  # up at 100, down from then on: an outage
        drop = plain_rows(pairing(down(100), up(110), up(50, 1), down(100, 1), up(300, 1)).drops)[0]
        assert drop["shape"] == "same-instance", "it was up when the drop began: its Connected row ends nothing"


class TestDrops:
    def test_a_run_of_disconnected_rows_is_one_drop_and_starts_with_its_first(self) -> None:
        drop = one(down(10), down(12), down(14), up(20))
        assert (drop["start"], drop["duration_seconds"], drop["repeats"]) == (at(10), 10, 2)

    def test_the_first_connected_row_of_the_tunnel_ends_it(self) -> None:
        drop = one(down(10), up(20), up(30))
        assert (drop["end"], drop["shape"], drop["restored_on"]) == (at(20), "same-instance", 0)

    def test_the_other_instance_ends_it_if_it_was_not_up_and_comes_first(self) -> None:
        drop = one(down(10), up(20, 1), up(30))
        assert (drop["end"], drop["shape"], drop["restored_on"]) == (at(20), "failover", 1)

    def test_the_other_instance_does_not_end_it_if_it_was_up(self) -> None:
        rows = [up(0, 1), down(10), down(15, 1), up(20, 1), up(30)]
        assert plain_rows(pairing(*rows).drops)[0]["end"] == at(30)

    def test_at_a_tie_its_own_instance_ends_it(self) -> None:
        assert one(down(10), up(20), up(20, 1))["shape"] == "same-instance"

    def test_without_a_connected_row_it_is_open_to_the_end_of_the_data(self) -> None:
        drop = one(down(10), row(70, IKE, "IKELogEvent"), active_active={GW: False})
        assert (drop["shape"], drop["outage_seconds"]) == ("open", 60)
        assert pd.isna(drop["end"])
        assert pd.isna(drop["duration_seconds"])
        assert pd.isna(drop["restored_on"])

    def test_disconnected_rows_before_the_end_are_repeats_and_at_or_after_it_unpaired(self) -> None:
        found = pairing(down(10), down(19), up(20, 1), down(20), down(25), up(40))
        assert found.drops["repeats"].tolist() == [1]
        assert found.unpaired_disconnects == 2

    def test_the_outage_is_the_time_in_which_the_other_instance_was_not_up(self) -> None:
        # Instance 1: Connected at 0, so up at 10; down from 12 to 15.
        drop = plain_rows(pairing(up(0, 1), down(10), down(12, 1), up(15, 1), up(30)).drops)[0]
        assert (drop["outage_seconds"], drop["redundant"], drop["shape"]) == (3, False, "same-instance")

    def test_unknown_counts_as_not_up_and_leaves_redundancy_unknown(self) -> None:
        drop = one(up(0, 1), down(10), up(30), up(60, 1))
        assert drop["outage_seconds"] == 20
        assert pd.isna(drop["redundant"])

    def test_it_is_redundant_if_the_other_instance_was_up_all_the_time(self) -> None:
        drop = one(up(0, 1), down(10), up(30))
        assert (drop["redundant"], drop["outage_seconds"]) == (True, 0)

    def test_a_connected_row_that_ends_no_drop_is_counted(self) -> None:
        assert pairing(up(0), down(10), up(20), up(30)).unpaired_connects == 2

    def test_one_connected_row_may_end_two_drops(self) -> None:
        found = pairing(down(10), down(12, 1), up(20))
        assert (found.drops["end"].tolist(), found.unpaired_connects) == ([at(20), at(20)], 0)
        assert found.drops["shape"].tolist() == ["same-instance", "failover"]

    def test_of_several_connected_rows_at_one_microsecond_the_first_is_used(self) -> None:
        found = pairing(down(10), up(20, message="first"), up(20, message="second"))
        assert (found.drops["end_line"].tolist(), found.unpaired_connects) == ([2], 1)

    def test_a_site_counts_overlapping_outages_of_its_two_tunnels_once(self) -> None:
        found = pairing(down(10), down(20, 1), up(100, 1), active_active={GW: False}).drops
        # Instance 1 is nothing → D before 20: up. So the site is down from 20 to 100.
        assert found["outage_seconds"].tolist() == [80, 80]
        assert found["site_outage_seconds"].tolist() == [80, 0]


class TestSites:
    """A site is a peer: what users there felt."""

    @pytest.mark.parametrize("seed", range(40))
    def test_its_outages_add_up_to_the_time_in_which_neither_tunnel_was_up_during_a_drop(self, seed: int) -> None:
        chance = random.Random(seed)
        rows = []
        for instance in (0, 1):
            at_second, state = chance.randrange(5), chance.random() < 0.5
            while at_second < 60:
                rows.append(up(at_second, instance) if state else down(at_second, instance))
                at_second, state = at_second + chance.randrange(1, 12), not state
        found = pairing(*rows, active_active={GW: False}).drops
        ends = found["end"].fillna(at(max(row["time"] for row in rows).timestamp() - at(0).timestamp()))
        spans = [
            ((s - at(0)).total_seconds(), (e - at(0)).total_seconds())
            for s, e in zip(found["start"], ends, strict=True)
        ]

        def is_up(instance: int, second: float) -> bool:
            """By the table of neighbours, of a moment between two rows."""
            mine = [row for row in rows if row["instance"] == instance]
            before = [row["status"] for row in mine if row["time"] < at(second)][-1:]
            after = [row["status"] for row in mine if row["time"] >= at(second)][:1]
            return (before, after) in (
                (["Connected"], ["Disconnected"]), (["Connected"], []), ([], ["Disconnected"])
            )  # fmt: skip

        felt = [
            second + 0.5
            for second in range(80)
            if any(begin <= second + 0.5 < end for begin, end in spans)
            and not any(is_up(instance, second + 0.5) for instance in (0, 1))
        ]
        assert found["site_outage_seconds"].sum() == len(felt)
        assert (found["site_outage_seconds"] >= 0).all()
        assert (found["site_outage_seconds"] <= found["outage_seconds"]).all()


class TestOrderAndNames:
    def test_drops_go_by_start_gateway_peer_instance(self) -> None:
        rows = [
            *(down(10, 1), down(10, 0), down(10, 0, "203.0.113.6"), down(10, None)),
            *(down(10, resource=GW2), down(5, peer="203.0.113.9")),
        ]
        found = pairing(*rows).drops
        keys = list(zip(found["gateway"], found["remote_ip"], found["instance"].fillna(9), strict=True))
        assert keys == [
            (GW, "203.0.113.9", 0),
            (GW, "203.0.113.6", 0),
            (GW, "203.0.113.7", 0),
            (GW, "203.0.113.7", 1),
            (GW, "203.0.113.7", 9),
            (GW2, "203.0.113.7", 0),
        ]

    @pytest.mark.parametrize(("instance", "text"), [(1, "1"), (None, "")])
    def test_the_id_is_a_digest_of_gateway_peer_instance_and_start(self, instance: int | None, text: str) -> None:
        start = at(10).value // 1000
        digest = blake2b(f"{GW}|203.0.113.7|{text}|{start}".encode(), digest_size=4).hexdigest()
        assert one(down(10, instance))["id"] == f"D-{digest}"

    def test_an_incident_is_drops_of_one_gateway_each_at_most_120_s_after_the_one_before(self) -> None:
        drops = pairing(
            *(down(0), up(1), down(120, peer="203.0.113.8"), up(121, peer="203.0.113.8")),
            *(down(240), up(241), down(360.000001), up(361), down(10, resource=GW2)),
        ).drops
        incidents = group_incidents(drops)
        first, second, third = (drops["id"][place].replace("D-", "I-") for place in (0, 4, 1))
        assert incidents.tolist() == [first, third, first, first, second]

    @pytest.mark.parametrize("rows", [[], [up(1)]], ids=["no rows", "no drops"])
    def test_the_contract_holds_without_drops(self, rows: list[dict[str, Any]]) -> None:
        found = pairing(*rows).drops
        assert found.dtypes.astype(str).to_dict() == {name: dtype for name, (dtype, _) in DROPS.columns.items()}
        assert len(group_incidents(found)) == 0
