"""A seed in, a made-up advertiser fitted, planned and held against its truth out; the files lie in one folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from api.plain_json import as_text, plain
from api.report_json import report_json
from measurement.fitted import FitProgress, FittedModel

if TYPE_CHECKING:
    from measurement.simulate import World

GEOS, WEEKS, CHANNELS = 20, 104, 5
PLANNED_WEEKS = 13
MAX_CHANGE = 0.5

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ChannelTruth:
    """A channel's true iROAS and whether the model's 90 % interval holds it."""

    channel: str
    iroas: float
    covered: bool


@dataclass(frozen=True)
class SplitTruth:
    """A split of the budget by channel, in money, and what it truly sells."""

    spend: Mapping[str, float]
    incremental: float


@dataclass(frozen=True)
class Demo:
    """What the demo shows; `plan` is the JSON of `rmo plan`, the three splits spend the same budget."""

    folder: Path
    model: FittedModel
    plan: Mapping[str, Any]
    channels: tuple[ChannelTruth, ...]
    today: SplitTruth
    planned: SplitTruth | None
    optimum: SplitTruth

    def to_json(self) -> dict[str, Any]:
        """Report, plan and truth under one roof."""
        truth = {
            "channels": [{"channel": c.channel, "iroas": c.iroas, "covered": c.covered} for c in self.channels],
            "today": _split_json(self.today),
            "plan": _split_json(self.planned) if self.planned else None,
            "optimum": _split_json(self.optimum),
        }
        answer: dict[str, Any] = plain(
            {"out": str(self.folder), "report": report_json(self.model), "plan": self.plan, "truth": truth}
        )
        return answer


def run_demo(seed: int, folder: Path, progress: Callable[[FitProgress], None] | None = None) -> Demo:
    """Simulate, fit, plan, write the page; the fit never sees the truth.

    Leaves in `folder` the simulated files, `model/`, `plan.json` and `report.html`.
    """
    from api.services.plan_budget import PlanRequest, plan_budget
    from api.services.simulate_advertiser import simulate_advertiser
    from api.services.write_page import write_page
    from measurement.simulate import WorldKind, WorldSpec, write_world
    from measurement.storage import refuse_foreign, save_model
    from optimizer.question import Asked, Question

    refuse_foreign(folder / "model")
    world = simulate_advertiser(WorldSpec(WorldKind.CONSTANT, GEOS, WEEKS, CHANNELS, seed))
    write_world(world, folder)

    from measurement.fit import FitSettings, fit_model

    model = fit_model(world.panel, FitSettings(seed=seed), progress)
    save_model(model, folder / "model")
    rules = {"channel": {name: {"max_change": MAX_CHANGE} for name in _free_channels(model)}}
    budget = round(float(world.current_spend(PLANNED_WEEKS).sum()), 2)
    plan = plan_budget(model, PlanRequest(Question(Asked.BUDGET, budget), PLANNED_WEEKS, rules))
    (folder / "plan.json").write_text(as_text(plan) + "\n", encoding="utf-8")
    write_page(model, folder / "report.html", plan)
    return _against_truth(folder, world, model, plan)


def _free_channels(model: FittedModel) -> list[str]:
    """Channels that may move; a rule on one that cannot be measured would free it."""
    return [entry.channel for entry in model.report.channels if entry.verdict.value != "not_measurable"]


def _against_truth(folder: Path, world: "World", model: FittedModel, plan: Mapping[str, Any]) -> Demo:
    from measurement.simulate import true_optimum

    names = world.channels
    current = world.current_spend(PLANNED_WEEKS)
    best, _ = true_optimum(world, float(current.sum()), PLANNED_WEEKS, MAX_CHANGE)
    by_name = {line["channel"]: line["spend"] for line in plan["lines"]}
    truths = dict(zip(names, world.iroas, strict=True))
    return Demo(
        folder=folder,
        model=model,
        plan=plan,
        channels=tuple(
            ChannelTruth(entry.channel, float(truth), bool(entry.iroas.p5 <= truth <= entry.iroas.p95))
            for entry, truth in ((entry, truths[entry.channel]) for entry in model.report.channels)
        ),
        today=_split(world, current),
        planned=_split(world, np.array([by_name[name] for name in names])) if by_name else None,
        optimum=_split(world, best),
    )


def _split(world: "World", spend: FloatArray) -> SplitTruth:
    by_channel = {name: float(money) for name, money in zip(world.channels, spend, strict=True)}
    return SplitTruth(by_channel, float(world.plan_incremental(spend, PLANNED_WEEKS).sum()))


def _split_json(split: SplitTruth) -> dict[str, Any]:
    return {"spend": dict(split.spend), "incremental": split.incremental}
