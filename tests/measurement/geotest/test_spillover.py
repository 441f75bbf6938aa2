"""Spillover between units: known cannibalisation comes back, none is not made up, and a test's lift is put right."""

from datetime import date

import numpy as np
import pytest

from measurement.errors import GeoTestError
from measurement.geotest.specification import AnalysisSettings, GeoTest, Window
from measurement.geotest.spillover import SpilloverStatus, UnitWeeks, past_spillover
from measurement.geotest.spillover_check import check_spillover
from measurement.panel import Channel, Outcome, Panel
from measurement.reading import ReadPanel

UNITS = tuple(f"g{number}" for number in range(12))
NEIGHBOURS = {unit: frozenset({UNITS[row ^ 1]}) for row, unit in enumerate(UNITS)}
WEEKS = 104
SETTINGS = AnalysisSettings(level=0.9)


def weeks(seed: int, effect: float, *, noise: float = 0.02) -> UnitWeeks:
    """Twelve units in pairs; each sells this share less for its partner's usual spend, and 5 % more for its own."""
    rng = np.random.default_rng(seed)
    spend = rng.lognormal(4, 0.3, (12, 1)) * rng.lognormal(0, 0.4, (12, WEEKS))
    relative = spend / spend.mean(axis=1, keepdims=True)
    common = 0.1 * np.sin(np.arange(WEEKS) / 8) + 0.03 * rng.standard_normal(WEEKS)
    crossed = np.log1p(effect) * relative[np.arange(12) ^ 1]
    sold = 1e4 * np.exp(common + 0.05 * relative + crossed + noise * rng.standard_normal((12, WEEKS)))
    return UnitWeeks(UNITS, sold, spend)


@pytest.mark.parametrize("effect", [-0.04, 0.0, 0.03])
def test_without_noise_the_cross_effect_comes_back(effect: float) -> None:
    found = past_spillover(weeks(1, effect, noise=1e-6), NEIGHBOURS, 0.9)
    assert len(found.effects) == 1
    assert found.effects[0].effect.estimate == pytest.approx(effect, abs=1e-5)


def test_cannibalisation_is_seen_and_its_pair_is_named() -> None:
    sold = weeks(2, 0.0)
    taken = np.exp(-0.06 * sold.spend[4] / sold.spend[4].mean())
    one = UnitWeeks(
        UNITS, sold.sold * np.where(np.arange(12) == 9, 1.0, 0.0)[:, None] * (taken - 1) + sold.sold, sold.spend
    )
    found = past_spillover(one, None, 0.9)
    assert found.status is SpilloverStatus.SEEN
    assert len(found.effects) == 132
    assert (found.effects[0].unit, found.effects[0].source) == ("g9", "g4")
    assert found.effects[0].effect.touches(np.expm1(-0.06))
    assert found.effects[0].effect.high < 0


def test_where_there_is_none_it_says_within_what() -> None:
    found = past_spillover(weeks(3, 0.0), NEIGHBOURS, 0.9)
    assert found.status is SpilloverStatus.NONE_SEEN
    assert found.within is not None
    assert found.within < 0.02


def test_noise_that_hides_everything_cannot_tell() -> None:
    assert past_spillover(weeks(4, 0.0, noise=0.8), NEIGHBOURS, 0.9).status is SpilloverStatus.CANNOT_TELL


def test_spend_that_moves_alike_everywhere_cannot_tell() -> None:
    panel = weeks(5, 0.0)
    alike = UnitWeeks(UNITS, panel.sold, np.outer(np.arange(1.0, 13.0), panel.spend[0]))
    found = past_spillover(alike, None, 0.9)
    assert found.effects == ()
    assert found.within is None
    assert found.status is SpilloverStatus.CANNOT_TELL


def test_false_alarms_are_as_rare_as_the_level_says() -> None:
    alarms = [past_spillover(weeks(seed, 0.0), NEIGHBOURS, 0.9).status is SpilloverStatus.SEEN for seed in range(150)]
    # Three standard errors of a share of 10 % over 150 panels.
    assert abs(np.mean(alarms) - 0.1) < 3 * np.sqrt(0.1 * 0.9 / 150)


def panel_of(units: UnitWeeks, lift: float, taken: float) -> ReadPanel:
    """A weekly panel whose last eight weeks are a test in g0, with this lift and what it takes from its partner g1."""
    sold = units.sold.copy()
    sold[0, -8:] *= 1 + lift
    sold[1, -8:] *= 1 - taken
    cube = (12, WEEKS, 1)
    return ReadPanel(
        Panel(
            dates=np.datetime64("2023-01-02") + 7 * np.arange(WEEKS),
            geos=UNITS,
            outcomes=(Outcome("sales"),),
            outcome_values=sold.reshape(cube),
            channels=(Channel("search"),),
            spend=units.spend.reshape(cube),
            exposure=units.spend.reshape(cube),
            attributed_sales=np.full(cube, np.nan),
            controls=(),
            control_values=np.zeros((12, WEEKS, 0)),
            population=np.ones(12),
        )
    )


def window(periods: int = 8) -> Window:
    start = np.datetime64("2023-01-02") + 7 * (WEEKS - periods)
    return Window(start.item(), (start + 7 * periods - 1).item())


def test_sales_taken_from_a_control_are_found_and_the_lift_is_put_right() -> None:
    read = panel_of(weeks(6, 0.0, noise=0.01), lift=0.2, taken=0.15)
    answer = check_spillover(read, "search", GeoTest(window(), ("g0",)), NEIGHBOURS, SETTINGS)
    after = answer.after
    assert after is not None
    assert after.status is SpilloverStatus.SEEN
    assert after.exposed == ("g1",)
    assert after.spillover.percent_lift.estimate == pytest.approx(-0.15, abs=0.02)
    assert after.overstated_by > 0
    assert answer.drop_as_controls == ("g1",)
    assert after.treated.percent_lift.touches(0.2)
    assert "Drop them" in answer.verdict
    told = answer.to_json()["after"]
    assert told["net_lift"] == pytest.approx(after.treated.lift.estimate + after.spillover.lift.estimate)


def test_a_test_without_spillover_says_so() -> None:
    read = panel_of(weeks(7, 0.0, noise=0.005), lift=0.2, taken=0.0)
    answer = check_spillover(read, "search", GeoTest(window(), ("g0",)), NEIGHBOURS, SETTINGS)
    assert answer.after is not None
    assert answer.after.status is SpilloverStatus.NONE_SEEN
    assert answer.drop_as_controls == ()


@pytest.mark.parametrize(
    ("neighbours", "treated", "words"),
    [
        (None, ("g0",), "--substitutes FILE"),
        (NEIGHBOURS, ("g0", "g1"), "no control is a substitute"),
        ({unit: frozenset({"g0"}) for unit in UNITS[1:11]}, ("g0",), "only 1 controls are no substitutes"),
        (NEIGHBOURS, ("g99",), "'g99' is not in the panel"),
    ],
)
def test_what_cannot_be_checked(
    neighbours: dict[str, frozenset[str]] | None, treated: tuple[str, ...], words: str
) -> None:
    read = panel_of(weeks(8, 0.0), 0.1, 0.0)
    with pytest.raises(GeoTestError, match=words):
        check_spillover(read, "search", GeoTest(window(), treated), neighbours, SETTINGS)


def test_too_short_a_past_is_refused() -> None:
    read = panel_of(weeks(9, 0.0), 0.1, 0.0)
    early = GeoTest(Window(date(2023, 4, 3), date(2023, 4, 30)), ("g0",))
    with pytest.raises(GeoTestError, match="weeks before the test"):
        check_spillover(read, "search", early, NEIGHBOURS, SETTINGS)
