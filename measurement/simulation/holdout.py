"""Finished geo tests in a simulated market: a `World` in, the same world after a holdout out."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from measurement.errors import BadInput
from measurement.panel import Level
from measurement.simulation.spec import HISTORY_WEEKS, Stream, generator
from measurement.simulation.world import FinishedTest, World, build_world

FloatArray = NDArray[np.float64]

_TEST_WEEKS, _COOLDOWN_WEEKS = 6, 4
_SMALLEST_PANEL = {"geos": 4, "weeks": 40}


def add_holdout(world: World, channel: str = "search") -> World:
    """Stop a channel in some geos for six weeks of the panel's last year, and write the test down.

    The panel is what happened: its spend and sales carry the holdout. The lift is measured to the end of a cooldown
    of four weeks. Its error is drawn apart from the panel's noise, so that panel and test inform independently, with
    the precision of a test sized well: a standard error of 15 to 25 % of the lift (for a channel that sells nothing,
    of the spend withheld).

    Raises:
        BadInput: a world too small for a test, or a channel that cannot be targeted by geo.
    """
    _check(world, channel)
    rng = generator(world.spec, Stream.TEST, len(world.experiments))
    start = _start_week(rng, world.spec.weeks)
    treated = _treated_geos(rng, world, channel, start)
    index = world.channels.index(channel)
    spend = world.media.spend.copy()
    spend[treated, HISTORY_WEEKS + start : HISTORY_WEEKS + start + _TEST_WEEKS, index] = 0.0
    after = build_world(world.spec, world.market, replace(world.media, spend=spend), world.experiments)
    test = _finished_test(rng, (world, after), channel, treated, start)
    return replace(after, experiments=(*world.experiments, test))


def _check(world: World, channel: str) -> None:
    for name, smallest in _SMALLEST_PANEL.items():
        if getattr(world.spec, name) < smallest:
            raise BadInput(f"a holdout needs at least {smallest} {name}, the world has {getattr(world.spec, name)}")
    if channel not in world.channels:
        raise BadInput(f"no channel {channel!r} in this world; it has {', '.join(world.channels)}")
    if world.panel.channels[world.channels.index(channel)].level is Level.NATIONAL:
        raise BadInput(f"{channel} is known only nationally and cannot be held out by geo")


def _start_week(rng: np.random.Generator, weeks: int) -> int:
    latest = weeks - _TEST_WEEKS - _COOLDOWN_WEEKS
    return int(rng.integers(max(8, weeks - 52), latest + 1))


def _treated_geos(rng: np.random.Generator, world: World, channel: str, start: int) -> NDArray[np.int64]:
    """A quarter to four in ten of the geos that would have spent."""
    planned = world.true_spend[:, start : start + _TEST_WEEKS, world.channels.index(channel)].sum(axis=1)
    served: NDArray[np.int64] = np.flatnonzero(planned > 0)
    if len(served) < 2:
        raise BadInput(f"{channel} spends in fewer than two geos in the weeks of the test")
    count = max(1, round(float(rng.uniform(0.25, 0.4)) * len(served)))
    chosen: NDArray[np.int64] = np.sort(rng.choice(served, size=count, replace=False))
    return chosen


def _finished_test(
    rng: np.random.Generator,
    before_and_after: tuple[World, World],
    channel: str,
    treated: NDArray[np.int64],
    start: int,
) -> FinishedTest:
    before, after = before_and_after
    index, week = before.channels.index(channel), np.timedelta64(7, "D")
    cells = treated, slice(start, start + _TEST_WEEKS + _COOLDOWN_WEEKS), index
    spend_change = float((after.true_spend[cells] - before.true_spend[cells]).sum())
    lift = float((after.weekly_contributions[cells] - before.weekly_contributions[cells]).sum())
    lift_sd = float(rng.uniform(0.15, 0.25)) * (abs(lift) or abs(spend_change))
    first = before.panel.dates[start]
    last_of_test = first + _TEST_WEEKS * week - np.timedelta64(1, "D")
    return FinishedTest(
        name=f"{channel}_holdout_{len(before.experiments) + 1}",
        channels=(channel,),
        outcome="sales",
        start=first.item(),
        end=last_of_test.item(),
        cooldown_end=(last_of_test + _COOLDOWN_WEEKS * week).item(),
        geos=tuple(before.panel.geos[geo] for geo in treated),
        spend_change=round(spend_change, 2),
        lift=round(lift + lift_sd * float(rng.standard_normal()), 2),
        lift_sd=round(lift_sd, 2),
        true_lift=lift,
    )
