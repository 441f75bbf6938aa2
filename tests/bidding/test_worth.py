"""Bids stay within what a click is worth, unless a budget could not be spent."""

from dataclasses import replace

import numpy as np

from bidding.worth import last_worth_bidding
from tests.bidding.worlds import BIDS, make_night


def test_no_bid_above_worth_is_allowed_where_the_budget_is_met() -> None:
    night = make_night()
    worth = np.linspace(0.5, 3.0, len(night.values.profit))
    values = replace(night.values, profit=worth)
    last = last_worth_bidding(values, night.response, night.snapshot, {night.snapshot.channels[0]: 1e-9})
    bids = night.response.bids[np.arange(len(last)), last]
    assert ((bids <= worth) | (last == 0)).all()
    above = np.minimum(last + 1, len(BIDS) - 1)
    assert ((night.response.bids[np.arange(len(last)), above] > worth) | (last == len(BIDS) - 1)).all()


def test_a_budget_that_cannot_be_spent_within_worth_lifts_all_bids() -> None:
    night = make_night()
    values = replace(night.values, profit=np.full_like(night.values.profit, 1e-6))
    low, high = (
        last_worth_bidding(values, night.response, night.snapshot, {night.snapshot.channels[0]: money})
        for money in (1e-9, 1e9)
    )
    assert (low == 0).all()
    assert (high == len(BIDS) - 1).all()
