"""Does the model find the truth, and do its plans bring what they claim? `make recovery` runs it and writes the tables.

Every world is an advertiser of the project's simulator: sealed truth, another seed for every world and variant. Results
are kept world by world in `recovery.json`, so that an interrupted run goes on where it stopped; `--fresh` starts anew.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.recovery_tables import write_tables
from benchmarks.small_business import small_business_srmse
from measurement.fit import FitSettings, fit_model
from measurement.posterior import response_curves
from measurement.report import ChannelReport, ModelStatus
from measurement.simulate import World, WorldKind, WorldSpec, simulate, true_optimum
from measurement.storage import save_model
from optimizer.advice import advised_share
from optimizer.allocate import allocate
from optimizer.problem import ChannelRule, PlanProblem, Rules
from optimizer.rules import as_a_buyer_means

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "recovery.json"
SIZES = ((20, 104, 4), (40, 104, 4), (30, 104, 3), (25, 130, 4), (30, 104, 5), (20, 104, 3))
"""Geos, weeks and channels of the worlds of every variant."""
FIRST_SEED = 1000
PLAN_WEEKS = 13
MAX_CHANGE = 0.5


@dataclass(frozen=True)
class ChannelCase:
    """One channel of one world: truth beside the posterior, per unit of money spent in the window."""

    channel: str
    marked: bool
    truth: float
    mean: float
    low: float
    high: float
    true_marginal: float
    marginal: float
    marginal_low: float
    marginal_high: float
    prior_low: float
    prior_high: float
    verdict: str


@dataclass(frozen=True)
class WorldCase:
    """One world: how it was fitted, its channels, and what the plan brought in money over the planned weeks.

    `advised` is how far the plan's advice goes from today's split to the plan, `followed` what going so far brought.
    """

    kind: str
    geos: int
    weeks: int
    seed: int
    status: str
    reasons: list[str]
    seconds: float
    rhat: float
    ess: float
    today: float
    attainable: float
    gained: float
    claimed: float
    advised: float
    followed: float
    channels: list[ChannelCase] = field(default_factory=list)


def specs() -> list[WorldSpec]:
    """Every variant at every size, each with a seed of its own."""
    kinds = list(WorldKind)
    return [
        WorldSpec(kind, geos, weeks, channels, seed=FIRST_SEED + len(kinds) * row + column)
        for row, (geos, weeks, channels) in enumerate(SIZES)
        for column, kind in enumerate(kinds)
    ]


def model_name(spec: WorldSpec) -> str:
    """Folder of a world's stored model."""
    return f"{spec.kind.value}-{spec.seed}"


def run_world(spec: WorldSpec, models: Path | None = None) -> WorldCase:
    """Fit one world, plan its next quarter within ±50 % per channel, and hold both against the truth."""
    world = simulate(spec)
    started = time.monotonic()
    model = fit_model(world.panel, FitSettings(seed=1))
    seconds = time.monotonic() - started
    if models is not None:
        save_model(model, models / model_name(spec))
    today = world.current_spend(PLAN_WEEKS)
    of_today = float(world.plan_incremental(today, PLAN_WEEKS).sum())
    _, best = true_optimum(world, float(today.sum()), PLAN_WEEKS, MAX_CHANGE)
    gained = claimed = advised = followed = 0.0
    if model.report.status is not ModelStatus.REFUSED:
        rules = Rules(channels={name: ChannelRule(max_change=MAX_CHANGE) for name in world.channels})
        plan = allocate(PlanProblem(response_curves(model, PLAN_WEEKS), float(today.sum()), as_a_buyer_means(rules)))
        planned = {line.channel: line.spend for line in plan.lines}
        spend = np.array([planned[name] for name in world.channels])
        gained = float(world.plan_incremental(spend, PLAN_WEEKS).sum()) - of_today
        claimed = plan.total.gain.mean
        advised = advised_share(plan.total)
        part = today + advised * (spend - today)
        followed = float(world.plan_incremental(part, PLAN_WEEKS).sum()) - of_today
    return WorldCase(
        kind=spec.kind.value,
        geos=spec.geos,
        weeks=spec.weeks,
        seed=spec.seed,
        status=model.report.status.value,
        reasons=list(model.report.reasons),
        seconds=seconds,
        rhat=model.report.diagnostics.rhat_max,
        ess=model.report.diagnostics.ess_bulk_min,
        today=of_today,
        attainable=float(np.sum(best)) - of_today,
        gained=gained,
        claimed=claimed,
        advised=advised,
        followed=followed,
        channels=_channel_cases(world, model.report.channels),
    )


def _channel_cases(world: World, reports: tuple[ChannelReport, ...]) -> list[ChannelCase]:
    marginal = world.marginal_iroas(weeks=PLAN_WEEKS)
    return [
        ChannelCase(
            channel=entry.channel,
            marked=entry.channel in world.marked_channels,
            truth=float(world.incremental_last_52_weeks[index] / entry.spend),
            mean=entry.iroas.mean,
            low=entry.iroas.p5,
            high=entry.iroas.p95,
            true_marginal=float(marginal[index]),
            marginal=entry.marginal_iroas.mean,
            marginal_low=entry.marginal_iroas.p5,
            marginal_high=entry.marginal_iroas.p95,
            prior_low=entry.prior_iroas.p5,
            prior_high=entry.prior_iroas.p95,
            verdict=entry.verdict.value,
        )
        for index, entry in enumerate(reports)
    ]


def main() -> None:
    """Run what is missing, then write `RECOVERY.md`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument("--worlds", type=int, default=None, help="stop after so many worlds, for a quick look")
    parser.add_argument("--models", type=Path, default=None, help="keep the fitted models in this folder")
    arguments = parser.parse_args()
    stored = {} if arguments.fresh or not RESULTS.exists() else json.loads(RESULTS.read_text())
    wanted = specs()[: arguments.worlds]
    for number, spec in enumerate(wanted, 1):
        key = f"{spec.kind.value}-{spec.geos}x{spec.weeks}x{spec.channels}-{spec.seed}"
        if key not in stored:
            stored[key] = asdict(run_world(spec, arguments.models))
            RESULTS.write_text(json.dumps(stored, indent=1))
        case = stored[key]
        print(f"[{number}/{len(wanted)}] {key}: {case['status']}, {case['seconds']:.0f} s", file=sys.stderr, flush=True)
    table = write_tables(list(stored.values()), small_business_srmse(), describe_machine())
    (FOLDER / "RECOVERY.md").write_text(table)
    print(table)


if __name__ == "__main__":
    main()
