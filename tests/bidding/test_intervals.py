"""Predictive intervals for next week, on weeks that are then drawn."""

import numpy as np
import pytest

from bidding.click_value import value_clicks
from bidding.expected import expect
from bidding.factors import factors_of
from bidding.intervals import Outlook, Spread, learn_chance, outlook_intervals, with_chance
from bidding.landscape import bids_in_force, candidate_bids, learn_response
from tests.bidding.build_snapshot import TODAY, Built, Size, build, click_share


@pytest.fixture(scope="module")
def night() -> tuple[Built, Outlook, Outlook, np.ndarray]:
    """An account, the outlook by target and in all, and the bids chosen."""
    built = build(Size(campaigns=40, ad_groups=5, targets=10, clicks_per_day=3, seed=4), jitter=0.1)
    values = value_clicks(built.snapshot, built.account, factors_of(built.account, TODAY))
    bid = bids_in_force(built.snapshot)
    response = learn_response(built.snapshot, built.account, candidate_bids(bid, 0.01, 0.7 * bid, 1.4 * bid))
    column = np.random.default_rng(0).integers(0, 13, len(bid))
    channel = built.snapshot.channel_of_targets()
    by_target, total = outlook_intervals(values, response, column, learn_chance(built.snapshot), channel)
    return built, by_target, total, response.bids[np.arange(len(bid)), column]


def week(built: Built, bids: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    move = np.log(bids / built.snapshot.targets.bid)
    rows = np.arange(len(bids))
    mean = 7 * built.truth.clicks_per_day * click_share(built.truth, move, rows) * np.exp(0.04 * rng.standard_normal())
    clicks = rng.poisson(mean).astype(float)
    price = built.snapshot.targets.bid * np.exp(0.6 * move) * built.truth.cost_share
    return {"clicks": clicks, "cost": clicks * price, "orders": rng.poisson(clicks * built.truth.rate).astype(float)}


def test_what_a_run_shows_is_an_average_day_of_the_week(night: tuple[Built, Outlook, Outlook, np.ndarray]) -> None:
    built, by_target, _, bids = night
    snapshot = built.snapshot
    values = value_clicks(snapshot, built.account, factors_of(built.account, TODAY))
    bid = bids_in_force(snapshot)
    response = learn_response(snapshot, built.account, candidate_bids(bid, 0.01, 0.7 * bid, 1.4 * bid))
    known = expect(response, values, bids)
    shown = with_chance(known, values, learn_chance(snapshot), snapshot.channel_of_targets())
    for name in ("clicks", "cost"):
        spread: Spread = getattr(by_target, name)
        assert getattr(shown, name) == pytest.approx(spread.mean / 7, rel=1e-6)
        assert getattr(shown, f"{name}_sd") == pytest.approx(np.sqrt(spread.variance) / 7, rel=1e-6)
        assert (getattr(shown, f"{name}_sd") > getattr(known, f"{name}_sd")).all()


@pytest.mark.parametrize("name", ["clicks", "cost", "orders"])
def test_eighty_percent_intervals_of_targets_hold_eighty_percent(
    name: str, night: tuple[Built, Outlook, Outlook, np.ndarray]
) -> None:
    built, by_target, _, bids = night
    spread: Spread = getattr(by_target, name)
    low, high = spread.percentiles((10, 90)).T
    held = []
    for seed in range(6):
        drawn = week(built, bids, seed)[name]
        # Counts are lumpy: half of what falls on an edge counts as inside.
        edge = 0.5 if name != "cost" else 0.0
        inside = (drawn > low + edge) & (drawn < high - edge)
        on_edge = ~inside & (drawn >= low - edge) & (drawn <= high + edge)
        held.append((inside + 0.5 * on_edge)[spread.mean > 5].mean())
    assert 0.73 < np.mean(held) < 0.87


@pytest.mark.parametrize("name", ["clicks", "cost", "orders"])
def test_totals_lie_inside(name: str, night: tuple[Built, Outlook, Outlook, np.ndarray]) -> None:
    built, _, total, bids = night
    low, high = getattr(total, name).percentiles((5, 95))[0]
    held = [low < week(built, bids, seed)[name].sum() < high for seed in range(40)]
    assert np.mean(held) > 0.75
    assert (high - low) / (high + low) < 0.15


def test_a_rows_interval_has_the_percentiles_of_its_distribution() -> None:
    spread = Spread(np.array([10.0, 0.0]), np.array([25.0, 0.0]))
    found = spread.interval(0)
    draws = np.random.default_rng(0).gamma(4.0, 2.5, 400_000)
    assert (found.mean, found.sd) == (10.0, 5.0)
    assert found.p10 == pytest.approx(np.percentile(draws, 10), rel=0.01)
    assert found.p95 == pytest.approx(np.percentile(draws, 95), rel=0.01)
    assert spread.interval(1).p95 == 0
