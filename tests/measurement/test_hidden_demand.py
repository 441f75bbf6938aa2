"""Which channels are held to follow demand, and by how much."""

from dataclasses import replace

import numpy as np
import pytest

from measurement.first_pass import FirstPass
from measurement.hidden_demand import DEFAULT_CONFOUNDING, Confounders, captures_demand, find_confounders
from measurement.panel import Level, Panel
from measurement.priors import ChannelPrior, Priors
from measurement.simulate import WorldKind, WorldSpec, simulate

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
    assert confounders.channels.tolist() == [1]
    assert confounders.by_proxy.tolist() == [True]
    assert confounders.scale[0] == pytest.approx(0.3, rel=1e-6)


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
