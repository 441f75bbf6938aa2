"""Designs: pairs are the best there are, limits are named, and what a design claims comes true in days it never saw."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from measurement.errors import GeoTestError
from measurement.geotest.assignment import randomised_pairs
from measurement.geotest.calibrated import calibrated_finding
from measurement.geotest.candidates import candidates, follows
from measurement.geotest.comparison import Comparison, PlaceboWindows
from measurement.geotest.design import design_geo_test
from measurement.geotest.design_question import DesignQuestion, ExperimentKind
from measurement.geotest.power import EFFECTS, Rehearsal, rehearse
from measurement.panel import Channel, Frequency, Level, Outcome, Panel
from measurement.reading import ReadPanel

Simulated = Callable[..., Comparison]


def market(seed: int, days: int = 60, geos: int = 12, noise: float = 0.05, **channel: Any) -> ReadPanel:
    rng = np.random.default_rng(seed)
    time = np.arange(days)
    state, values = rng.standard_normal(geos), np.zeros((geos, days))
    for day in time:
        state = 0.3 * state + np.sqrt(1 - 0.09) * rng.standard_normal(geos)
        values[:, day] = noise * state
    sales = rng.uniform(500, 1500, (geos, 1)) * (1 + 0.1 * np.sin(2 * np.pi * time / 7) + values)
    spend = np.full((geos, days, 1), 20.0)
    panel = Panel(
        dates=np.datetime64("2024-01-01") + time,
        geos=tuple(f"geo {number}" for number in range(geos)),
        outcomes=(Outcome("sales"),),
        outcome_values=sales[:, :, None],
        channels=(Channel("tv", **channel),),
        spend=spend,
        exposure=spend,
        attributed_sales=np.full(spend.shape, np.nan),
        controls=(),
        control_values=np.zeros((geos, days, 0)),
        population=sales.mean(axis=1),
        frequency=Frequency.DAILY,
    )
    return ReadPanel(panel)


def question(**changes: Any) -> DesignQuestion:
    return DesignQuestion(**({"weeks": 1, "geos_min": 2, "geos_max": 2} | changes))


def test_pairs_have_the_least_total_distance() -> None:
    rng = np.random.default_rng(1)
    points = rng.standard_normal((8, 2))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    found = randomised_pairs(distances, 3, np.random.default_rng(0))
    best = min(
        (sum(distances[pair] for pair in chosen), chosen)
        for chosen in combinations(combinations(range(8), 2), 3)
        if len({row for pair in chosen for row in pair}) == 6
    )
    assert set(found.pairs) == set(best[1])
    assert all(len(set(pair) & set(found.treated)) == 1 for pair in found.pairs)


def test_coins_differ_by_seed_and_not_otherwise() -> None:
    distances = np.random.default_rng(2).random((20, 20))
    distances = distances + distances.T
    drawn = [randomised_pairs(distances, 8, np.random.default_rng(seed)).treated for seed in (1, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1


def test_too_many_pairs_are_refused() -> None:
    with pytest.raises(GeoTestError, match="3 pairs need 6 geos"):
        randomised_pairs(np.ones((5, 5)), 3, np.random.default_rng(0))


def test_candidates_hold_who_must_be_treated_and_nobody_who_must_not() -> None:
    outcome = market(3).panel.sales
    eligible, include = np.arange(4, 12), np.array([5])
    found = candidates(outcome, eligible, include, 3, 0)
    assert all(5 in one.rows and set(one.rows) <= set(eligible) and not one.drawn for one in found)
    drawn = candidates(outcome, eligible, np.zeros(0, dtype=np.int64), 3, 0)
    assert [one.drawn for one in drawn].count(True) == 1
    assert all(len(set(one.rows)) == 3 for one in drawn)
    ranked = [follows(outcome, one.rows) for one in drawn if not one.drawn]
    assert ranked == sorted(ranked, reverse=True)


def test_power_and_mde_are_shares_of_windows_and_noise() -> None:
    half_widths = np.array([[0.1, 0.2]])
    noise = np.array([[-0.5, 0.5], [-2.0, 0.0]])
    rehearsal = Rehearsal(half_widths, np.array([[0.05, 0.3]]), noise)
    both = np.arange(2)
    assert rehearsal.size(0, both) == pytest.approx(2 / 6)
    by_hand = np.mean([abs(0.12 / half + one) > 1 for half in (0.1, 0.2) for one in (-0.5, 0.5, -2.0, 0.0)])
    assert rehearsal.power(0, both, 0.12)[0] == pytest.approx(by_hand)
    mde = rehearsal.mde(0, both, 0.8)
    assert mde is not None
    assert (rehearsal.power(0, both, EFFECTS[mde - 1e-12 <= EFFECTS]) >= 0.8).all()
    assert rehearsal.power(0, both, mde - 0.005)[0] < 0.8
    assert Rehearsal(half_widths * 100, np.zeros((1, 2)), noise).mde(0, both, 0.8) is None


def test_a_design_keeps_its_promise_in_days_it_never_saw() -> None:
    """Power claimed on past windows against power in the days after them, over several markets."""
    claimed, found = [], []
    for seed in range(8):
        whole = market(seed, days=110).panel.sales
        windows = PlaceboWindows((53, 46, 39, 32), 7)
        past = whole[:, :60]
        sets = [one.rows for one in candidates(past, np.arange(12), np.zeros(0, dtype=np.int64), 3, seed)][:3]
        rehearsal = rehearse(past, sets, windows, 0.9, seed)
        best = min(range(len(sets)), key=lambda one: rehearsal.mde(one, np.array([0, 2]), 0.8) or 9)
        mde = rehearsal.mde(best, np.array([1, 3]), 0.8)
        assert mde is not None
        claimed.append(float(rehearsal.power(best, np.array([1, 3]), mde)[0]))
        for start in (60, 74, 88, 102):
            treated = whole[sets[best], : start + 7].copy()
            treated[:, start:] *= 1 + mde
            rest = np.setdiff1d(np.arange(12), sets[best])
            none = np.zeros((0, 2), dtype=np.int64)
            later = Comparison(treated, whole[rest, : start + 7], start, tuple(map(str, rest)), none)
            found.append(calibrated_finding(later, 0.9, 0).p_value <= 0.1)
    # 32 tests at 0.8: two standard errors are 0.14.
    assert np.mean(found) == pytest.approx(np.mean(claimed), abs=0.15)


def test_designs_have_the_public_keys_and_come_best_first() -> None:
    told = design_geo_test(market(4), question(channel="tv", iroas=2.0)).to_json()
    assert told["recommended"] == 0
    assert told["refused_because"] is None
    keys = "treated control assignment_seed duration mde power size spend_change cost scaled_l2 correlation"
    for design in told["designs"]:
        assert set(keys.split()) <= design.keys()
        assert len(design["treated"]) == 2
        assert not set(design["treated"]) & set(design["control"])
        assert len(design["treated"]) + len(design["control"]) == 12
        assert design["spend_change"] == pytest.approx(-20 * 7 * len(design["treated"]))
        assert design["cost"] == pytest.approx(-2 * design["spend_change"])
        assert design["power"] >= 0.8
        assert design["duration"] == 7
        assert 0 <= design["size"] <= 0.35


def test_the_same_seed_gives_the_same_designs() -> None:
    first, second = (design_geo_test(market(5), question(seed=3)).to_json() for _ in range(2))
    assert first == second


def test_who_must_and_who_must_not() -> None:
    asked = question(include=("geo 1",), keep=("geo 2", "geo 3"), exclude=("geo 4",))
    for design in design_geo_test(market(6), asked).designs:
        assert "geo 1" in design.treated
        assert {"geo 2", "geo 3"} <= set(design.control)
        assert "geo 4" not in (*design.treated, *design.control)
        assert design.assignment_seed is None


def test_a_heavy_up_costs_what_its_effect_needs() -> None:
    read = market(7)
    for design in design_geo_test(read, question(kind=ExperimentKind.HEAVY_UP, iroas=2.0)).designs:
        rows = [read.panel.geos.index(geo) for geo in design.treated]
        assert design.mde is not None
        assert design.cost == design.spend_change == pytest.approx(design.mde * read.panel.sales[rows, -7:].sum() / 2)


@pytest.mark.parametrize(
    ("panel", "changes", "parts"),
    [
        ({}, {"mde": 0.0001}, ["no design will do", "0.0% is asked for", "test longer"]),
        ({}, {"budget": 1.0, "iroas": 30.0, "channel": "tv"}, ["costs", "the budget is 1"]),
        ({}, {"iroas": 0.01, "channel": "tv"}, ["without the spend", "too small for this test"]),
        ({}, {"geos_min": 5, "geos_max": 9}, ["at least 5 geos", "at most 4", "no more than a third"]),
        ({"days": 20}, {}, ["past windows", "plan a shorter test"]),
        ({"geo_targetable": False}, {"channel": "tv"}, ["cannot be targeted by geo", "product groups", "on and off"]),
    ],
)
def test_refusals_name_the_limit_that_binds(panel: dict[str, Any], changes: dict[str, Any], parts: list[str]) -> None:
    answer = design_geo_test(market(8, **panel), question(**changes))
    assert answer.to_json()["recommended"] is None
    assert answer.refused_because is not None
    assert all(part in answer.refused_because for part in parts), answer.refused_because


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"include": ("geo 99",)}, "geo 99"),
        ({"channel": "radio"}, "radio"),
        ({"outcome": "visits"}, "visits"),
        ({"exclude": tuple(f"geo {number}" for number in range(11))}, "fewer than two geos"),
    ],
)
def test_what_the_panel_does_not_have_is_bad_input(changes: dict[str, Any], part: str) -> None:
    with pytest.raises(GeoTestError, match=part):
        design_geo_test(market(9), question(**changes))


def test_national_spend_is_bad_input() -> None:
    with pytest.raises(GeoTestError, match="national total"):
        design_geo_test(market(9, level=Level.NATIONAL), question(channel="tv"))


@pytest.mark.parametrize(
    "changes",
    [
        {"weeks": 0},
        {"geos_min": 3, "geos_max": 2},
        {"power": 80},
        {"level": 1.0},
        {"budget": -5.0},
        {"mde": 0.0},
        {"include": ("a",), "exclude": ("a",)},
    ],
)
def test_a_question_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(GeoTestError):
        question(**changes)
