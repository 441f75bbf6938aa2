"""Every published figure for the public panels, to its printed digits or within the share asked for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from measurement.geotest.comparison import Comparison
from measurement.geotest.estimators import find, ridge_rule
from measurement.geotest.sdid import synthetic_difference_in_differences
from measurement.geotest.specification import Estimator
from measurement.geotest.synthetic_control import counterfactual, plain_weights
from measurement.geotest.tbr import time_based_regression
from measurement.geotest.trimmed_match import trimmed_match

Cities = Callable[..., Comparison]


@pytest.fixture
def published(shared_data: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((shared_data / "geo" / "published_results.json").read_text())
    return figures


def _imbalance(comparison: Comparison, predicted: np.ndarray) -> float:
    before = slice(0, comparison.periods_before)
    return float(np.sqrt(((comparison.average - predicted)[before] ** 2).sum()))


def test_geolift_walkthrough_without_augmentation(geolift: Cities, published: dict[str, Any]) -> None:
    told = published["geolift_walkthrough"]["model_none"]
    cities = geolift("geolift_test.csv", ("chicago", "portland"))
    weights, predicted = counterfactual(cities, plain_weights)
    window = slice(90, None)
    att = float((cities.average - predicted)[window].mean())
    assert round(att, 3) == told["att"]
    assert round(100 * att / predicted[window].mean(), 1) == told["percent_lift"]
    assert round(att * cities.cells) == told["incremental"]
    assert round(_imbalance(cities, predicted), 3) == told["l2"]
    shown = {name: round(float(w), 4) for name, w in zip(cities.donor_names, weights, strict=True) if w > 5e-5}
    assert shown == told["weights"]


def test_geolift_walkthrough_with_ridge(geolift: Cities, published: dict[str, Any]) -> None:
    told = published["geolift_walkthrough"]["model_best_ridge"]
    cities = geolift("geolift_test.csv", ("chicago", "portland"))
    _, predicted = counterfactual(cities, ridge_rule(cities))
    att = float((cities.average - predicted)[90:].mean())
    assert att == pytest.approx(told["att"], rel=0.005)
    assert att * cities.cells == pytest.approx(told["incremental"], rel=0.005)
    assert _imbalance(cities, predicted) == pytest.approx(told["l2"], rel=0.005)


@pytest.mark.parametrize("cell", ["cell_1", "cell_2"])
def test_geolift_multi_cell(geolift: Cities, published: dict[str, Any], cell: str) -> None:
    told = published["geolift_multicell"]
    other = "cell_2" if cell == "cell_1" else "cell_1"
    treated, without = tuple(told[cell]["locations"]), tuple(told[other]["locations"])
    cities = geolift("geolift_test_multicell.csv", treated, without)
    _, predicted = counterfactual(cities, ridge_rule(cities))
    att = float((cities.average - predicted)[90:].mean())
    assert att == pytest.approx(told[cell]["att"], rel=0.01)
    assert att * cities.cells == pytest.approx(told[cell]["incremental"], rel=0.01)
    assert att / predicted[90:].mean() == pytest.approx(told[cell]["lift"] / 100, rel=0.01)


def test_time_based_regression(shared_data: Path, published: dict[str, Any]) -> None:
    told = published["google_geoexperiments_vignette"]
    sales = pd.read_csv(shared_data / "geo" / "google_geoexp_salesandcost.csv")
    groups = pd.read_csv(shared_data / "geo" / "google_geoexp_geoassignment.csv")
    start, end = told["periods"][1:]
    totals = (
        sales.merge(groups)
        .loc[lambda frame: frame["date"] <= end]
        .pivot_table(index="date", columns="geo.group", values=["sales", "cost"], aggfunc="sum")
    )
    before = int((totals.index < start).sum())
    treated, control = totals["sales"][2].to_numpy(), totals["sales"][1].to_numpy()
    cost = float(totals["cost"].to_numpy()[before:].sum())
    assert treated[:before].sum() == pytest.approx(told["totals"]["pre_treat_sales"], abs=0.1)
    effect = time_based_regression(treated, control, before)
    iroas, error = effect.estimate / cost, effect.standard_error / cost
    one_sided = error * float(stats.t.ppf(0.9, effect.degrees_of_freedom))
    both = error * float(stats.t.ppf(0.975, effect.degrees_of_freedom))
    assert round(iroas, 6) == told["tbr1"]["iroas"]
    assert round(one_sided, 6) == told["tbr1"]["precision90_1s"]
    assert [round(iroas - both, 6), round(iroas + both, 6)] == told["tbr1"]["ci95"]
    assert round(effect.standard_error, 3) == told["tbr1"]["se"]


def test_trimmed_match_readme(published: dict[str, Any]) -> None:
    told = published["trimmed_match"]["readme"]
    found = trimmed_match(np.array(told["delta_response"]), np.array(told["delta_spend"]), told["confidence"])
    shown = [round(value, 2) for value in (found.ratio.estimate, found.ratio.low, found.ratio.high)]
    assert shown == [told["iroas"], *told["ci"]]


@pytest.mark.parametrize(("case", "trim"), [("no_trim", 0), ("auto", None)])
def test_trimmed_match_unit_test(published: dict[str, Any], case: str, trim: int | None) -> None:
    figures = published["trimmed_match"]["unit_test"]
    told = figures[case]
    response, spend = np.array(figures["delta_response"]), np.array(figures["delta_spend"])
    found = trimmed_match(response, spend, figures["confidence"], trim)
    assert round(found.ratio.estimate, 3) == told["iroas"]
    assert round(found.standard_error, 3) == told["se"]
    assert [round(found.ratio.low, 3), round(found.ratio.high, 3)] == told["ci"]
    assert list(found.trimmed) == told.get("trimmed_idx", [])


def test_difference_in_differences_of_smoking_in_california(shared_data: Path) -> None:
    """Arkhangelsky et al. (2021), table 1: -15.6 for the synthetic difference-in-differences."""
    states = pd.read_csv(shared_data / "geo" / "causalpy_prop99.csv").set_index("Year").T
    chosen = states.index == "California"
    values = states.to_numpy(dtype=np.float64)
    panel = Comparison(values[chosen], values[~chosen], 19, tuple(states.index[~chosen]), np.zeros((0, 2), np.int64))
    predicted = synthetic_difference_in_differences(panel).counterfactual
    assert round(float((panel.average - predicted)[19:].mean()), 1) == -15.6


def test_the_estimator_of_a_command_gives_the_published_figure(geolift: Cities, published: dict[str, Any]) -> None:
    cities = geolift("geolift_test.csv", ("chicago", "portland"))
    told = published["geolift_walkthrough"]
    assert round(find(Estimator.SCM, cities, 0.9, 0).lift.estimate) == told["model_none"]["incremental"]
    assert round(find(Estimator.ASCM, cities, 0.9, 0).lift.estimate) == told["model_best_ridge"]["incremental"]
