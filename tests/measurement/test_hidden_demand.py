"""Which channels are held to follow demand, and by how much."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from measurement.first_pass import FirstPass, first_pass, two_way_residual
from measurement.hidden_demand import (
    DEFAULT_CONFOUNDING,
    NOTICEABLE_CORRELATION,
    Confounders,
    captures_demand,
    find_confounders,
    predicted_demand,
)
from measurement.panel import Level, Panel
from measurement.priors import ChannelPrior, Priors
from measurement.simulate import WorldKind, WorldSpec, simulate

FloatArray = NDArray[np.float64]

GEOS, WEEKS = 12, 60


@pytest.fixture
def panel() -> Panel:
    return simulate(WorldSpec(WorldKind.PLAIN, GEOS, WEEKS, 3, seed=2)).panel


def found(panel: Panel, priors: Priors, demand: np.ndarray, noise: float = 0.05) -> Confounders:
    geos = len(panel.geos)
    first = FirstPass(np.zeros((geos, WEEKS)), np.ones(geos), noise, np.zeros(WEEKS), demand)
    dose = np.moveaxis(panel.spend, 2, 0) / panel.spend.mean(axis=(0, 1))[:, None, None]
    return find_confounders(panel, priors, dose, first, np.zeros((WEEKS, 1)))


def stated(**changes: object) -> Priors:
    return Priors(channels=(("social", replace(ChannelPrior(), **changes)),))


def test_a_proxy_that_moves_with_spend_gives_the_scale(panel: Panel) -> None:
    follows = 0.3 * np.log1p(panel.spend[:, :, 1] / panel.spend[:, :, 1].mean())
    confounders = found(panel, Priors(), follows)
    assert 1 in confounders.channels
    place = confounders.channels.tolist().index(1)
    assert confounders.by_proxy[place]
    assert confounders.scale[place] == 1.0
    np.testing.assert_allclose(confounders.columns[place], two_way_residual(follows), atol=0.03 * follows.std())


def test_a_proxy_that_tells_nothing_leaves_the_name_to_decide(panel: Panel) -> None:
    confounders = found(panel, Priors(), np.zeros((GEOS, WEEKS)))
    assert confounders.channels.tolist() == [panel.channel_names.index("search")]
    assert confounders.scale.tolist() == [DEFAULT_CONFOUNDING]
    assert not confounders.by_proxy.any()


def test_what_is_stated_goes_before_proxy_and_name(panel: Panel) -> None:
    nothing = np.zeros((GEOS, WEEKS))
    assert found(panel, stated(confounding=0.2), nothing).scale.tolist() == [DEFAULT_CONFOUNDING, 0.2]
    assert found(panel, stated(follows_demand=True), nothing).channels.tolist() == [0, 1]
    default = Priors(default=ChannelPrior(follows_demand=False))
    assert len(found(panel, default, nothing).channels) == 0


def test_a_national_channel_gets_a_column_in_time_only_where_it_is_stated(panel: Panel) -> None:
    national = replace(panel, channels=tuple(replace(channel, level=Level.NATIONAL) for channel in panel.channels))
    assert len(found(national, Priors(), np.zeros((GEOS, WEEKS))).channels) == 0
    confounders = found(national, stated(follows_demand=True), np.zeros((GEOS, WEEKS)))
    assert confounders.channels.tolist() == [1]
    assert np.ptp(confounders.columns[0], axis=0).max() < 1e-12
    assert abs(confounders.columns[0].mean()) < 1e-9


@pytest.mark.parametrize(
    ("name", "prior", "expected"),
    [
        ("Paid Search", ChannelPrior(), True),
        ("tv", ChannelPrior(), False),
        ("tv", ChannelPrior(follows_demand=True), True),
        ("search", ChannelPrior(follows_demand=False), False),
    ],
)
def test_a_name_decides_unless_something_is_stated(name: str, prior: ChannelPrior, expected: bool) -> None:
    assert captures_demand(name, prior) is expected


class DemandMarket:
    """Hidden demand moves sales and spend; a proxy sees it with error. Many cells, so that estimates are sharp."""

    geos, weeks, effect = 150, 160, 0.08

    def __init__(self, reliability_noise: float, follows: float, memory: float = 0.0) -> None:
        rng = np.random.default_rng(17)
        shape = (self.geos, self.weeks)
        demand = lfilter([np.sqrt(1 - memory**2)], [1.0, -memory], rng.standard_normal((self.geos, self.weeks + 50)))
        demand = demand[:, 50:]
        self.proxy = demand + reliability_noise * rng.standard_normal(shape)
        self.spend_log = follows * demand + 0.4 * rng.standard_normal(shape)
        self.anomaly = two_way_residual(self.spend_log)
        self.sales = self.effect * demand + 0.03 * rng.standard_normal(shape)
        # No effect of its own: what least squares gives to spend is demand.
        dose = rng.gamma(3.0, 1 / 3, size=(1, *shape))
        self.found = first_pass(self.sales, dose, np.zeros((self.weeks, 0)), self.proxy[:, :, None], np.array([True]))

    def predicted(self) -> tuple[FloatArray, float]:
        return predicted_demand(self.anomaly, two_way_residual(self.found.demand))

    def left_on(self, media: FloatArray, *others: FloatArray) -> float:
        """What least squares leaves on media, which do nothing, beside the proxy and others."""
        columns = [two_way_residual(values).ravel() for values in (media, self.proxy, *others)]
        return float(np.linalg.lstsq(np.stack(columns, axis=1), two_way_residual(self.sales).ravel())[0][0])


@pytest.mark.parametrize("error", [0.5, 1.0])
@pytest.mark.parametrize("follows", [0.2, 0.5])
def test_the_prediction_times_unreliability_is_what_least_squares_leaves_on_spend(error: float, follows: float) -> None:
    """Errors in variables: `kappa pi (1 - r) / r` with r the proxy's reliability given spend."""
    market = DemandMarket(error, follows)
    slope = follows / (follows**2 + 0.4**2)
    demand_given_spend = 1 - slope * follows
    reliability = demand_given_spend / (demand_given_spend + error**2)
    without_spend = market.effect / (1 + error**2)
    predicted, _ = market.predicted()
    elasticity = float((predicted * market.anomaly).sum() / (market.anomaly**2).sum())
    assert elasticity == pytest.approx(without_spend * slope, rel=0.06)
    expected = market.effect * reliability * slope * (1 - reliability) / reliability
    assert market.left_on(market.spend_log) == pytest.approx(expected, abs=0.003)
    assert expected > 0.01


def test_spend_that_ignores_demand_is_not_taken_to_follow_it() -> None:
    predicted, correlation = DemandMarket(0.5, 0.0).predicted()
    assert correlation < NOTICEABLE_CORRELATION / 2
    assert predicted.std() < 0.01


def test_weeks_before_and_after_take_lasting_demand_off_adstocked_media() -> None:
    market = DemandMarket(1.0, 0.4, memory=0.85)
    adstocked = lfilter([0.4], [1.0, -0.6], market.spend_log)
    predicted, _ = market.predicted()
    alone = market.left_on(adstocked, market.spend_log)
    assert alone > 0.02
    assert abs(market.left_on(adstocked, predicted)) < 0.4 * alone
