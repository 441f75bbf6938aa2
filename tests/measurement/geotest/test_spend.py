"""Spend change and iROAS: refused where nothing was changed for certain; zero is where the lift has it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from measurement.geotest.comparison import Comparison
from measurement.geotest.finding import Range
from measurement.geotest.spend import iroas, spend_change

Simulated = Callable[..., Comparison]


def with_spend(comparison: Comparison, treated: np.ndarray, donors: np.ndarray) -> Comparison:
    return replace(comparison, treated_spend=treated, donor_spend=donors)


def test_spend_that_began_with_the_test_is_known_exactly(simulated: Simulated) -> None:
    comparison = simulated(1)
    spend = np.zeros_like(comparison.treated)
    spend[:, 60:] = 20.0
    change = spend_change(with_spend(comparison, spend, np.zeros_like(comparison.donors)), 0.9)
    assert change == Range(600.0, 600.0, 600.0)


def test_a_holdout_is_counted_against_what_would_have_been_spent(simulated: Simulated) -> None:
    comparison = simulated(2)
    rng = np.random.default_rng(2)
    shared = 1 + 0.2 * np.sin(np.arange(70) / 5)
    treated = 30 * shared * (1 + 0.05 * rng.standard_normal((3, 70)))
    would_be = float(treated[:, 60:].sum())
    treated[:, 60:] = 0.0
    donors = 50 * shared * (1 + 0.05 * rng.standard_normal((17, 70)))
    change = spend_change(with_spend(comparison, treated, donors), 0.9)
    assert change is not None
    assert change.low <= -would_be <= change.high < 0
    assert change.estimate == pytest.approx(-would_be, rel=0.05)


@pytest.mark.parametrize("a_day", [5.0, 1 / 3, 123_456.78])
def test_spend_that_never_moved_did_not_change(simulated: Simulated, a_day: float) -> None:
    comparison = simulated(3)
    steady = (np.full_like(comparison.treated, a_day), np.full_like(comparison.donors, a_day))
    change = spend_change(with_spend(comparison, *steady), 0.9)
    assert change == Range(0.0, 0.0, 0.0)
    assert "did not change" in str(iroas(Range(10, 5, 15), change).refused_because)


def test_without_a_spend_column_the_reason_names_the_option() -> None:
    answer = iroas(Range(10, 5, 15), None)
    assert answer.value is None
    assert "--spend" in str(answer.refused_because)


def test_it_is_refused_where_the_spend_change_may_be_zero() -> None:
    answer = iroas(Range(10, 5, 15), Range(40, -5, 85))
    assert answer.value is None
    assert "may be zero" in str(answer.refused_because)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_known_spend_divides_the_lift(sign: float) -> None:
    answer = iroas(Range(10, 5, 20).times(sign), Range(5, 5, 5).times(sign))
    assert answer.value is not None
    assert answer.value == Range(pytest.approx(2), pytest.approx(1), pytest.approx(4))


@pytest.mark.parametrize("lift", [Range(10, 1, 19), Range(10, -1, 21), Range(-10, -19, -1), Range(3, -4, 10)])
def test_uncertain_spend_widens_it_and_zero_stays_where_it_was(lift: Range) -> None:
    sure, unsure = iroas(lift, Range(10, 10, 10)).value, iroas(lift, Range(10, 6, 14)).value
    assert sure is not None
    assert unsure is not None
    assert unsure.low <= sure.low
    assert unsure.high >= sure.high
    assert unsure.touches(0.0) == lift.touches(0.0)


def test_the_ends_are_fiellers() -> None:
    """Coverage of the ratio of two independent normals whose ratio is known."""
    rng = np.random.default_rng(5)
    held = []
    for _ in range(4000):
        lift, spend = 20 + 4 * rng.standard_normal(), 10 + 1.5 * rng.standard_normal()
        half, spend_half = 1.645 * 4, 1.645 * 1.5
        change = Range(spend, spend - spend_half, spend + spend_half)
        value = iroas(Range(lift, lift - half, lift + half), change).value
        assert value is not None
        held.append(value.low <= 2.0 <= value.high)
    assert np.mean(held) == pytest.approx(0.9, abs=0.015)
