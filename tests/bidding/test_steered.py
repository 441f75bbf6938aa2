"""Placement increases, targets on return and their bids: guarded together, expected together, written and put back."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from bidding.changes import ChangeKind
from bidding.guardrails.flags import find
from bidding.guardrails.rules import Guard
from bidding.guardrails.steered import steer
from bidding.history import History
from bidding.ledger_file import FileLedger
from bidding.outlook import Trust
from bidding.past_runs import past_of
from bidding.propose import propose
from bidding.reasons import Changes
from bidding.rollback import live_through, reverse
from bidding.run import KINDS, BidRun
from bidding.snapshot import PlacementResults, Strategy, TargetKind
from bidding.writing import WriteSettings, write_run_through
from tests.bidding.conftest import clock
from tests.bidding.live_account import LiveAccount, after, before
from tests.bidding.test_writing import kill_at_random
from tests.bidding.worlds import TODAY, make_night, make_snapshot, make_steered_night, make_steering

DAY = np.timedelta64(1, "D")


def of_kind(run: BidRun, kind: ChangeKind) -> dict[str, tuple[str, str]]:
    return {change.entity: (change.old, change.new) for change in Changes(run) if change.kind is kind}


def codes(run: BidRun, kind: ChangeKind) -> set[int]:
    return set(run.held.guard[run.held.kind == KINDS.index(kind)].tolist())


def test_all_four_kinds_move_in_one_run() -> None:
    run = propose(make_steered_night())
    assert Counter(change.kind for change in Changes(run)) == {
        ChangeKind.BID: 30,
        ChangeKind.PLACEMENT: 6,
        ChangeKind.CAMPAIGN_BUDGET: 4,
        ChangeKind.TARGET: 1,
    }
    assert of_kind(run, ChangeKind.PLACEMENT)["c0:top_of_search"] == ("0", "15")
    assert of_kind(run, ChangeKind.TARGET) == {"c3": ("4.00", "4.40")}
    # 1.10 is the optimum; three tenths of clicks rise by 15 %, four by 10 %: bids fall by as much.
    assert set(of_kind(run, ChangeKind.BID).values()) == {("1.00", f"{1.10 / 1.085:.2f}")}


def test_bids_are_expected_as_their_placements_make_them() -> None:
    steered, plain = make_steered_night(), make_steered_night(steering=None)
    same = replace(plain, steering=make_steering(plain.snapshot, plain.snapshot.campaigns.modifiers, 4.0))
    with_increases, without = propose(steered), propose(same)
    first = next(change for change in Changes(with_increases) if change.kind is ChangeKind.BID)
    second = next(change for change in Changes(without) if change.kind is ChangeKind.BID)
    assert first.expected.cost.mean == pytest.approx(second.expected.cost.mean, rel=0.01), "up to the bid's step"
    placement = [change for change in Changes(with_increases) if change.kind is ChangeKind.PLACEMENT]
    assert all(change.expected.clicks.mean > 0 for change in placement)


def test_a_placements_part_of_its_campaign_is_that_of_its_results() -> None:
    snapshot = make_snapshot(40, 4)
    clicks = np.tile([50.0, 30.0, 20.0], (4, 1))
    results = PlacementResults(clicks, 0.6 * clicks, 0.1 * clicks, clicks * np.array([4.0, 2.0, 1.0]))
    run = propose(make_steered_night(snapshot=replace(snapshot, placements=results)))
    found = {change.entity: change.expected for change in Changes(run) if change.kind is ChangeKind.PLACEMENT}
    top, rest = found["c0:top_of_search"], found["c0:rest_of_search"]
    assert top.clicks.mean / rest.clicks.mean == pytest.approx(5 / 3)
    assert top.incremental_sales.mean / rest.incremental_sales.mean == pytest.approx(200 / 60)
    assert top.cost.mean / rest.cost.mean == pytest.approx(50 * 1.15 / (30 * 1.10))


def test_increases_move_by_a_days_change_of_what_they_make_of_a_bid() -> None:
    snapshot = make_snapshot(40, 4)
    now = np.tile([1.0, 0.5, 0.0], (4, 1))
    snapshot = replace(snapshot, campaigns=replace(snapshot.campaigns, modifiers=now))
    run = propose(make_night(40, 4, snapshot=snapshot, steering=make_steering(snapshot, np.tile([9.0, 0, 0], (4, 1)))))
    found = of_kind(run, ChangeKind.PLACEMENT)
    assert found["c1:top_of_search"] == ("100", "140")
    assert found["c1:rest_of_search"] == ("50", "20")
    assert "c1:product_pages" not in found
    assert any("the largest change in a day" in change.reason for change in Changes(run))


def test_no_click_costs_more_than_its_ceiling_with_old_or_new_increases() -> None:
    for most, top in ((1.05, 0.05), (1.10, 0.10), (1.14, 0.14), (2.0, 0.15)):
        run = propose(make_steered_night(limits={"max_cost_per_click": most}))
        increases = {name: float(new) / 100 for name, (_, new) in of_kind(run, ChangeKind.PLACEMENT).items()}
        assert increases["c0:top_of_search"] == top
        bids = [1.0, *(float(new) for _, new in of_kind(run, ChangeKind.BID).values())]
        assert max(bids) * (1 + top) <= most + 1e-9


@pytest.mark.parametrize("trust", [Trust.CHANNEL_WEAK, Trust.FACTOR_EXPIRED])
def test_without_trust_nothing_spends_more(trust: Trust) -> None:
    night = make_steered_night()
    night = replace(night, values=replace(night.values, trust=np.full(40, int(trust))))
    assert not of_kind(propose(night), ChangeKind.PLACEMENT)
    assert of_kind(propose(night), ChangeKind.TARGET) == {"c3": ("4.00", "4.40")}, "a higher target spends less"
    lower = replace(night, steering=make_steering(night.snapshot, night.snapshot.campaigns.modifiers, 3.5))
    assert not of_kind(propose(lower), ChangeKind.TARGET)
    assert codes(propose(lower), ChangeKind.TARGET) == {int(Guard.TRUST)}


def test_a_smart_campaign_rests_after_two_edits_in_a_week() -> None:
    night = make_steered_night()
    wanted = night.steering.increases if night.steering else None
    edited = replace(night, steering=make_steering(night.snapshot, wanted, edits=2))
    run = propose(edited)
    assert not of_kind(run, ChangeKind.TARGET)
    assert set(of_kind(run, ChangeKind.CAMPAIGN_BUDGET)) == {"c0", "c1", "c2"}
    assert codes(run, ChangeKind.TARGET) == {int(Guard.EDITS)}


def test_a_cost_cap_moves_as_a_bid_of_its_ad_set_and_no_ceiling_on_clicks_touches_it() -> None:
    snapshot = make_snapshot(6, 2)
    campaigns = replace(snapshot.campaigns, strategy=np.full(2, int(Strategy.SMART)), product=np.full(2, "", object))
    targets = replace(snapshot.targets, kind=np.full(6, int(TargetKind.AD_SET)), bid=np.full(6, 12.0))
    snapshot = replace(snapshot, campaigns=campaigns, targets=targets)
    steering = make_steering(snapshot, campaigns.modifiers)
    steering = replace(steering, levers=replace(steering.levers, cap=np.full(6, 11.0)))
    run = propose(make_night(6, 2, snapshot=snapshot, steering=steering, limits={"max_cost_per_click": 3.0}))
    assert set(of_kind(run, ChangeKind.BID).values()) == {("12.00", "11.00")}
    assert "an order may cost 11.00" in Changes(run)[0].reason


def test_lower_increases_leave_bids_room_to_rise() -> None:
    snapshot = make_snapshot(40, 4)
    snapshot = replace(snapshot, campaigns=replace(snapshot.campaigns, modifiers=np.tile([0.2, 0.2, 0.2], (4, 1))))
    night = make_night(40, 4, snapshot=snapshot, steering=make_steering(snapshot, np.full((4, 3), 0.1)))
    steered = steer(night, find(night))
    np.testing.assert_allclose(steered.lift, 1.1 / 1.2)
    np.testing.assert_allclose(steered.widest, 0.2)
    run = propose(night)
    assert set(of_kind(run, ChangeKind.BID).values()) == {("1.00", f"{1.10 * 1.2 / 1.1:.2f}")}


@pytest.fixture
def steered(ledger: FileLedger) -> BidRun:
    made = propose(make_steered_night(limits={"approval_share": 0.9}))
    ledger.save_run(made)
    return made


@pytest.fixture
def platform(tmp_path: object, ledger: FileLedger, steered: BidRun) -> LiveAccount:
    account = LiveAccount(ledger.folder.parent / "steered.jsonl")
    account.start(before(steered))
    return account


def test_every_kind_is_written_once_and_put_back_exactly(
    steered: BidRun, ledger: FileLedger, platform: LiveAccount
) -> None:
    assert write_run_through(steered, ledger, platform, WriteSettings(TODAY, batch=7)).written == 41
    assert platform.values() == after(steered)
    assert write_run_through(steered, ledger, platform, WriteSettings(TODAY)).written == 0
    platform.put("placement c1:top_of_search", "55")
    back = reverse(steered, ledger, live_through(platform, steered), TODAY)
    assert back.left == {"c1:top_of_search": "it is not ours any more: 55 is live, the run wrote 15"}
    assert back.run is not None
    ledger.save_run(back.run)
    assert write_run_through(back.run, ledger, platform, WriteSettings(TODAY)).written == 40
    assert platform.values() == before(steered) | {"placement c1:top_of_search": "55"}


def test_killed_at_any_point_and_resumed_every_kind_ends_the_same(
    steered: BidRun, ledger: FileLedger, platform: LiveAccount
) -> None:
    kill_at_random(steered, ledger, platform, random.Random(5), 8)
    book = FileLedger(ledger.folder, clock)
    write_run_through(steered, book, platform, WriteSettings(TODAY))
    assert platform.values() == after(steered)
    assert set(platform.writes().values()) == {2}
    back = reverse(steered, book, live_through(platform, steered), TODAY).run
    assert back is not None
    book.save_run(back)
    write_run_through(back, book, platform, WriteSettings(TODAY))
    assert platform.values() == before(steered)


def test_the_ledger_tells_edits_rests_and_what_was_promised(
    steered: BidRun, ledger: FileLedger, platform: LiveAccount
) -> None:
    snapshot = make_steered_night().snapshot
    assert past_of(ledger, snapshot).edits.tolist() == [0, 0, 0, 0]
    write_run_through(steered, ledger, platform, WriteSettings(TODAY))
    fresh = replace(snapshot.performance, day=snapshot.performance.day + 2 * DAY)
    later = replace(snapshot, today=TODAY + 2 * DAY, performance=fresh)
    past = past_of(ledger, later)
    assert past.edits.tolist() == [1, 1, 1, 1]
    assert past.histories[ChangeKind.TARGET].applied.tolist() == [4_400_000]
    placed = past.histories[ChangeKind.PLACEMENT]
    assert placed.applied[:3].tolist() == [15_000_000, 10_000_000, -1]
    assert past.promised[str(TODAY)]["amazon"] == steered.expected_cost["amazon"][1]
    assert past.price.tolist() == [steered.shadow_price["amazon"]] != [0.0]
    assert past_of(ledger, replace(snapshot, today=TODAY + 7 * DAY)).price.tolist() == [0.0]
    assert past_of(ledger, replace(snapshot, today=TODAY + 7 * DAY)).edits.tolist() == [0, 0, 0, 0]
    # An increase that has moved rests a week, whatever is asked.
    live = replace(later, campaigns=replace(later.campaigns, modifiers=np.tile([0.15, 0.10, 0.0], (4, 1))))
    asked = make_steering(live, np.tile([0.3, 0.1, 0.0], (4, 1)))
    night = make_night(
        40, 4, snapshot=live, steering=replace(asked, placement_history=placed), history=History.none(40)
    )
    assert not of_kind(propose(night), ChangeKind.PLACEMENT)
    assert codes(propose(night), ChangeKind.PLACEMENT) >= {int(Guard.COOL_DOWN)}
    back = reverse(steered, ledger, live_through(platform, steered), TODAY).run
    assert back is not None
    ledger.save_run(back)
    write_run_through(back, ledger, platform, WriteSettings(TODAY))
    assert past_of(ledger, later).promised == {}, "what was put back promised nothing"
