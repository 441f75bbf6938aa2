"""Completeness learnt from vintages, against the delays that were drawn."""

from dataclasses import replace

import numpy as np
import pytest

from bidding.maturity import LONGEST, Maturity, learn_maturity, stated_curve
from tests.bidding.build_snapshot import Built, Size, build, completeness

SIZE = Size(campaigns=10, ad_groups=4, targets=8, days=90, clicks_per_day=3)


@pytest.fixture(scope="module")
def built() -> Built:
    return build(SIZE)


@pytest.fixture(scope="module")
def learnt(built: Built) -> Maturity:
    return learn_maturity(built.snapshot, built.account)


def test_the_curve_is_found_within_its_uncertainty(learnt: Maturity) -> None:
    assert learnt.learnt.all()
    ages = np.array([1, 2, 3, 5, 7, 10, 14, 21])
    off = learnt.complete[0, ages] - completeness(ages)
    assert np.abs(off).max() < 0.03
    assert (np.abs(off) < 3 * learnt.complete_sd[0, ages] + 0.003).all()


def test_curves_rise_to_one(learnt: Maturity) -> None:
    assert (np.diff(learnt.complete[0]) >= 0).all()
    assert learnt.complete[0, LONGEST] == 1
    assert learnt.complete_sd[0, LONGEST] == 0


def test_gaps_between_pulls_are_filled(built: Built) -> None:
    table = built.snapshot.restatement
    kept = np.isin(table.age, (1, 4, 11, 30))
    thin = replace(table, **{name: getattr(table, name)[kept] for name in vars(table)})
    found = learn_maturity(replace(built.snapshot, restatement=thin), built.account)
    for age in (1, 4, 11):
        assert found.complete[0, age] == pytest.approx(completeness(age), abs=0.03)


def test_without_vintages_the_stated_curve_stands_with_a_wide_margin(learnt: Maturity) -> None:
    bare = build(SIZE, vintages=False)
    found = learn_maturity(bare.snapshot, bare.account)
    assert not found.learnt.any()
    np.testing.assert_allclose(found.complete[0, 1:], stated_curve(14)[1:], atol=0.02)
    assert found.complete_sd[0, 1] > 5 * learnt.complete_sd[0, 1]


def test_the_stated_curve_has_half_within_a_day_and_depends_on_the_window() -> None:
    assert 0.45 < stated_curve(30)[1] < 0.6
    assert stated_curve(30)[7] < stated_curve(7)[7]
    assert stated_curve(14)[LONGEST] == 1


def test_orders_that_are_taken_back_do_not_break_the_curve(built: Built) -> None:
    table = built.snapshot.restatement
    orders = table.orders.copy()
    orders[table.age > 20] *= 0.9
    found = learn_maturity(replace(built.snapshot, restatement=replace(table, orders=orders)), built.account)
    assert np.isfinite(found.complete).all()
    assert (found.complete <= 1).all()
    assert found.complete[0, 10] > completeness(10)
