"""Designs: keys, order, money, lengths, and limits that are named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from measurement.errors import GeoTestError
from measurement.geotest.design import design_geo_test
from measurement.geotest.design_question import DesignQuestion, ExperimentKind
from measurement.panel import Level
from measurement.reading import ReadPanel

Made = Callable[..., ReadPanel]
KEYS = (
    "treated control cells set_apart rule blocks assignments assignment_seed weeks duration mde cell_mdes "
    "mde_difference power power_curve size placements windows spend_change cost detectable_iroas spend_plan scaled_l2 "
    "correlation share"
)


def question(**changes: Any) -> DesignQuestion:
    return DesignQuestion(**({"weeks": 1, "geos_min": 2, "geos_max": 2} | changes))


def test_designs_have_the_public_keys_and_come_best_first(market_panel: Made) -> None:
    told = design_geo_test(market_panel(4), question(channel="tv", iroas=4.0)).to_json()
    assert told["recommended"] == 0
    assert told["refused_because"] is None
    for design in told["designs"]:
        assert set(KEYS.split()) == design.keys()
        assert len(design["treated"]) == 2
        assert not set(design["treated"]) & set(design["control"])
        assert len(design["treated"]) + len(design["control"]) == 12
        assert design["spend_change"] == pytest.approx(-20 * 7 * len(design["treated"]))
        assert design["cost"] == pytest.approx(-4 * design["spend_change"])
        assert design["power"] >= 0.8
        assert design["duration"] == 7
        assert 0 <= design["size"] <= 0.35
        assert design["placements"] >= 200
        assert design["power_curve"][0][0] == 0.0


def test_the_same_seed_gives_the_same_designs(market_panel: Made) -> None:
    first, second = (design_geo_test(market_panel(5), question(seed=3)).to_json() for _ in range(2))
    assert first == second


def test_who_must_and_who_must_not(market_panel: Made) -> None:
    asked = question(include=("geo 1",), keep=("geo 2", "geo 3"), exclude=("geo 4",))
    for design in design_geo_test(market_panel(6), asked).designs:
        assert "geo 1" in design.treated
        assert {"geo 2", "geo 3"} <= set(design.control)
        assert "geo 4" not in (*design.treated, *design.control)
        assert design.assignment_seed is None


def test_a_heavy_up_costs_what_its_effect_needs(market_panel: Made) -> None:
    read = market_panel(7)
    for design in design_geo_test(read, question(kind=ExperimentKind.HEAVY_UP, iroas=2.0)).designs:
        rows = [read.panel.geos.index(geo) for geo in design.treated]
        assert design.mde is not None
        needed = design.mde * read.panel.sales[rows, -7:].sum() / 2
        assert design.money.cost == design.money.spend_change == pytest.approx(needed)


@pytest.mark.parametrize(
    ("panel", "changes", "parts"),
    [
        ({}, {"mde": 0.0001}, ["mde", "no design will do", "0.0% is asked for", "--weeks", "--geos-max"]),
        ({}, {"power": 0.99, "mde": 0.02}, ["mde", "2.0% is asked for"]),
        ({}, {"budget": 1.0, "iroas": 30.0, "channel": "tv"}, ["budget", "costs", "the budget is 1", "the cheapest"]),
        ({}, {"iroas": 0.01, "channel": "tv"}, ["iroas", "without the spend", "too small for this test"]),
        ({}, {"geos_min": 5, "geos_max": 9}, ["geos", "at least 5 geos", "at most 4", "no more than a third"]),
        ({}, {"cells": 3, "geos_max": 3}, ["geos", "in each of 3 cells", "at most 1"]),
        ({}, {"include": tuple(f"geo {n}" for n in range(6))}, ["eligibility", "force fewer geos"]),
        ({}, {"keep": tuple(f"geo {n}" for n in range(11))}, ["eligibility", "only those that may (1)"]),
        ({"days": 20}, {}, ["panel", "past windows", "plan a shorter test"]),
        (
            {"geo_targetable": False},
            {"channel": "tv"},
            ["channel", "cannot be targeted by geo", "product groups", "on and off"],
        ),
    ],
)
def test_refusals_name_the_limit_that_binds(
    panel: dict[str, Any], changes: dict[str, Any], parts: list[str], market_panel: Made
) -> None:
    answer = design_geo_test(market_panel(8, **panel), question(**changes))
    assert answer.to_json()["recommended"] is None
    assert answer.refusal is not None
    assert answer.refusal.limit.value == parts[0]
    assert all(part in answer.refusal.reason for part in parts[1:]), answer.refusal.reason


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"include": ("geo 99",)}, "geo 99"),
        ({"keep": ("Geo 3",)}, "did you mean 'geo 3'"),
        ({"adjacent": (("geo 3", "geo 99"),)}, "--adjacent names geo 'geo 99'"),
        ({"include": tuple(f"geo {number}" for number in range(12))}, "all 12 geos shall be treated"),
        ({"channel": "radio"}, "radio"),
        ({"outcome": "visits"}, "visits"),
        ({"exclude": tuple(f"geo {number}" for number in range(11))}, "fewer than two geos"),
    ],
)
def test_what_the_panel_does_not_have_is_bad_input(changes: dict[str, Any], part: str, market_panel: Made) -> None:
    with pytest.raises(GeoTestError, match=part):
        design_geo_test(market_panel(9), question(**changes))


def test_national_spend_is_bad_input(market_panel: Made) -> None:
    with pytest.raises(GeoTestError, match="national total"):
        design_geo_test(market_panel(9, level=Level.NATIONAL), question(channel="tv"))


@pytest.mark.parametrize(
    "changes",
    [
        {"weeks": 0},
        {"geos_min": 3, "geos_max": 2},
        {"power": 80},
        {"level": 1.0},
        {"budget": -5.0},
        {"budget": 5.0},
        {"mde": 0.0},
        {"mde": 5.0},
        {"mde": float("nan")},
        {"iroas": float("inf")},
        {"cells": 0},
        {"include": ("a",), "exclude": ("a",)},
    ],
)
def test_a_question_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(GeoTestError):
        question(**changes)


def test_a_channel_that_spends_nothing_cannot_be_withheld_but_can_be_raised(market_panel: Made) -> None:
    read = market_panel(9)
    silent = replace(read, panel=replace(read.panel, spend=np.zeros_like(read.panel.spend)))
    with pytest.raises(GeoTestError, match="tv spent nothing in the last 1 weeks"):
        design_geo_test(silent, question(channel="tv"))
    raised = design_geo_test(silent, question(channel="tv", kind=ExperimentKind.HEAVY_UP, budget=900.0)).designs[0]
    assert sum(row.planned for row in raised.money.plan) == pytest.approx(900)
    assert all(row.usual == 0 for row in raised.money.plan)


def test_where_nothing_is_spent_nothing_is_withheld(market_panel: Made) -> None:
    read = market_panel(9)
    spend = read.panel.spend.copy()
    spend[:6, -7:] = 0.0
    partly = replace(read, panel=replace(read.panel, spend=spend))
    for design in design_geo_test(partly, question(channel="tv")).designs:
        assert not set(design.treated) & {f"geo {number}" for number in range(6)}
    with pytest.raises(GeoTestError, match="spent nothing lately in geo 2"):
        design_geo_test(partly, question(channel="tv", include=("geo 2",)))


def test_what_can_be_detected_for_a_budget(market_panel: Made) -> None:
    """A heavy-up without an expected return: the budget is spent, and the least return is found by hand."""
    read = market_panel(10)
    answer = design_geo_test(read, question(channel="tv", kind=ExperimentKind.HEAVY_UP, budget=500.0))
    told, best = answer.to_json()["detectable"], answer.designs[0]
    rows = [read.panel.geos.index(geo) for geo in best.treated]
    assert best.mde is not None
    assert told["cost"] == 500.0
    assert told["iroas"] == pytest.approx(best.mde * read.panel.sales[rows, -7:].sum() / 500)
    assert sum(row.planned - row.usual for row in best.money.plan) == pytest.approx(500)


def test_lengths_are_compared_and_the_least_test_that_will_do_comes_first(market_panel: Made) -> None:
    read = market_panel(11, days=100)
    asked = question(geos_max=4, channel="tv", iroas=2.0)
    open_question = design_geo_test(read, asked, (1, 2))
    assert [(row.weeks, row.geos) for row in open_question.trade_off] == [
        (weeks, geos) for weeks in (1, 2) for geos in (2, 3, 4)
    ]
    sharpest = min(row.mde for row in open_question.trade_off if row.mde is not None)
    answer = design_geo_test(read, replace(asked, mde=2.5 * sharpest, iroas=20.0), (1, 2))
    assert answer.recommended is not None
    needed = answer.to_json()["needed"]
    meeting = [row.cost for row in answer.trade_off if row.meets and row.cost is not None]
    assert needed["cost"] == pytest.approx(min(meeting))
    assert needed["cost"] < max(row.cost for row in answer.trade_off if row.cost is not None)
    assert answer.to_json()["question"]["weeks"] == answer.recommended.weeks


@pytest.mark.parametrize("weeks", [(1, 1), (1, 2, 3, 4, 5, 6, 7)])
def test_lengths_that_say_nothing_are_refused(market_panel: Made, weeks: tuple[int, ...]) -> None:
    with pytest.raises(GeoTestError, match="different lengths"):
        design_geo_test(market_panel(9), question(), weeks)


def test_a_length_without_room_is_left_out_and_said(market_panel: Made) -> None:
    answer = design_geo_test(market_panel(9), question(), (1, 8))
    assert {row.weeks for row in answer.trade_off} == {1}
    assert any("not every length was tried" in note for note in answer.warnings)


def test_of_many_sizes_a_few_are_tried_and_said(market_panel: Made) -> None:
    answer = design_geo_test(market_panel(12, geos=30), question(geos_max=10))
    assert {row.geos for row in answer.trade_off} >= {2, 10}
    assert len({row.geos for row in answer.trade_off}) == 6
    assert any("of 2 to 10 geos, 2, 4, 5, 7, 8, 10 were tried" in note for note in answer.warnings)
