"""Clicks and cost against the bid, held against the auctions that were drawn."""

from dataclasses import replace

import numpy as np
import pytest

from bidding.landscape import bids_in_force, candidate_bids, click_noise, learn_response
from bidding.outlook import BidResponse
from bidding.snapshot import BidSimulations
from tests.bidding.build_snapshot import Built, Size, build, click_share

SIZE = Size(campaigns=30, ad_groups=5, targets=10, clicks_per_day=4, seed=3)


def candidates_of(built: Built) -> np.ndarray:
    bid = bids_in_force(built.snapshot)
    return candidate_bids(bid, 0.01, 0.6 * bid, 1.6 * bid)


def truth_at(built: Built, bids: np.ndarray) -> np.ndarray:
    move = np.log(bids / built.snapshot.targets.bid[:, None])
    rows = np.arange(len(bids))
    share = np.stack([click_share(built.truth, move[:, k], rows) for k in range(bids.shape[1])], axis=1)
    return built.truth.clicks_per_day[:, None] * share


@pytest.fixture(scope="module")
def jittered() -> Built:
    return build(SIZE, jitter=0.15)


@pytest.fixture(scope="module")
def response(jittered: Built) -> BidResponse:
    return learn_response(jittered.snapshot, jittered.account, candidates_of(jittered))


def test_curves_cover_the_truth_near_and_far(jittered: Built, response: BidResponse) -> None:
    true = truth_at(jittered, response.bids)
    for column in (0, 4, 8, 12):
        off = (true - response.clicks)[:, column] / response.clicks_sd[:, column]
        assert 0.72 < (np.abs(off) < 1.2816).mean() < 0.88
        assert response.clicks[:, column].sum() == pytest.approx(true[:, column].sum(), rel=0.06)


def test_rows_by_the_block_and_in_any_order_tell_the_same(
    jittered: Built, response: BidResponse, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = jittered.snapshot.performance
    mixed = np.random.default_rng(0).permutation(len(rows))
    shuffled = replace(rows, **{name: values[mixed] for name, values in vars(rows).items()})
    for module in ("landscape", "click_curve"):
        monkeypatch.setattr(f"bidding.{module}.ROWS", 9_973)
    monkeypatch.setattr("bidding.landscape.BLOCK", 101)
    snapshot = replace(jittered.snapshot, performance=shuffled)
    found = learn_response(snapshot, jittered.account, response.bids)
    for name in ("clicks", "clicks_sd", "cost", "known"):
        np.testing.assert_allclose(getattr(found, name), getattr(response, name), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(found.current, response.current)


def test_clicks_and_cost_rise_with_the_bid_and_doubt_grows_with_distance(response: BidResponse) -> None:
    assert (np.diff(response.clicks, axis=1) >= 0).all()
    assert (np.diff(response.cost, axis=1) >= 0).all()
    relative = response.clicks_sd / response.clicks
    now = relative[np.arange(len(relative)), response.current]
    assert (relative[:, -1] >= now - 1e-9).all()
    assert (relative[:, 0] >= now - 1e-9).all()


def test_cost_per_click_is_the_drawn_one(jittered: Built, response: BidResponse) -> None:
    bid = jittered.snapshot.targets.bid[:, None]
    true = bid * (response.bids / bid) ** 0.6 * jittered.truth.cost_share[:, None]
    off = np.log(response.cost / response.clicks / true)
    assert np.abs(off.mean(axis=0)).max() < 0.03
    assert off.std() < 0.12


def test_without_bids_that_moved_nothing_is_known_and_the_prior_is_wide(jittered: Built) -> None:
    still = build(SIZE)
    found = learn_response(still.snapshot, still.account, candidates_of(still))
    assert (found.known == 0).all()
    moved = learn_response(jittered.snapshot, jittered.account, candidates_of(jittered))
    assert (moved.known > 0.1).mean() > 0.2
    rows = np.arange(len(found.current))
    doubt = [np.median((each.clicks_sd / each.clicks)[rows, -1]) for each in (found, moved)]
    assert doubt[0] > doubt[1]


def test_days_out_of_budget_count_for_their_open_hours() -> None:
    shut = build(SIZE, out_of_budget=0.6)
    found = learn_response(shut.snapshot, shut.account, candidates_of(shut))
    level = found.clicks[np.arange(len(found.current)), found.current].sum()
    assert level == pytest.approx(shut.truth.clicks_per_day.sum(), rel=0.03)
    rows = shut.snapshot.performance
    blind = replace(shut.snapshot, performance=replace(rows, out_of_budget=np.zeros(len(rows))))
    censored = learn_response(blind, shut.account, candidates_of(shut))
    assert censored.clicks[np.arange(len(found.current)), found.current].sum() < 0.85 * level


def test_days_at_other_bids_count_for_what_these_brought(jittered: Built) -> None:
    """Until ten days ago a fifth of the bids were half of what they are: their level is that of the bids in force."""
    rows, truth = jittered.snapshot.performance, jittered.truth
    old = jittered.snapshot.today - rows.day > np.timedelta64(10, "D")
    old &= rows.target % 5 == 0
    then = rows.bid * np.where(old, 0.5, 1.0)
    move = np.log(then / jittered.snapshot.targets.bid[rows.target])
    brought = truth.clicks_per_day[rows.target] * click_share(truth, move, rows.target)
    clicks = np.random.default_rng(3).poisson(brought).astype(np.float64)
    cost = clicks * rows.cost / np.maximum(rows.clicks, 1.0)
    risen, blind = (
        replace(jittered.snapshot, performance=replace(rows, bid=bid, clicks=clicks, cost=cost))
        for bid in (then, np.full(len(rows), np.nan))
    )
    found = [learn_response(each, jittered.account, candidates_of(jittered)) for each in (risen, blind)]
    moved = np.arange(0, len(truth.clicks_per_day), 5)
    level, unaware = (each.clicks[moved, each.current[moved]].sum() for each in found)
    true = truth.clicks_per_day[moved].sum()
    assert unaware < 0.8 * true
    assert abs(level - true) < 0.5 * abs(unaware - true)


def test_a_platforms_own_points_replace_the_curve(jittered: Built, response: BidResponse) -> None:
    bids = response.bids[5, [0, 6, 12]]
    clicks, cost = np.array([1.0, 2.0, 4.0]), np.array([0.5, 1.5, 4.0])
    nothing, end = np.full(3, np.nan), np.full(3, jittered.snapshot.today)
    points = BidSimulations(np.full(3, 5), bids, nothing, clicks, cost, nothing, end)
    found = learn_response(replace(jittered.snapshot, simulations=points), jittered.account, response.bids)
    np.testing.assert_allclose(found.clicks[5, [0, 6, 12]], clicks)
    np.testing.assert_allclose(found.cost[5, [0, 6, 12]], cost)
    np.testing.assert_allclose(found.clicks[6], response.clicks[6])
    assert found.known[5] == 0.9


def test_candidates_lie_on_the_step_hold_the_bid_in_force_and_rise() -> None:
    bid = np.array([0.02, 0.03, 0.75, 12.34, 1000.0])
    made = candidate_bids(bid, 0.01, np.maximum(0.8 * bid, 0.02), np.minimum(1.2 * bid, 1000.0), 11)
    assert made.shape == (5, 11)
    np.testing.assert_allclose(made, np.rint(made * 100) / 100)
    assert (np.diff(made, axis=1) >= 0).all()
    assert np.isclose(made, bid[:, None]).any(axis=1).all()
    assert (made >= np.maximum(0.8 * bid, 0.02)[:, None] - 1e-9).all()
    assert (made <= np.minimum(1.2 * bid, 1000.0)[:, None] + 1e-9).all()


def test_bids_that_are_not_known_fall_back_on_the_last_recorded_one(jittered: Built) -> None:
    bid = jittered.snapshot.targets.bid.copy()
    bid[3] = np.nan
    rows = jittered.snapshot.performance
    changed = replace(jittered.snapshot, targets=replace(jittered.snapshot.targets, bid=bid))
    mine = np.flatnonzero(rows.target == 3)
    last = mine[np.argmax(rows.day[mine])]
    assert bids_in_force(changed)[3] == rows.bid[last]
    unseen = replace(changed, performance=replace(rows, bid=np.full(len(rows), np.nan)))
    campaign = jittered.snapshot.targets.campaign == jittered.snapshot.targets.campaign[3]
    assert bids_in_force(unseen)[3] == np.nanmedian(bid[campaign])


def test_noise_of_plain_counts_is_one(jittered: Built) -> None:
    assert click_noise(jittered.snapshot) == pytest.approx(1.0, abs=0.1)
