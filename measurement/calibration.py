"""What finished tests did to a model: expected lifts before and after in, one `LearntTest` per test out."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from measurement.conditional import lifts_by_geo, media_of
from measurement.experiments import Experiment
from measurement.interval import Interval, summarise
from measurement.preparation import ModelInputs
from measurement.report import LearntTest

FloatArray = NDArray[np.float64]

CONTRADICTS_SDS = 2.0
"""A lift this many joint standard deviations from what the panel alone expected contradicts it: one case in twenty."""


def expected_lifts(inputs: ModelInputs, draws: Mapping[str, FloatArray]) -> FloatArray:
    """Lifts of the tests in `inputs` as each draw has them, geos' own effects included, `(D, M)`, in money."""
    lifts = inputs.lifts
    assert lifts is not None
    channel = lifts.of_channel.argmax(axis=1)
    rows = []
    for index in range(len(draws["rho"])):
        draw = {name: values[index] for name, values in draws.items()}
        by_geo = lifts_by_geo(inputs, lifts, draw, media_of(inputs, draw))
        rows.append(lifts.of_test @ (by_geo * draw["geo_effect"][channel]).sum(axis=1))
    return np.stack(rows)


def learnt_tests(
    tests: Sequence[Experiment], inputs: ModelInputs, before: FloatArray, after: FloatArray
) -> tuple[LearntTest, ...]:
    """One entry per test.

    Args:
        tests: as they were given.
        inputs: with these tests.
        before, after: expected lifts `(D, M)` by the panel alone, and with the tests.
    """
    assert inputs.lifts is not None
    return tuple(
        _learnt(test, float(inputs.lifts.sd[row]), summarise(before[:, row]), summarise(after[:, row]))
        for row, test in enumerate(tests)
    )


def _learnt(test: Experiment, sd: float, before: Interval, after: Interval) -> LearntTest:
    apart = (test.lift - before.mean) / float(np.hypot(before.sd, sd))
    contradicts = abs(apart) > CONTRADICTS_SDS
    return LearntTest(
        test.name,
        test.channels,
        test.lift,
        test.lift_sd,
        sd,
        before,
        after,
        contradicts,
        _sentence(test, sd, apart, contradicts),
    )


def _sentence(test: Experiment, sd: float, apart: float, contradicts: bool) -> str:
    aged = f" It counts with a standard error of {sd:,.0f} for its age." if sd > 1.1 * test.lift_sd else ""
    if contradicts:
        return (
            f"{test.name} contradicts the panel: its lift lies {abs(apart):.1f} standard deviations "
            f"{'above' if apart > 0 else 'below'} what the panel alone expected. Check dates, geos and spend of the "
            f"test, and what else happened then, before you act on either.{aged}"
        )
    return f"{test.name} agrees with the panel ({abs(apart):.1f} standard deviations apart).{aged}"
