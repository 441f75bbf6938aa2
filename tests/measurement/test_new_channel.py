"""A channel without history: its curve is its prior's, at the spend it was stated for, and no other curve moves."""

from dataclasses import replace

import numpy as np
import pytest

from measurement.curves import ResponseCurves
from measurement.fitted import FittedModel
from measurement.new_channel import NewChannel, with_new_channels
from measurement.plan_start import after_actuals
from measurement.posterior import response_curves
from measurement.priors import ChannelPrior, Spread, prior_iroas_draws
from measurement.report import Verdict

PRIOR = ChannelPrior(iroas=Spread(1.5, 3.0))
NEW = NewChannel("instacart", typical_spend=40_000.0, max=90_000.0, prior=PRIOR)


@pytest.fixture(scope="module")
def curves(unfitted_model: FittedModel) -> ResponseCurves:
    return response_curves(unfitted_model, 13)


def test_it_returns_its_prior_at_typical_spend(curves: ResponseCurves) -> None:
    both = with_new_channels(curves, (NEW,))
    assert both.weekly is not None
    even = both.weekly.even(np.array([0.0, 0.0, 0.0, NEW.typical_spend]))
    iroas = both.weekly.sales(even)[:, 3] / NEW.typical_spend
    np.testing.assert_allclose(np.sort(iroas), prior_iroas_draws(PRIOR, len(iroas)), rtol=1e-3)
    assert np.median(iroas) == pytest.approx(1.5, rel=0.02)
    at_typical = [np.interp(NEW.typical_spend, both.spend_grid[3], draw) for draw in both.incremental[:, 3]]
    np.testing.assert_allclose(at_typical, iroas * NEW.typical_spend, rtol=0.02)


def test_it_stands_beside_the_others_as_never_spent_and_never_measured(curves: ResponseCurves) -> None:
    both = with_new_channels(curves, (NEW, replace(NEW, name="tv", max=10.0)))
    assert both.channels == (*curves.channels, "instacart", "tv")
    assert both.spend_grid[3, [0, -1]].tolist() == [0.0, 90_000.0]
    assert both.current_spend[3:].tolist() == [0.0, 0.0]
    assert both.largest_observed_spend[3:].tolist() == [0.0, 0.0]
    assert both.verdicts[3:] == (Verdict.NOT_MEASURABLE, Verdict.NOT_MEASURABLE)
    assert both.carry_over_weights.shape == (60, 5, 13)
    np.testing.assert_array_equal(both.incremental[:, :3], curves.incremental)
    assert (both.incremental[:, 3:, 0] == 0).all()
    assert (np.diff(both.incremental[:, 3], axis=1) >= 0).all()


def test_the_same_statement_gives_the_same_draws_and_names_give_others(curves: ResponseCurves) -> None:
    first, second = (with_new_channels(curves, (NEW,)).incremental[:, 3] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other = with_new_channels(curves, (replace(NEW, name="tv"),)).incremental[:, 3]
    assert not np.array_equal(first, other)
    np.testing.assert_allclose(first.mean(axis=0)[-1], other.mean(axis=0)[-1], rtol=0.1)


def test_it_may_sell_nothing_where_that_is_believed(curves: ResponseCurves) -> None:
    unsure = replace(NEW, prior=ChannelPrior(iroas=Spread(1.0, 5.0), sells_nothing=0.25))
    sold = with_new_channels(curves, (unsure,)).incremental[:, 3, -1]
    assert (sold == 0).mean() == pytest.approx(0.25, abs=0.02)


def test_in_a_quarter_that_has_begun_its_cap_is_on_the_whole(curves: ResponseCurves) -> None:
    spend = np.array([[100.0, 100.0, 100.0, 2_500.0]] * 4)
    begun = after_actuals(with_new_channels(curves, (NEW,)), spend)
    assert begun.already_spent is not None
    assert begun.already_spent[3] == 10_000.0
    assert begun.spend_grid[3, -1] >= NEW.max
