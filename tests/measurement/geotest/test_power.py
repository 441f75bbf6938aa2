"""Rehearsals: shares of windows and noise by hand, and what is claimed comes true in days that were never seen."""

from collections.abc import Callable

import numpy as np
import pytest

from measurement.geotest.calibrated import calibrated_finding
from measurement.geotest.comparison import Comparison
from measurement.geotest.design_question import DesignQuestion
from measurement.geotest.design_search import search
from measurement.geotest.limits import Refusal
from measurement.geotest.market import market_without_wishes
from measurement.geotest.power import EFFECTS, Rehearsal, sets_for
from measurement.geotest.rehearsal_windows import rehearsal_windows
from measurement.reading import ReadPanel

NOISE = np.array([[-0.5, 0.5], [-2.0, 0.0]])


def test_power_size_and_mde_are_shares_of_windows_and_noise() -> None:
    half_widths = np.array([[[0.1, 0.2]]])
    rehearsal = Rehearsal(half_widths, np.array([[[0.05, 0.3]]]), NOISE, NOISE)
    assert rehearsal.size(0) == pytest.approx(2 / 6)
    assert len(rehearsal.placebos(0)) == 6
    by_hand = np.mean([abs(0.12 / half + one) > 1 for half in (0.1, 0.2) for one in (-0.5, 0.5, -2.0, 0.0)])
    assert rehearsal.power(0, 0.12)[0] == pytest.approx(by_hand)
    mde = rehearsal.mde(0, 0.8)
    assert mde is not None
    assert (rehearsal.power(0, EFFECTS[mde - 1e-12 <= EFFECTS]) >= 0.8).all()
    assert rehearsal.power(0, mde - 0.005)[0] < 0.8
    assert Rehearsal(half_widths * 100, np.zeros((1, 1, 2)), NOISE, NOISE).mde(0, 0.8) is None


def test_an_effect_below_zero_is_another_than_one_above() -> None:
    """Noise that leans up hides what a holdout takes away and helps what a heavy-up adds."""
    half_widths, leaning = np.full((1, 1, 2), 0.1), np.array([[0.6, 0.5], [0.4, 0.7]])
    up = Rehearsal(half_widths, np.zeros((1, 1, 2)), leaning, leaning, sign=1.0)
    down = Rehearsal(half_widths, np.zeros((1, 1, 2)), leaning, leaning, sign=-1.0)
    assert up.power(0, 0.07)[0] == 1.0
    assert down.power(0, 0.07)[0] == 0.0


def test_the_difference_of_cells_has_the_root_of_both_squares() -> None:
    half_widths = np.array([[[0.03], [0.04]]])
    rehearsal = Rehearsal(half_widths, np.zeros((1, 2, 1)), np.zeros((1, 4)), np.zeros((1, 4)))
    assert rehearsal.cell_mdes(0, 0.8) == pytest.approx((0.031, 0.041))
    assert rehearsal.mde(0, 0.8) == pytest.approx(0.041)
    assert rehearsal.mde_of_difference(0, 0.8) == pytest.approx(0.051)
    assert Rehearsal(half_widths[:, :1], np.zeros((1, 1, 1)), NOISE, NOISE).mde_of_difference(0, 0.8) is None


def test_placements_are_at_least_those_wanted_and_those_the_analysis_takes() -> None:
    assert sets_for(200, 2) == 100
    assert sets_for(200, 3) == 68
    assert sets_for(0, 5) == 24


@pytest.mark.parametrize(("total", "periods"), [(60, 7), (200, 28), (104, 4), (40, 7)])
def test_windows_that_choose_and_windows_held_back_share_no_day(total: int, periods: int) -> None:
    windows = rehearsal_windows(np.ones((3, total)), periods)
    assert windows.enough
    assert max(windows.choosing.starts) + periods <= min(windows.held_back.starts)
    assert max(windows.held_back.starts) + periods == total
    assert min(windows.choosing.starts) >= max(10, periods, total // 3)


def test_no_window_begins_before_every_geo_has_sold() -> None:
    outcome = np.ones((3, 100))
    outcome[1, :70] = 0.0
    windows = rehearsal_windows(outcome, 5)
    assert min((*windows.choosing.starts, *windows.held_back.starts)) > 70
    assert not rehearsal_windows(np.ones((3, 20)), 7).enough


def test_a_design_keeps_its_promise_in_days_it_never_saw(market_panel: Callable[..., ReadPanel]) -> None:
    """Power claimed on past windows against power in the days after them, over several markets."""
    claimed, found = [], []
    question = DesignQuestion(weeks=1, geos_min=3, geos_max=3)
    for seed in range(8):
        whole = market_panel(seed, days=110).panel.sales
        finalists = search(market_without_wishes(whole[:, :60], np.arange(12), 7), question)
        assert not isinstance(finalists, Refusal)
        design = min(finalists, key=lambda one: one.worth).design
        mde = design.mde
        assert mde is not None
        rows = [int(geo) for geo in design.treated]
        claimed.append(design.ability.power)
        for start in (60, 74, 88, 102):
            treated = whole[rows, : start + 7].copy()
            treated[:, start:] *= 1 - mde
            rest = np.setdiff1d(np.arange(12), rows)
            none = np.zeros((0, 2), dtype=np.int64)
            later = Comparison(treated, whole[rest, : start + 7], start, tuple(map(str, rest)), none)
            found.append(calibrated_finding(later, 0.9, 0).p_value <= 0.1)
    # 32 tests at 0.8: two standard errors are 0.14.
    assert np.mean(found) == pytest.approx(np.mean(claimed), abs=0.15)
