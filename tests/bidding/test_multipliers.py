"""Multipliers of Walmart and Google, by placement and device: chosen, guarded, told; small cases worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from bidding import sealing
from bidding.account import Account, AccountChannel, BidLimits
from bidding.changes import ChangeKind
from bidding.circumstances import Kill, KillScope
from bidding.guardrails.rules import Guard
from bidding.in_force import in_force
from bidding.multipliers import LEAST_ORDERS, SCHEMES, device_columns, open_columns, scheme_of
from bidding.night import Night
from bidding.placements import ceilings, increases_to_ask, modifiers_of, worst_multiple
from bidding.platforms.limits import limits_of
from bidding.propose import propose
from bidding.reasons import Changes
from bidding.run import KINDS, BidRun, columns_of
from bidding.sealing import content_hash
from bidding.snapshot import PlacementResults, Platform, Snapshot, Strategy
from bidding.writing import killed_items
from tests.bidding.worlds import make_night, make_snapshot, make_steering

WALMART, GOOGLE = Platform.WALMART, Platform.GOOGLE


def on(platform: Platform, now: object = 0.0, campaigns: int = 4) -> Snapshot:
    """The small account on another platform, all of whose multipliers are known and stand at `now`."""
    snapshot = make_snapshot(10 * campaigns, campaigns)
    modifiers = np.zeros((campaigns, len(scheme_of(platform).names))) + np.asarray(now)
    told = replace(snapshot.campaigns, modifiers=modifiers, adjustable=np.ones(modifiers.shape, dtype=bool))
    return replace(snapshot, channels=(platform.value,), platforms=(platform,), campaigns=told)


def results(clicks: np.ndarray, per_click: object) -> PlacementResults:
    """An order of 30 for every 30 of sales; a click costs half a unit of money everywhere."""
    sales = clicks * np.asarray(per_click)
    return PlacementResults(clicks, 0.5 * clicks, sales / 30.0, sales)


def night_on(platform: Platform, wanted: object, now: object = 0.0, smart: int = 0, **limits: float) -> Night:
    """A night on which these multipliers are asked of every campaign; the last ones may be smart-bidding."""
    snapshot = on(platform, now)
    strategy = np.where(np.arange(4) < 4 - smart, int(Strategy.FIXED), int(Strategy.SMART))
    snapshot = replace(snapshot, campaigns=replace(snapshot.campaigns, strategy=strategy))
    small = BidLimits(**({"daily_change": 0.2, "weekly_change": 0.4} | limits))
    account = Account("Acme", "USD", "US", "UTC", (AccountChannel(platform.value, platform, limits=small),))
    campaigns = snapshot.campaigns
    steering = make_steering(snapshot, np.zeros((4, 3)))
    asked = np.zeros(campaigns.modifiers.shape) + np.asarray(wanted)
    device = device_columns(snapshot)
    split = len(scheme_of(platform).placements)
    shares = np.full(asked.shape, 1.0 / (asked.shape[1] - split))
    shares[:, :split] = 1.0 / max(split, 1)
    modifiers = replace(steering.modifiers, increase=asked, mix=shares, device=device)
    steering = replace(steering, increases=asked, modifiers=modifiers)
    return replace(make_night(40, 4, snapshot=snapshot, steering=steering), account=account)


def set_by(run: BidRun) -> dict[str, tuple[str, str]]:
    return {each.entity: (each.old, each.new) for each in Changes(run) if each.kind is ChangeKind.PLACEMENT}


def test_walmarts_placements_and_devices_are_each_lifted_from_their_lowest() -> None:
    clicks = np.full((4, 7), 50_000.0)
    clicks[:, :4] *= 3 / 4
    snapshot = on(WALMART)
    made = modifiers_of(snapshot, results(clicks, [1.2, 0.6, 1.2, 1.2, 0.9, 1.35, 0.9]), "US")
    np.testing.assert_allclose(made.increase, np.tile([1.0, 0.0, 1.0, 1.0, 0.0, 0.5, 0.0], (4, 1)), atol=0.02)
    # Bids times both average multipliers are those for the average click: no money moves between campaigns.
    np.testing.assert_allclose(made.base * made.average(made.increase), 1.0, atol=0.01)
    np.testing.assert_allclose(made.average(made.increase), 1.75 * 3.5 / 3, atol=0.02)


def test_googles_devices_go_both_ways_and_leave_bids_where_they_are() -> None:
    made = modifiers_of(on(GOOGLE), results(np.full((4, 3), 50_000.0), [1.5, 1.0, 0.5]), "US")
    np.testing.assert_allclose(made.increase, np.tile([0.5, 0.0, -0.5], (4, 1)), atol=0.02)
    np.testing.assert_allclose(made.average(made.increase), 1.0, atol=0.01)
    far = modifiers_of(on(GOOGLE), results(np.full((4, 3), 5e6), [3.0, 1.0, 0.001]), "US")
    assert far.increase.min() == -0.9, "a device is never switched off: what it is worth would never be seen again"


def test_what_has_too_little_data_is_off_or_is_not_reported_stays() -> None:
    now = np.array([0.1, -0.2, 0.3])
    clicks = np.full((4, 3), 50_000.0)
    rate = 1.0 / 30.0
    clicks[1, 2] = 0.9 * LEAST_ORDERS / rate
    made = modifiers_of(on(GOOGLE, now), results(clicks, 1.0), "US")
    assert made.increase[1, 2] == 0.3
    np.testing.assert_allclose(made.increase[0], 0.0, atol=0.02)
    off = on(GOOGLE, [0.0, 0.0, -1.0])
    asked = increases_to_ask(off, modifiers_of(off, results(np.full((4, 3), 50_000.0), [1.5, 1.0, 0.5]), "US"))
    assert (asked[:, 2] == -1.0).all()
    only_devices = np.full((4, 7), 50_000.0)
    only_devices[:, :4] = 0.0
    walmart = on(WALMART, [0.4, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(modifiers_of(walmart, results(only_devices, 1.0), "US").increase[:, 0], 0.4)
    nothing = modifiers_of(on(GOOGLE, now), results(np.zeros((4, 3)), 1.0), "US")
    np.testing.assert_array_equal(nothing.increase, np.tile(now, (4, 1)))


def test_each_platform_of_an_account_learns_from_its_own_campaigns() -> None:
    """Amazon's three columns are what they are alone, whatever Walmart's seven beside them tell."""
    amazon = replace(make_snapshot(20, 2), placements=None)
    alone = results(np.full((2, 3), 50_000.0), [1.5, 1.0, 0.5])
    wide = {name: np.pad(values, ((0, 2), (0, 4))) for name, values in vars(alone).items()}
    wide["clicks"][2:], wide["orders"][2:] = 9e5, 3e4
    wide["sales"][2:] = wide["clicks"][2:] * np.array([9.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0])
    both = on(WALMART)
    channel = np.array([0, 0, 1, 1])
    both = replace(
        both,
        channels=("amazon", "walmart"),
        platforms=(Platform.AMAZON, WALMART),
        campaigns=replace(both.campaigns, channel=channel, adjustable=np.tile(channel[:, None] > 0, (1, 7))),
    )
    first = modifiers_of(amazon, alone, "US")
    found = modifiers_of(both, PlacementResults(**wide), "US")
    np.testing.assert_array_equal(found.increase[:2, :3], first.increase)
    np.testing.assert_array_equal(found.average(found.increase)[:2], first.average(first.increase))
    assert (found.increase[:2, 3:] == 0).all()
    ids = in_force(both, ChangeKind.PLACEMENT).ids.tolist()
    assert ids[:3] == ["c0:top_of_search", "c0:rest_of_search", "c0:product_pages"]
    assert ids[6:9] == ["c2:buy_box", "c2:search_in_grid", "c2:home_page"]
    assert len(ids) == 6 + 14


def test_only_what_reports_tell_is_set() -> None:
    snapshot = on(WALMART)
    some = np.zeros((4, 7), dtype=bool)
    some[1, [0, 5]] = True
    snapshot = replace(snapshot, campaigns=replace(snapshot.campaigns, adjustable=some))
    assert in_force(snapshot, ChangeKind.PLACEMENT).ids.tolist() == ["c1:buy_box", "c1:mobile"]
    assert not open_columns(on(Platform.META)).any()


def test_devices_and_placements_multiply_up_to_the_ceiling() -> None:
    now = np.array([0.5, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    snapshot = on(WALMART, now)
    device = device_columns(snapshot)
    assert worst_multiple(snapshot.campaigns.modifiers, np.zeros(4, dtype=int), device).tolist() == [3.0] * 4
    up = np.full(4, int(Strategy.UP_AND_DOWN))
    assert worst_multiple(snapshot.campaigns.modifiers, up, device).tolist() == [6.0] * 4
    assert ceilings(snapshot, [BidLimits(max_cost_per_click=6.0)]).tolist() == [2_000_000] * 4
    lower = on(GOOGLE, [-0.5, -0.2, -1.0])
    assert worst_multiple(lower.campaigns.modifiers, np.zeros(4, dtype=int), device_columns(lower)).tolist() == [1] * 4


@pytest.mark.parametrize("most", [1.05, 1.2, 1.3, 1.5, 2.0])
def test_no_click_costs_more_than_its_ceiling_whichever_multiplier_is_written_first(most: float) -> None:
    wanted = [0.15, 0.0, 0.0, 0.0, 0.0, 0.18, 0.0]
    run = propose(night_on(WALMART, wanted, max_cost_per_click=most))
    found = {name: float(new) / 100 for name, (_, new) in set_by(run).items()}
    place, device = found.get("c0:buy_box", 0.0), found.get("c0:mobile", 0.0)
    bids = [1.0, *(float(each.new) for each in Changes(run) if each.kind is ChangeKind.BID)]
    assert max(bids) * (1 + place) * (1 + device) <= most + 1e-9
    assert (place, device) == (0.15, 0.18) if most >= 1.5 else max(place, device) < 0.18


def test_multipliers_move_by_a_days_change_of_what_they_make_of_a_bid() -> None:
    now = [0.0, 1.0, -0.5]
    found = set_by(propose(night_on(GOOGLE, [-0.9, 3.0, 0.9], now)))
    assert found["c0:desktop"] == ("0", "-20")
    assert found["c1:mobile"] == ("100", "140")
    assert found["c2:tablet"] == ("-50", "-40")
    free = set_by(propose(night_on(GOOGLE, [-0.9, 9.0, 9.0], [-0.85, 8.0, -1.0], daily_change=0.9, weekly_change=0.9)))
    assert (free["c0:desktop"], free["c0:mobile"]) == (("-85", "-90"), ("800", "900"))
    assert "c0:tablet" not in free, "what is off stays off"


def test_smart_campaigns_and_those_that_rest_are_left_alone() -> None:
    night = night_on(GOOGLE, [0.2, -0.2, 0.0], smart=1)
    assert night.steering is not None
    history = night.steering.placement_history
    on_day = history.applied_on.copy()
    on_day[0] = night.snapshot.today - np.timedelta64(6, "D")
    resting = replace(night.steering, placement_history=replace(history, applied_on=on_day))
    run = propose(replace(night, steering=resting))
    found = set_by(run)
    assert "c0:desktop" not in found
    assert found["c0:mobile"] == ("0", "-20")
    assert not [name for name in found if name.startswith("c3:")]
    assert int(Guard.COOL_DOWN) in run.held.guard[run.held.kind == KINDS.index(ChangeKind.PLACEMENT)]


def test_reasons_say_what_a_click_is_worth_against_which() -> None:
    def reason(run: BidRun, entity: str) -> str:
        return next(each.reason for each in Changes(run) if each.entity == entity)

    google = propose(night_on(GOOGLE, [0.1, -0.15, 0.0]))
    assert reason(google, "c0:desktop").endswith("average click, clicks on desktop are worth 10 % more")
    assert reason(google, "c0:mobile").endswith("average click, clicks on mobile are worth 15 % less")
    walmart = propose(night_on(WALMART, [0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2]))
    assert "against the placement whose clicks are worth least, clicks at buy box" in reason(walmart, "c0:buy_box")
    assert "against the device whose clicks are worth least, clicks on app are" in reason(walmart, "c0:app")


def test_a_campaigns_kill_switch_stops_its_devices() -> None:
    run = propose(night_on(GOOGLE, [0.1, -0.15, 0.0]))
    stopped = killed_items(run, [Kill(KillScope.CAMPAIGN, "c1")])
    assert {"c1:desktop", "c1:mobile"} <= set(run.changes.entity[stopped])
    assert not any(str(name).startswith("c2") for name in run.changes.entity[stopped])


def test_devices_have_their_own_part_of_what_their_campaign_brings() -> None:
    night = night_on(WALMART, [0.1, 0.0, 0.0, 0.0, 0.0, 0.2, 0.0])
    clicks = np.tile([60.0, 40.0, 0.0, 0.0, 50.0, 30.0, 20.0], (4, 1))
    snapshot = replace(night.snapshot, placements=results(clicks, 1.0))
    found = {each.entity: each.expected for each in Changes(propose(replace(night, snapshot=snapshot)))}
    assert found["c0:buy_box"].clicks.mean / found["c0:mobile"].clicks.mean == pytest.approx(2.0)


def test_platforms_that_only_increase_are_those_of_the_limits() -> None:
    for platform in SCHEMES:
        limits = limits_of(platform, "US")
        assert limits.largest_modifier == 9
        assert (limits.least_modifier < 0) == (platform is GOOGLE)


def test_a_run_without_any_of_them_keeps_the_id_it_always_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns that came later change no hash where they tell nothing, so that runs sealed before can be read."""
    run = propose(make_night())
    ours = content_hash(run)
    # As they were sealed before: without the columns at all.
    before = [name for name in columns_of(run.written.campaigns) if name not in {"target_cpa", "adjustable"}]
    monkeypatch.setattr(
        sealing,
        "columns_of",
        lambda table: (
            {name: each for name, each in columns_of(table).items() if name in before}
            if table is run.written.campaigns
            else columns_of(table)
        ),
    )
    assert content_hash(run) == ours
    monkeypatch.undo()
    assert not run.written.campaigns.adjustable.any()
    told = replace(run.written.campaigns, adjustable=np.ones(run.written.campaigns.modifiers.shape, dtype=bool))
    assert content_hash(replace(run, written=replace(run.written, campaigns=told))) != ours


@pytest.mark.parametrize("platform", [WALMART, GOOGLE])
def test_no_night_breaks_a_limit_whatever_is_written_first(platform: Platform) -> None:
    """Random multipliers, wishes, strategies and ceilings; every mixture of old and new values of both kinds is held
    against the ceiling on a click."""
    rng, moved = np.random.default_rng(5), 0
    columns, split = len(scheme_of(platform).names), len(scheme_of(platform).placements)
    least = float(limits_of(platform, "US").least_modifier)
    for _ in range(60):
        most = float(rng.choice([1.1, 1.6, 2.5, 6.0]))
        now = np.round(np.clip(rng.normal(0.1, 0.4, (4, columns)), least, 9), 2)
        wanted = np.clip(now + rng.normal(0, 0.6, now.shape), least, 9)
        night = night_on(platform, wanted, now, smart=int(rng.integers(0, 2)), max_cost_per_click=most)
        bids = np.round(rng.uniform(0.3, 1.2, 40), 2)
        targets = replace(night.snapshot.targets, bid=bids)
        night = replace(night, snapshot=replace(night.snapshot, targets=targets))
        run = propose(night)
        after = now.copy()
        for name, (_, new) in set_by(run).items():
            campaign, _, own = name.partition(":")
            after[int(campaign[1:]), scheme_of(platform).names.index(own)] = float(new) / 100
        changed = np.abs(after - now) > 1e-9
        moved += int(changed.sum())
        factor = (1 + after) / (1 + now)
        assert (np.abs(factor - 1) <= 0.2 + 0.01 / (1 + now) + 1e-9).all()
        assert after.min() >= least - 1e-9
        assert (np.abs(100 * after - np.rint(100 * after)) < 1e-6).all()
        widest = np.maximum(now, after)

        def worst(of: np.ndarray) -> np.ndarray:
            placed = (1 + of[:, :split]).max(axis=1) if split else np.ones(4)
            return placed * (1 + of[:, split:]).max(axis=1)

        smart = night.snapshot.campaigns.strategy == int(Strategy.SMART)
        assert not changed[smart].any()
        dearest = np.array([bids[targets.campaign == campaign].max() for campaign in range(4)])
        assert (dearest * worst(widest) <= np.maximum(most, dearest * worst(now)) + 1e-9).all()
        new_bids = bids.copy()
        for each in Changes(run):
            if each.kind is ChangeKind.BID:
                new_bids[int(each.entity[1:])] = float(each.new)
        cost = (new_bids * worst(widest)[targets.campaign])[~smart[targets.campaign]]
        assert (cost <= most + 1e-9).all()
    assert moved > 300


def _errors(seed: int) -> list[float]:
    """Mean square of what multipliers of two hundred campaigns lie off the truth by, over clicks: ours, none, the
    account's for all, each campaign's own.

    Campaigns differ from the account's ratios by a quarter, orders in value by as much as they are worth on average.
    """
    rng, count = np.random.default_rng(seed), 200
    usual = np.array([1.3, 1.0, 0.5])
    truth = usual * np.exp(rng.normal(0, 0.25, (count, 3)))
    clicks = rng.poisson(np.array([500.0, 900.0, 300.0]) * rng.gamma(2.0, 0.5, (count, 1))) + 1.0
    orders = rng.poisson(0.05 * truth * clicks).astype(float)
    sales = 30.0 * rng.gamma(np.maximum(orders, 1e-9))
    made = modifiers_of(on(GOOGLE, campaigns=count), PlacementResults(clicks, clicks, orders, sales), "US")

    def error(worth: np.ndarray) -> float:
        ratio, right = (value / (clicks * value).sum(axis=1, keepdims=True) for value in (worth, truth))
        return float((clicks * (clicks.sum(axis=1, keepdims=True) * (ratio - right)) ** 2).sum() / clicks.sum())

    return [error(each) for each in (1 + made.increase, np.ones((count, 3)), usual + 0 * truth, sales / clicks)]


def test_multipliers_come_nearer_to_what_clicks_are_worth_than_simpler_ones() -> None:
    ours, none, accounts, own = np.mean([_errors(seed) for seed in range(3)], axis=0)
    assert ours < 0.35 * none
    assert ours < 0.85 * accounts
    assert ours < 0.75 * own
