"""Jitter: its size and share, kept for a week, and the same whenever it is drawn again."""

import numpy as np
import pytest

from bidding.account import Jitter
from bidding.jitter import jitter_bids

IDS = np.array([f"keyword-{i}" for i in range(20_000)], dtype=object)
DAY = np.datetime64("2026-03-04")


def test_a_tenth_of_targets_moves_by_eight_percent_half_of_them_up() -> None:
    drawn = jitter_bids(IDS, Jitter(), DAY, 1)
    assert drawn.active.mean() == pytest.approx(0.1, abs=0.01)
    assert set(np.unique(drawn.factor)) == {0.92, 1.0, 1.08}
    assert (drawn.factor > 1).sum() == pytest.approx((drawn.factor < 1).sum(), rel=0.12)
    assert ((drawn.factor != 1) == drawn.active).all()


def test_a_repeated_run_agrees_whatever_the_order() -> None:
    drawn = jitter_bids(IDS, Jitter(), DAY, 1)
    np.testing.assert_array_equal(jitter_bids(IDS, Jitter(), DAY, 1).factor, drawn.factor)
    np.testing.assert_array_equal(jitter_bids(IDS[::-1], Jitter(), DAY, 1).factor[::-1], drawn.factor)
    assert (jitter_bids(IDS, Jitter(), DAY, 2).factor != drawn.factor).mean() > 0.1


@pytest.mark.parametrize("days", [3, 7, 14])
def test_a_factor_is_kept_for_a_week_at_least(days: int) -> None:
    factors = np.stack([jitter_bids(IDS, Jitter(days=days), DAY + np.timedelta64(d, "D"), 1).factor for d in range(60)])
    for target in np.flatnonzero((factors != factors[0]).any(axis=0))[:300]:
        changes = np.flatnonzero(np.diff(factors[:, target])) + 1
        assert (np.diff(changes) >= max(days, 7)).all()


def test_until_is_the_last_day_of_the_factor() -> None:
    drawn = jitter_bids(IDS, Jitter(), DAY, 1)
    assert ((drawn.until >= DAY) & (drawn.until < DAY + np.timedelta64(7, "D"))).all()
    some = np.flatnonzero(drawn.active & (drawn.until == DAY + np.timedelta64(2, "D")))
    assert (jitter_bids(IDS[some], Jitter(), DAY + np.timedelta64(2, "D"), 1).factor == drawn.factor[some]).all()
    assert len(np.unique(drawn.until)) == 7


def test_no_share_moves_nothing() -> None:
    assert (jitter_bids(IDS, Jitter(share=0.0), DAY, 1).factor == 1).all()
