"""What one more click costs, against position auctions that were integrated exactly."""

from dataclasses import replace

import numpy as np
import pytest

from bidding.marginal import priced_by_the_auction
from bidding.outlook import BidResponse
from bidding.simulator.auction import Rivals, auction_table
from bidding.snapshot import BidSimulations

RIVALS = 6


def of_auctions(count: int) -> tuple[BidResponse, np.ndarray]:
    """Clicks of position auctions at bids around many, and their cost, `(N, K)` each; what was learnt of cost errs."""
    rng = np.random.default_rng(8)
    shape = (count, RIVALS)
    table = auction_table(
        Rivals(rng.normal(-0.3, 1.0, shape), rng.uniform(0.25, 0.9, shape), rng.beta(1.2, 2.0, shape))
    )
    bid = np.exp(rng.normal(0.3, 0.8, count))
    bids = bid[:, None] * np.exp(np.linspace(-0.6, 0.6, 7))
    parts = [table.at(np.log(column)) for column in bids.T]
    clicks, cost = (np.stack([part[place] for part in parts], axis=1) for place in (1, 2))
    learnt = cost[:, 3:4] / clicks[:, 3:4] * clicks * np.exp(rng.normal(0, 0.6, (count, 1)) * np.linspace(-0.6, 0.6, 7))
    return BidResponse(bids, clicks, 0.1 * clicks, learnt, np.full(count, 3), np.zeros(count)), cost


def of_next_click(response: BidResponse, cost: np.ndarray) -> np.ndarray:
    """Cost of one more click over the bid in force, from a step up."""
    more = response.clicks[:, 4] - response.clicks[:, 3]
    found: np.ndarray = (cost[:, 4] - cost[:, 3]) / more / response.bids[:, 3]
    return found


def test_the_next_click_costs_what_it_costs_in_position_auctions() -> None:
    response, true = of_auctions(400)
    busy = response.clicks[:, 4] > 1.002 * response.clicks[:, 3]
    priced = priced_by_the_auction(response)
    truth, told = (of_next_click(response, cost)[busy] for cost in (true, priced.cost))
    off = np.log(told / truth)
    assert abs(np.median(off)) < 0.2
    assert off.std() < 0.2
    assert off.std() < 0.5 * np.log(np.maximum(of_next_click(response, response.cost)[busy], 0.01) / truth).std()


def test_cost_is_what_was_learnt_at_the_bid_in_force_and_never_falls_with_the_bid() -> None:
    response, _ = of_auctions(400)
    priced = priced_by_the_auction(response)
    np.testing.assert_allclose(priced.cost[:, 3], response.cost[:, 3])
    assert (np.diff(priced.cost, axis=1) >= 0).all()
    assert (priced.cost > 0).all()


def test_targets_that_the_platform_simulates_keep_its_cost() -> None:
    response, _ = of_auctions(20)
    nothing, end = np.full(2, np.nan), np.full(2, np.datetime64("2026-03-01"))
    points = BidSimulations(np.full(2, 5), response.bids[5, [2, 4]], nothing, nothing, nothing, nothing, end)
    priced = priced_by_the_auction(response, points)
    np.testing.assert_array_equal(priced.cost[5], response.cost[5])
    assert (priced.cost[6] != response.cost[6]).any()


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_a_target_without_clicks_costs_nothing_more(share: float) -> None:
    response, _ = of_auctions(3)
    still = replace(response, clicks=np.zeros_like(response.clicks), cost=np.full_like(response.cost, share))
    assert (np.diff(priced_by_the_auction(still).cost, axis=1) == 0).all()
