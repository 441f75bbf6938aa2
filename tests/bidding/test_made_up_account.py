"""The made-up account that other tests stand on is itself whole."""

import numpy as np

from bidding.snapshot import Platform, Snapshot


def test_rows_point_to_rows_that_exist(make_snapshot) -> None:
    made: Snapshot = make_snapshot(targets=20, days=30, platforms=(Platform.AMAZON, Platform.WALMART))
    assert len(made.targets) == 20
    assert made.performance.target.max() == 19
    assert made.targets.campaign.max() < len(made.campaigns.ids)
    assert set(made.channel_of_targets()) == {0, 1}
    assert len(set(made.targets.ids)) == 20
    assert made.performance.day.max() == made.today - np.timedelta64(1, "D")
    assert (made.performance.orders <= made.performance.clicks).all()


def test_a_days_orders_grow_with_age(make_snapshot) -> None:
    grown = make_snapshot(targets=60, days=50, clicks_per_day=40).restatement
    old = grown.day <= grown.day.max() - np.timedelta64(20, "D")
    first, last = grown.orders[old & (grown.age == 1)].sum(), grown.orders[old & (grown.age == 20)].sum()
    assert 0.5 < first / last < 0.7
