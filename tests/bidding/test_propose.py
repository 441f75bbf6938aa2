"""A whole night on accounts made by hand: what moves, what is held, what is said of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bidding.circumstances import Circumstances, Event, Kill, KillScope
from bidding.errors import BidError
from bidding.guardrails.rules import code_of
from bidding.history import History
from bidding.night import Budgets, Night
from bidding.outlook import Trust
from bidding.propose import propose
from bidding.reasons import change_of, held_of
from bidding.run import BidRun
from bidding.snapshot import Strategy
from measurement.geotest.freeze import Freeze
from tests.bidding.worlds import TODAY, make_choice, make_night, make_snapshot, make_values

DAY = np.timedelta64(1, "D")


def codes(run: BidRun) -> set[str]:
    return {code_of(guard) for guard in run.held.guard}


def held_with(night: Night) -> set[str]:
    run = propose(night)
    assert len(run.changes) == 0
    return codes(run)


def test_the_optimum_is_set_where_nothing_stands_against_it() -> None:
    run = propose(make_night(column=4))
    assert len(run.changes) == 12
    assert len(run.held) == 0
    first = change_of(run, 0)
    assert (first.old, first.new, first.code, first.binding) == ("1.00", "1.10", "optimum", None)
    assert "a click earns 0.90" in first.reason


def test_a_large_step_is_limited_to_a_fifth_and_says_so() -> None:
    first = change_of(propose(make_night(column=6)), 0)
    assert (first.new, first.binding) == ("1.20", "daily_change")
    assert "the best bid is 2.00; limited: the largest change in a day is 20 %" in first.reason


def test_expected_values_are_those_of_the_response_at_the_new_bid() -> None:
    night = make_night(column=4)
    first = change_of(propose(night), 0)
    assert first.expected.clicks.mean == pytest.approx(night.response.clicks[0, 4])
    assert first.expected.cost.mean == pytest.approx(night.response.cost[0, 4])
    assert first.expected.incremental_sales.mean == pytest.approx(1.8 * night.response.clicks[0, 4])
    assert first.expected.clicks.p5 < first.expected.clicks.mean < first.expected.clicks.p95
    # Chance comes on top of what is not known: at least a Poisson week's.
    assert first.expected.clicks.sd**2 > night.response.clicks_sd[0, 4] ** 2 + first.expected.clicks.mean / 7


@pytest.mark.parametrize(
    ("kill", "moved"),
    [
        (Kill(KillScope.GLOBAL), 0),
        (Kill(KillScope.ACCOUNT), 0),
        (Kill(KillScope.CHANNEL, "amazon"), 0),
        (Kill(KillScope.CHANNEL, "walmart"), 12),
        (Kill(KillScope.CAMPAIGN, "c0", by="Ann"), 8),
    ],
)
def test_kill_switches_hold_what_they_name(kill: Kill, moved: int) -> None:
    run = propose(make_night(circumstances=Circumstances(kills=(kill,))))
    assert len(run.changes) == moved
    assert len(run.held) == 12 - moved
    if kill.by:
        assert "by Ann" in held_of(run, 0).reason
        assert held_of(run, 0).reason.startswith("kill_switch: ")


def test_reports_that_end_too_early_hold_everything() -> None:
    snapshot = make_snapshot()
    old = snapshot.performance.day < TODAY - 2 * DAY
    late = replace(snapshot, performance=_rows(snapshot.performance, old))
    run = propose(make_night(snapshot=late))
    assert codes(run) == {"stale_data"}
    assert "the newest day is 2025-06-27" in held_of(run, 0).reason
    assert [alert.code for alert in run.alerts] == ["stale_data"]


def test_a_report_cut_short_holds_everything() -> None:
    snapshot = make_snapshot(targets=60)
    rows = snapshot.performance
    kept = (rows.day < TODAY - DAY) | (rows.target < 10)
    assert held_with(make_night(snapshot=replace(snapshot, performance=_rows(rows, kept)))) == {"incomplete_data"}


def test_conversions_that_vanish_hold_everything_and_a_dry_spell_does_not() -> None:
    snapshot = make_snapshot()
    rows = snapshot.performance
    recent = rows.day >= TODAY - 3 * DAY
    gone = replace(rows, orders=np.where(recent, 0.0, rows.orders))
    assert held_with(make_night(snapshot=replace(snapshot, performance=gone))) == {"tracking_anomaly"}
    halved = replace(rows, orders=np.where(recent, np.floor(rows.orders / 2), rows.orders))
    assert len(propose(make_night(snapshot=replace(snapshot, performance=halved))).changes) == 12


def test_tracking_that_breaks_in_one_campaign_holds_that_campaign() -> None:
    snapshot = make_snapshot(targets=30)
    rows = snapshot.performance
    broken = (rows.day >= TODAY - 3 * DAY) & (snapshot.targets.campaign[rows.target] == 1)
    night = make_night(snapshot=replace(snapshot, performance=replace(rows, orders=np.where(broken, 0.0, rows.orders))))
    run = propose(night)
    assert set(run.held.entity) == set(snapshot.targets.ids[snapshot.targets.campaign == 1])
    assert "in 'Campaign 1'" in held_of(run, 0).reason


def test_what_is_out_of_stock_is_held() -> None:
    gone = np.arange(12) < 5
    run = propose(make_night(circumstances=Circumstances(unavailable=gone)))
    assert set(run.held.entity) == {f"t{n}" for n in range(5)}
    assert "no_stock" in {alert.code for alert in run.alerts}


def test_a_geo_test_holds_its_channel_or_the_campaigns_that_reach_its_geo() -> None:
    today, three = TODAY.item(), timedelta(days=3)
    whole = Freeze("Amazon", "ohio", today - three, today + three, "spring test")
    assert held_with(make_night(circumstances=Circumstances(freezes=(whole,)))) == {"geo_test"}
    one = replace(whole, campaigns=("c2",))
    assert len(propose(make_night(circumstances=Circumstances(freezes=(one,)))).changes) == 8
    over = replace(whole, end=today - timedelta(days=1))
    assert len(propose(make_night(circumstances=Circumstances(freezes=(over,)))).changes) == 12
    other = replace(whole, channel="tv")
    assert len(propose(make_night(circumstances=Circumstances(freezes=(other,)))).changes) == 12


@pytest.mark.parametrize(
    ("multiplier", "column", "moved"),
    [(2.0, 4, 12), (2.0, 2, 0), (0.5, 4, 0), (0.5, 2, 12), (1.0, 2, 12), (np.nan, 4, 0)],
)
def test_an_event_stops_the_wrong_direction(multiplier: float, column: int, moved: int) -> None:
    event = Event(TODAY, TODAY + DAY, "Prime Day", "amazon", multiplier)
    run = propose(make_night(column=column, circumstances=Circumstances(events=(event,))))
    assert len(run.changes) == moved
    assert codes(run) == (set() if moved else {"event"})


def test_sparse_targets_wait_and_untrusted_ones_only_fall() -> None:
    assert held_with(make_night(limits={"min_clicks": 10_000})) == {"minimum_data"}
    for trust in (Trust.CHANNEL_WEAK, Trust.CHANNEL_NOT_MEASURABLE, Trust.FACTOR_EXPIRED):
        assert held_with(make_night(column=4, values=make_values(12, trust))) == {"trust"}
        assert len(propose(make_night(column=2, values=make_values(12, trust))).changes) == 12
    assert len(propose(make_night(column=4, values=make_values(12, Trust.FACTOR_STATED))).changes) == 12


def history(**columns: Any) -> History:
    whole = {name: np.full(12, money * 1_000_000, dtype=np.int64) for name, money in columns.items() if money}
    return replace(History.none(12), **whole)


def test_a_persons_change_is_left_alone_for_seven_days() -> None:
    ours = replace(history(applied=3, before=2), applied_on=np.full(12, TODAY - 20 * DAY))
    assert held_with(make_night(history=ours)) == {"manual_change"}
    seen = replace(ours, manual_since=np.full(12, TODAY - 6 * DAY))
    assert held_with(make_night(history=seen)) == {"manual_change"}
    assert str(propose(make_night(history=seen)).manual.since[0]) == str(TODAY - 6 * DAY)
    over = replace(ours, manual_since=np.full(12, TODAY - 7 * DAY))
    assert len(propose(make_night(history=over)).changes) == 12


def test_a_file_that_was_never_uploaded_is_no_persons_change() -> None:
    never = replace(history(applied=3, before=1), applied_on=np.full(12, TODAY))
    run = propose(make_night(history=never))
    assert len(run.changes) == 12
    assert any("was its file uploaded?" in note for note in run.notes)


def test_a_week_of_days_does_not_add_up_to_more_than_the_week_allows() -> None:
    week = replace(
        history(applied=1, week_start=1), before=np.full(12, 900_000), applied_on=np.full(12, TODAY - 2 * DAY)
    )
    low = replace(week, week_start=np.full(12, 750_000))
    first = change_of(propose(make_night(column=6, history=low)), 0)
    assert (first.new, first.binding) == ("1.05", "weekly_change")


def test_a_second_run_of_a_day_starts_from_the_mornings_bid() -> None:
    moved = replace(history(applied=1), day_start=np.full(12, 900_000), applied_on=np.full(12, TODAY))
    assert held_with(make_night(column=6, history=moved)) == {"cool_down"}
    run = propose(make_night(column=6, history=moved, limits={"cool_down_days": 0}))
    assert change_of(run, 0).new == "1.08"


def test_the_ceiling_counts_every_modifier_and_comes_down_at_once() -> None:
    snapshot = make_snapshot()
    raised = replace(
        snapshot.campaigns,
        modifiers=np.full((3, 3), 0.5),
        strategy=np.full(3, int(Strategy.UP_AND_DOWN)),
    )
    night = make_night(snapshot=replace(snapshot, campaigns=raised), limits={"max_cost_per_click": 1.5})
    first = change_of(propose(night), 0)
    assert (first.new, first.binding) == ("0.50", "ceiling")


def test_a_budget_of_zero_is_refused_by_the_platforms_least() -> None:
    night = make_night(budgets=Budgets(np.zeros(1), np.zeros(3)), column=3)
    run = propose(night)
    assert [change_of(run, row).new for row in range(3)] == ["1.00"] * 3
    assert {change_of(run, row).binding for row in range(3)} == {"platform_limits"}
    held = propose(make_night(budgets=Budgets(np.zeros(1), np.zeros(3)), column=3, limits={"budget_change": 0.2}))
    assert [change_of(held, row).new for row in range(3)] == ["80.00"] * 3


def test_budgets_that_rise_by_much_need_a_person_and_those_that_fall_do_not() -> None:
    def asked(money: float) -> tuple[str, ...]:
        return propose(make_night(budgets=Budgets(np.ones(1), np.full(3, money)), column=4)).approval

    assert asked(40.0) == ()
    assert "of daily budgets move" in asked(250.0)[0]


def test_large_runs_need_a_person() -> None:
    assert propose(make_night(column=4)).approval == ()
    assert "of the daily cost moves" in propose(make_night(column=6)).approval[0]
    assert "12 changes, more than 11" in propose(make_night(column=4, limits={"approval_changes": 11})).approval[0]


def test_same_input_same_run_and_any_other_input_another() -> None:
    first = propose(make_night())
    assert propose(make_night()).id == first.id
    assert first.id.startswith("20250630-")
    assert propose(make_night(column=5)).id != first.id
    assert propose(make_night(sources={"targeting.csv": "b" * 64})).id != first.id


def test_parts_of_different_accounts_are_refused() -> None:
    with pytest.raises(BidError, match="choice has 3 rows and the account 12 targets"):
        make_night(choice=make_choice(3))


def test_a_channel_that_the_account_does_not_know_is_named() -> None:
    night = make_night(snapshot=replace(make_snapshot(), channels=("ebay",)))
    with pytest.raises(BidError, match="channel 'ebay' is in the reports and not in account"):
        propose(night)


def _rows(rows: Any, kept: Any) -> Any:
    return type(rows)(**{name: column[kept] for name, column in vars(rows).items()})
