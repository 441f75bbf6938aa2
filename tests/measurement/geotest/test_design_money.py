"""What a test costs: GeoLift's published investments, plans by geo and week, and a word on too much spend."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from measurement.geotest.design_money import money_of, spend_notes
from measurement.geotest.design_question import DesignQuestion, ExperimentKind
from measurement.geotest.market import market_of, market_without_wishes
from measurement.reading import ReadPanel

Made = Callable[..., ReadPanel]


def test_investments_of_geolifts_market_selection(shared_data: Path) -> None:
    """A heavy-up to an effect costs that effect's units times the cost of each, over the panel's last days."""
    published = json.loads((shared_data / "geo" / "published_results.json").read_text())["geolift_market_selection"]
    table = pd.read_csv(shared_data / "geo" / "geolift_pretest.csv").pivot_table(
        index="location", columns="date", values="Y"
    )
    outcome, places = table.to_numpy(dtype=np.float64), list(table.index)
    question = DesignQuestion(ExperimentKind.HEAVY_UP, iroas=1 / published["args"]["cpic"])
    assert len(published["rows"]) == 6
    for row in published["rows"]:
        told = dict(zip(published["columns"], row, strict=True))
        rows = np.array([places.index(city) for city in told["location"].split(", ")])
        market = market_without_wishes(outcome, np.arange(len(outcome)), told["duration"])
        money = money_of(market, question, rows, told["EffectSize"])
        assert money.cost == money.spend_change == pytest.approx(told["Investment"], abs=0.01)
        assert outcome[rows].sum() / outcome.sum() == pytest.approx(told["ProportionTotal_Y"], abs=1e-6)


def test_usual_spend_is_that_of_the_last_weeks_week_by_week(market_panel: Made) -> None:
    read = market_panel(1)
    read.panel.spend[:, -14:-7] *= 2
    read.panel.spend[1] *= 3
    asked = DesignQuestion(weeks=2, channel="tv", iroas=2.0)
    rows = np.array([0, 1])
    money = money_of(market_of(read, asked), asked, rows, 0.1)
    assert [(row.geo, row.week, row.usual, row.planned) for row in money.plan] == [
        ("geo 0", 1, 280.0, 0.0),
        ("geo 0", 2, 140.0, 0.0),
        ("geo 1", 1, 840.0, 0.0),
        ("geo 1", 2, 420.0, 0.0),
    ]
    assert money.spend_change == -1680.0
    assert money.cost == 3360.0
    assert money.detectable_iroas == pytest.approx(0.1 * read.panel.sales[:2, -14:].sum() / 1680)


@pytest.mark.parametrize(("budget", "said"), [(None, False), (300.0, False), (3000.0, True)])
def test_a_heavy_up_far_beyond_usual_spend_is_told(market_panel: Made, budget: float | None, said: bool) -> None:
    """Two geos spend 280 a week; without budget and expected return the plan is twice that."""
    asked = DesignQuestion(ExperimentKind.HEAVY_UP, weeks=1, channel="tv", budget=budget)
    money = money_of(market_of(market_panel(1), asked), asked, np.array([0, 1]), 0.1)
    assert sum(row.planned - row.usual for row in money.plan) == pytest.approx(budget or 280.0)
    assert bool(spend_notes(money)) == said


def test_without_a_channel_there_is_no_plan(market_panel: Made) -> None:
    asked = DesignQuestion(weeks=1)
    money = money_of(market_of(market_panel(1), asked), asked, np.array([0]), 0.1)
    assert (money.spend_change, money.cost, money.plan, money.detectable_iroas) == (None, None, (), None)
