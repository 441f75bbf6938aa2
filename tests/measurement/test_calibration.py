"""What tests did to a model, told from made-up draws."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from measurement.calibration import CONTRADICTS_SDS, learnt_tests
from measurement.experiments import Experiment
from measurement.preparation import ModelInputs, prepare
from measurement.priors import Priors
from measurement.simulate import WorldKind, WorldSpec, simulate

PANEL = simulate(WorldSpec(WorldKind.PLAIN, geos=4, weeks=60, channels=3, seed=5)).panel
LAST = PANEL.dates[-1].item() + timedelta(days=6)
NEW = Experiment(
    "off", ("search",), "sales", LAST - timedelta(days=27), LAST, None, ("geo_1",), -4000.0, -5000.0, 1000.0
)


def inputs_of(test: Experiment) -> ModelInputs:
    return prepare(PANEL, Priors(), (test,))


def draws(mean: float, sd: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    standard = np.linspace(-2.0, 2.0, 401)
    return (mean + sd * standard / standard.std())[:, None]


@pytest.mark.parametrize(("apart", "contradicts"), [(0.0, False), (1.9, False), (2.1, True), (-2.1, True)])
def test_a_lift_too_far_from_what_the_panel_expects_contradicts_it(apart: float, contradicts: bool) -> None:
    joint = np.hypot(2000.0, NEW.lift_sd)
    assert (abs(apart) > CONTRADICTS_SDS) is contradicts
    before, after = draws(NEW.lift - apart * joint, 2000.0), draws(-5000.0, 900.0)
    (learnt,) = learnt_tests((NEW,), inputs_of(NEW), before, after)
    assert learnt.contradicts is contradicts
    assert ("contradicts" in learnt.sentence) is contradicts
    assert learnt.expected_before.sd == pytest.approx(2000.0)
    assert learnt.expected_after.mean == pytest.approx(-5000.0)
    if contradicts:
        assert ("above" if apart > 0 else "below") in learnt.sentence
        assert "Check" in learnt.sentence


def test_an_old_test_says_how_it_counts() -> None:
    year = timedelta(weeks=40)
    old = replace(NEW, start=NEW.start - year, end=NEW.end - year)
    (learnt,) = learnt_tests((old,), inputs_of(old), draws(-5000.0, 2000.0), draws(-5000.0, 900.0))
    assert learnt.counted_sd == pytest.approx(1000.0 * 2 ** (40 / 52 / 2), rel=1e-6)
    assert "for its age" in learnt.sentence
    (new,) = learnt_tests((NEW,), inputs_of(NEW), draws(-5000.0, 2000.0), draws(-5000.0, 900.0))
    assert "for its age" not in new.sentence
