"""Simulated advertisers whose spend follows demand, with and without finished tests: fitted, planned, held to truth.

Fits are kept one by one in `tested_worlds.json`, and models without tests under `models/`, so that runs go on where
they stopped and pages share them. Every plan is for the same next quarter of the same market.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from measurement.experiments import Experiment
from measurement.fit import FitSettings, fit_model
from measurement.fitted import FittedModel
from measurement.posterior import response_curves
from measurement.report import ModelStatus
from measurement.simulate import FinishedTest, World, WorldKind, WorldSpec, add_holdout, simulate, true_optimum
from measurement.storage import save_model
from optimizer.allocate import allocate
from optimizer.problem import ChannelRule, PlanProblem, Rules
from optimizer.rules import as_a_buyer_means

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "tested_worlds.json"
MODELS = FOLDER / "models"
FIRST_SEED, WORLDS = 3000, 24
GEOS, WEEKS = 10, 104
PLAN_WEEKS = 13
MAX_CHANGE = 0.5

Case = dict[str, Any]


@dataclass(frozen=True)
class ChannelCase:
    """One channel's iROAS over the last 52 weeks, truth beside the posterior."""

    channel: str
    truth: float
    mean: float
    low: float
    high: float
    verdict: str


@dataclass(frozen=True)
class FitCase:
    """One fit: what was tested before it, its channels, and what its plan truly brings over today's split, in money."""

    world: str
    tested: list[str]
    status: str
    today: float
    attainable: float
    gained: float
    claimed: float
    spend: list[float]
    channels: list[ChannelCase] = field(default_factory=list)
    agrees: list[bool] = field(default_factory=list)


def specs() -> list[WorldSpec]:
    """Four and three channels in turn, each world with a seed of its own."""
    return [WorldSpec(WorldKind.DEMAND, GEOS, WEEKS, 4 - row % 2, FIRST_SEED + row) for row in range(WORLDS)]


def name_of(spec: WorldSpec) -> str:
    """Short and unique."""
    return f"{spec.kind.value}-{spec.geos}x{spec.weeks}x{spec.channels}-{spec.seed}"


def stored() -> dict[str, Case]:
    """All fits so far by their key."""
    found: dict[str, Case] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return found


def fitted_case(spec: WorldSpec, tested: Sequence[str]) -> Case:
    """The fit of a world after holdouts on these channels, from the store or made now."""
    key = "|".join([name_of(spec), *tested])
    cases = stored()
    if key not in cases:
        case = asdict(_fit(spec, tested))
        cases = stored() | {key: case}
        RESULTS.write_text(json.dumps(cases, indent=1))
    return cases[key]


def as_experiment(test: FinishedTest) -> Experiment:
    """What the fit is told of a simulated test: never its true lift."""
    return Experiment(
        name=test.name,
        channels=test.channels,
        outcome=test.outcome,
        start=test.start,
        end=test.end,
        cooldown_end=test.cooldown_end,
        geos=test.geos,
        spend_change=test.spend_change,
        lift=test.lift,
        lift_sd=test.lift_sd,
    )


def _fit(spec: WorldSpec, tested: Sequence[str]) -> FitCase:
    before = simulate(spec)
    world = before
    for channel in tested:
        world = add_holdout(world, channel)
    tests = tuple(as_experiment(test) for test in world.experiments)
    model = fit_model(world.panel, FitSettings(seed=1, tests=tests))
    if not tests:
        save_model(model, MODELS / name_of(spec))
    today = before.current_spend(PLAN_WEEKS)
    spend, claimed = _plan(model, today)
    of_today, of_plan = (float(before.plan_incremental(money, PLAN_WEEKS).sum()) for money in (today, spend))
    _, best = true_optimum(before, float(today.sum()), PLAN_WEEKS, MAX_CHANGE)
    return FitCase(
        world=name_of(spec),
        tested=list(tested),
        status=model.report.status.value,
        today=of_today,
        attainable=float(np.sum(best)) - of_today,
        gained=of_plan - of_today,
        claimed=claimed,
        spend=spend.tolist(),
        channels=_channels(world, model),
        agrees=[not learnt.contradicts for learnt in model.report.experiments],
    )


def _plan(model: FittedModel, today: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> tuple[Any, float]:
    """Next quarter's spend per channel and the gain it claims; today's and 0 where the model was refused.

    Today's spend is that of the market without tests, for which all plans of a world are made.
    """
    if model.report.status is ModelStatus.REFUSED:
        return today, 0.0
    curves = replace(response_curves(model, PLAN_WEEKS), current_spend=today)
    rules = Rules(channels={name: ChannelRule(max_change=MAX_CHANGE) for name in curves.channels})
    plan = allocate(PlanProblem(curves, float(today.sum()), as_a_buyer_means(rules)))
    planned = {line.channel: line.spend for line in plan.lines}
    return np.array([planned[name] for name in curves.channels]), plan.total.gain.mean


def _channels(world: World, model: FittedModel) -> list[ChannelCase]:
    return [
        ChannelCase(
            channel=entry.channel,
            truth=float(world.incremental_last_52_weeks[index] / world.spend_last_52_weeks[index]),
            mean=entry.iroas.mean,
            low=entry.iroas.p5,
            high=entry.iroas.p95,
            verdict=entry.verdict.value,
        )
        for index, entry in enumerate(model.report.channels)
    ]
