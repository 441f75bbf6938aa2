"""Finished tests and a weekly panel in, the arrays by which the model learns from them out.

A test's lift is what the model's own curves say of the same geos and days: effects of the doses as they were, less
effects of the doses without the test, through the same adstock. A test that withheld spend is undone by giving back the
usual spend of the weeks before; one that added spend, by taking away its share of what was spent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.experiments import Experiment, week_shares
from measurement.panel import Panel
from measurement.transforms import lagged

FloatArray = NDArray[np.float64]

USUAL_WEEKS = 8
"""Weeks before a test from which the usual spend of each geo is taken."""
HALF_LIFE_WEEKS = 52.0
"""A test's precision halves with each of these between its end and the panel's: effects change."""
SET_ASIDE_SD = 0.5


@dataclass(frozen=True, eq=False)
class LiftInputs:
    """M tests on J pairs of test and channel; W weeks of the longest window.

    Attributes:
        names: of the tests, length M.
        lift, sd: in money, `(M,)`; the standard error as it counts, grown with age.
        of_test: which pairs belong to a test, `(M, J)`, 0 or 1.
        of_channel: which channel a pair is of, `(J, C)`, 0 or 1.
        actual_dose, counterfactual_dose: lagged doses, `(J, G, W, L)`.
        weight: share of each geo-week that counts, `(J, G, W)`.
        time: the model's time in these weeks, `(J, W)`.
        set_aside: a column per test that takes the level of its geo-weeks out of the panel's own evidence, since the
            test's lift is that evidence, `(G, N, S)`; tests of all geos at once have none.
    """

    names: tuple[str, ...]
    lift: FloatArray
    sd: FloatArray
    of_test: FloatArray
    of_channel: FloatArray
    actual_dose: FloatArray
    counterfactual_dose: FloatArray
    weight: FloatArray
    time: FloatArray
    set_aside: FloatArray

    @property
    def channels_tested_alone(self) -> list[int]:
        """The channel of each test that was of one channel only."""
        channel = self.of_channel.argmax(axis=1)
        return [int(channel[row.argmax()]) for row in self.of_test if row.sum() == 1]


def lift_inputs(
    tests: Sequence[Experiment], panel: Panel, dose: FloatArray, time: FloatArray, lags: int, burn_in: int
) -> LiftInputs:
    """Arrays of at least one checked test.

    Args:
        tests: finished tests that speak of this panel.
        panel: the weekly panel.
        dose: doses per head, `(C, G, T)`.
        time: the model's time, `(T,)`.
        lags: weeks of memory of the adstock.
        burn_in: the panel's first weeks that are not fitted.
    """
    pairs = [(row, panel.channel_names.index(name)) for row, test in enumerate(tests) for name in test.channels]
    windows = [_window(panel, tests[row]) for row, _ in pairs]
    longest = max(len(window) for window in windows)
    shape = (len(pairs), len(panel.geos), longest)
    actual, without = np.zeros((*shape, lags)), np.zeros((*shape, lags))
    weight, at = np.zeros(shape), np.zeros((len(pairs), longest))
    for place, ((row, channel), window) in enumerate(zip(pairs, windows, strict=True)):
        test, size = tests[row], len(window)
        before = dose[channel][:, :4].mean(axis=1)
        changed = dose[channel] + _given_back(test, panel, dose, channel)
        actual[place, :, :size] = lagged(dose[channel], lags, before)[:, window]
        without[place, :, :size] = lagged(changed, lags, before)[:, window]
        treated = np.isin(panel.geos, test.geos)
        weight[place, :, :size] = treated[:, None] * week_shares(panel, test.start, test.last_day)[window]
        at[place, :size] = time[window]
    return LiftInputs(
        names=tuple(test.name for test in tests),
        lift=np.array([test.lift for test in tests]),
        sd=np.array([test.lift_sd * _ageing(panel, test) for test in tests]),
        of_test=np.array([[float(row == of) for of, _ in pairs] for row in range(len(tests))]),
        of_channel=np.array([[float(channel == c) for c in range(len(dose))] for _, channel in pairs]),
        actual_dose=actual,
        counterfactual_dose=without,
        weight=weight,
        time=at,
        set_aside=_set_aside(tests, panel, burn_in),
    )


def _window(panel: Panel, test: Experiment) -> NDArray[np.int64]:
    return np.flatnonzero(week_shares(panel, test.start, test.last_day))


def _ageing(panel: Panel, test: Experiment) -> float:
    """Growth of the standard error with the test's age."""
    age = (panel.dates[-1] + np.timedelta64(6, "D") - np.datetime64(test.last_day, "D")).astype(np.float64) / 7.0
    return float(2.0 ** (max(float(age), 0.0) / HALF_LIFE_WEEKS / 2.0))


def _given_back(test: Experiment, panel: Panel, dose: FloatArray, channel: int) -> FloatArray:
    """What the channel's dose would have been without the test, less what it was, `(G, T)`."""
    pattern = _pattern(test, panel)
    total = pattern.sum()
    spend = -test.spend_change * pattern[:, :, channel] / total if total > 0 else np.zeros(pattern.shape[:2])
    people = panel.population[:, None]
    dose_per_money = (dose[channel] * people).sum() / panel.spend[:, :, channel].sum()
    change: FloatArray = np.maximum(spend * dose_per_money / people, -dose[channel])
    return change


def _pattern(test: Experiment, panel: Panel) -> FloatArray:
    """How the change of spend lay over geos, weeks and channels, `(G, T, C)`, up to a factor."""
    treated = np.isin(panel.geos, test.geos).astype(np.float64)
    tested = np.isin(panel.channel_names, test.channels).astype(np.float64)
    days = week_shares(panel, test.start, test.end)
    if test.spend_change > 0:
        return panel.spend * treated[:, None, None] * days[:, None] * tested
    first = int(np.flatnonzero(days)[0])
    usual = panel.spend[:, max(0, first - USUAL_WEEKS) : first].mean(axis=1) if first > 0 else panel.spend.mean(axis=1)
    usual = usual * treated[:, None] * tested
    if usual.sum() == 0:
        usual = panel.spend.mean(axis=1) * treated[:, None] * tested
    if usual.sum() == 0:
        usual = panel.population[:, None] * treated[:, None] * tested
    pattern: FloatArray = usual[:, None, :] * days[None, :, None]
    return pattern


def _set_aside(tests: Sequence[Experiment], panel: Panel, burn_in: int) -> FloatArray:
    columns = [
        SET_ASIDE_SD * np.isin(panel.geos, test.geos)[:, None] * week_shares(panel, test.start, test.last_day)[burn_in:]
        for test in tests
        if set(test.geos) != set(panel.geos)
    ]
    shape = (len(panel.geos), len(panel.dates) - burn_in)
    return np.stack(columns, axis=2) if columns else np.zeros((*shape, 0))
