"""What cost per click over bid tells of a target's place, against second-price auctions integrated numerically."""

import numpy as np
import pytest

from bidding.click_cost import SHARE_EDGES, USUAL_ELASTICITIES, USUAL_POSITIONS

SLOPE = 2.0


def auction(bid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of auctions won against log-logistic rival bids around 1, and the mean price paid."""
    prices = np.linspace(1e-6, bid.max(), 2_000_000)
    won = prices**SLOPE / (1 + prices**SLOPE)
    paid = np.cumsum(0.5 * (prices[1:] + prices[:-1]) * np.diff(won))
    at = np.searchsorted(prices, bid) - 1
    return won[at], paid[at - 1] / won[at]


@pytest.mark.parametrize(("share", "place"), [(0.09, 0), (0.17, 1), (0.33, 2), (0.47, 3), (0.58, 4)])
def test_usual_places_are_those_of_second_price_auctions(share: float, place: int) -> None:
    assert np.searchsorted(SHARE_EDGES, share) == place
    bid = np.geomspace(0.3, 60.0, 400)
    won, price = auction(bid)
    here = int(np.argmin(np.abs(price / bid - share)))
    position = np.log(won[here] / (1 - won[here]))
    assert USUAL_POSITIONS[place] == pytest.approx(position, abs=0.9)
    around = slice(here - 3, here + 4)
    growth = np.polyfit(np.log(bid[around]), np.log(price[around]), 1)[0]
    assert USUAL_ELASTICITIES[place] == pytest.approx(growth, abs=0.08)
