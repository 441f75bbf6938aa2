"""A finished test from file to verdict: known lifts come back, JSON has its keys, verdicts say what is so."""

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from api.plain_json import as_text
from measurement.geotest.analysis import analyze_geo_test
from measurement.geotest.finding import Range
from measurement.geotest.result import Effect, GeoTestResult
from measurement.geotest.specification import AnalysisSettings, Estimator, GeoPair, GeoTest, Window
from measurement.geotest.verdict import verdict
from measurement.panel import Channel, Outcome, Panel
from measurement.reading import ReadPanel

FIRST = date(2024, 1, 1)
TREATED = ("geo 0", "geo 1", "geo 2")


def made(lift: float = 0.1, tail: float = 0.0, heavy_up: float = 25.0) -> ReadPanel:
    """20 geos x 100 days; 25 a day more in three geos on days 70 to 84 lifts sales, the tail lasts ten days."""
    rng = np.random.default_rng(7)
    days = np.arange(100)
    noise = np.zeros((20, 100))
    for number in days[1:]:
        noise[:, number] = 0.4 * noise[:, number - 1] + 0.03 * rng.standard_normal(20)
    sales = rng.uniform(500, 1500, (20, 1)) * (1 + 0.1 * np.sin(2 * np.pi * days / 7) + noise)
    sales[:3, 70:85] *= 1 + lift
    sales[:3, 85:95] *= 1 + tail
    spend = np.full((20, 100, 1), 10.0)
    spend[:3, 70:85] += heavy_up
    panel = Panel(
        dates=np.datetime64(FIRST) + days,
        geos=tuple(f"geo {number}" for number in range(20)),
        outcomes=(Outcome("sales"),),
        outcome_values=sales[:, :, None],
        channels=(Channel("tv"),),
        spend=spend,
        exposure=spend,
        attributed_sales=np.full(spend.shape, np.nan),
        controls=(),
        control_values=np.zeros((20, 100, 0)),
        population=sales.mean(axis=1),
        currency="USD",
    )
    return ReadPanel(panel, left_out=("geo 99",))


def finished(cooldown: int | None = None, spend: str | None = "tv") -> GeoTest:
    end = FIRST + timedelta(days=84)
    until = None if cooldown is None else end + timedelta(days=cooldown)
    return GeoTest(Window(FIRST + timedelta(days=70), end, until), TREATED, spend=spend)


@pytest.fixture(scope="module")
def result() -> GeoTestResult:
    return analyze_geo_test(made(), finished(), AnalysisSettings(break_even_iroas=2.0))


def test_a_known_lift_comes_back(result: GeoTestResult) -> None:
    truth = float((made().panel.sales - made(lift=0.0).panel.sales).sum())
    effect = result.effect
    assert effect.lift.low <= truth <= effect.lift.high
    assert effect.lift.estimate == pytest.approx(truth, rel=0.25)
    assert effect.percent_lift.estimate == pytest.approx(0.1, abs=0.025)
    assert effect.att.estimate == pytest.approx(effect.lift.estimate / 45)
    assert effect.spend_change == Range(pytest.approx(1125), pytest.approx(1125), pytest.approx(1125))
    assert effect.iroas is not None
    assert effect.iroas.estimate == pytest.approx(effect.lift.estimate / 1125)
    assert result.estimator is Estimator.BAYESIAN_SCM
    assert result.verdict.startswith("It paid: ")
    assert result.left_out == ("geo 99",)


def test_the_json_has_the_public_keys_and_no_numpy(result: GeoTestResult) -> None:
    told = json.loads(as_text(result.to_json()))
    keys = (
        "estimator lift percent_lift att p_value level spend_change iroas iroas_refused_because pre_fit placebo weights"
    )
    assert set(keys.split()) | {"left_out", "verdict"} <= told.keys()
    for name in ("lift", "percent_lift", "att", "iroas"):
        assert told[name].keys() == {"estimate", "low", "high"}
    assert told["pre_fit"].keys() == {"l2", "scaled_l2", "periods"}
    assert {"placements", "false_positive_rate"} <= told["placebo"].keys()
    assert told["placebo"]["placements"] >= 100
    assert set(told["weights"]) == {f"geo {number}" for number in range(3, 20)}
    assert abs(told["percent_lift"]["estimate"]) < 1


def test_the_series_of_the_plots_add_up_to_the_lift(result: GeoTestResult) -> None:
    gap = (result.series.observed - result.series.counterfactual)[70:]
    assert gap.sum() == pytest.approx(result.effect.lift.estimate)


def test_the_cooldown_is_counted_both_ways() -> None:
    found = analyze_geo_test(made(tail=0.1), finished(cooldown=10), AnalysisSettings())
    assert found.with_cooldown is not None
    assert found.with_cooldown.lift.estimate > 1.3 * found.effect.lift.estimate
    assert len(found.series.dates) == 95
    alone = analyze_geo_test(made(tail=0.1), finished(), AnalysisSettings())
    assert alone.effect == found.effect
    assert alone.with_cooldown is None


def test_no_spend_change_gives_the_lift_and_a_reason() -> None:
    found = analyze_geo_test(made(heavy_up=0.0), finished(), AnalysisSettings())
    assert found.effect.iroas is None
    assert "spend did not change in the test" in str(found.effect.iroas_refused_because)
    assert found.verdict.startswith("Sales rose by")


def test_a_return_of_something_not_in_money_is_refused() -> None:
    read = made()
    visits = replace(read.panel, outcomes=(Outcome("visits", in_money=False),))
    found = analyze_geo_test(replace(read, panel=visits), finished(), AnalysisSettings(Estimator.TBR))
    assert found.effect.iroas is None
    assert "visits is not in money" in str(found.effect.iroas_refused_because)
    assert found.verdict.startswith("Visits rose by")
    assert found.currency == ""


def test_nothing_found_is_an_interval_and_never_no_effect() -> None:
    found = analyze_geo_test(made(lift=0.0), finished(spend=None), AnalysisSettings())
    assert found.effect.p_value > 0.1
    assert found.verdict.startswith("Open: ")
    assert "no effect" not in found.verdict


def test_pairs_are_analysed_by_their_coin() -> None:
    pairs = tuple(GeoPair(str(n), f"geo {n}", f"geo {n + 10}") for n in range(8))
    test = replace(finished(), treated=tuple(pair.treated for pair in pairs), pairs=pairs)
    found = analyze_geo_test(made(), test, AnalysisSettings())
    assert found.estimator is Estimator.RANDOMISATION
    assert "within pairs" in found.inference
    matched = analyze_geo_test(made(), test, AnalysisSettings(Estimator.TRIMMED_MATCH))
    assert matched.effect.iroas is not None
    assert matched.effect.spend_change is not None


@pytest.mark.parametrize(
    "estimator", [estimator for estimator in Estimator if estimator is not Estimator.TRIMMED_MATCH]
)
def test_every_estimator_answers(estimator: Estimator) -> None:
    found = analyze_geo_test(made(), finished(), AnalysisSettings(estimator))
    assert found.effect.percent_lift.estimate == pytest.approx(0.1, abs=0.04)
    assert found.placebos.p_values.size


@pytest.mark.parametrize(
    ("returned", "start"),
    [
        (Range(3, 2.5, 4), "It paid"),
        (Range(1, 0.5, 1.5), "It did not pay"),
        (Range(2.2, 0.5, 4), "It sold, but whether it paid is open"),
        (Range(1.0, -1, 3), "Open"),
        (Range(-1.0, -2, -0.5), "It did not pay"),
    ],
)
def test_verdicts_against_break_even(returned: Range, start: str) -> None:
    effect = Effect(Range(1, 0, 2), Range(0.1, 0, 0.2), Range(1, 0, 2), 0.1, Range(1, 1, 1), returned, None)
    assert verdict(effect, "sales", AnalysisSettings(break_even_iroas=2.0)).startswith(start)


@pytest.mark.parametrize(
    ("lift", "start"),
    [
        (Range(0.05, 0.01, 0.09), "Sales rose by 5.0 %"),
        (Range(-0.05, -0.09, -0.01), "Sales fell by 5.0 % (90 % interval 1.0 % to 9.0 %)"),
        (Range(0.02, -0.03, 0.07), "Open: the change in sales is 2.0 %"),
    ],
)
def test_verdicts_on_the_lift_alone(lift: Range, start: str) -> None:
    effect = Effect(Range(1, 0, 2), lift, Range(1, 0, 2), 0.1, None, None, "no spend column")
    assert verdict(effect, "sales", AnalysisSettings()).startswith(start)


def test_an_unbounded_interval_says_so() -> None:
    effect = Effect(Range(1, -np.inf, np.inf), Range(0.1, -1, np.inf), Range(1, -np.inf, np.inf), 1.0, None, None, "")
    assert "do not bound" in verdict(effect, "sales", AnalysisSettings(level=0.95))
