"""A first look at `CALIBRATION.md` without fitting anew: models without tests in, `CALIBRATION_REWEIGHTED.md` out.

Models of advertisers whose spend follows demand, kept by `python -m benchmarks.recovery --models DIR`; a holdout on
search is run in the simulator and the draws are weighed by how well they foretold it. Run
`python -m benchmarks.calibration_reweighted DIR`.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.calibration import LEAST_TRUTH, TESTED
from benchmarks.machine import describe_machine
from benchmarks.next_test import planner_of
from benchmarks.next_test_reweighted import true_sales, weights_after
from benchmarks.recovery import MAX_CHANGE, PLAN_WEEKS, model_name, specs
from measurement.fitted import FittedModel
from measurement.posterior import CURVE_DRAWS, thinned
from measurement.report import ModelStatus
from measurement.simulate import WorldKind, WorldSpec, add_holdout, simulate, true_optimum
from measurement.storage import load_model

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Look:
    """Search's iROAS in one world, before and after a test, and the share of the attainable gain that plans capture."""

    world: str
    truth: float
    before: float
    after: float
    captured_before: float
    captured_after: float

    @property
    def errors(self) -> tuple[float, float]:
        """Relative errors before and after."""
        scale = max(self.truth, LEAST_TRUTH)
        return abs(self.before - self.truth) / scale, abs(self.after - self.truth) / scale


def look_at(spec: WorldSpec, model: FittedModel) -> Look:
    """Run the holdout and weigh the draws."""
    world, planner = simulate(spec), planner_of(model)
    weights, _ = weights_after(model, add_holdout(world, TESTED).experiments[0])
    index = world.channels.index(TESTED)
    iroas = thinned(model.draws, CURVE_DRAWS)["incremental"][:, index] / world.spend_last_52_weeks[index]
    today = world.current_spend(PLAN_WEEKS)
    of_today = float(world.plan_incremental(today, PLAN_WEEKS).sum())
    _, best = true_optimum(world, float(today.sum()), PLAN_WEEKS, MAX_CHANGE)
    plans = planner.by_weights(np.ones(len(weights))), planner.by_weights(weights, TESTED)
    captured = [
        0.0 if plan is None else (true_sales(world, planner, plan) - of_today) / (float(np.sum(best)) - of_today)
        for plan in plans
    ]
    after = float(np.average(iroas, weights=weights))
    return Look(model_name(spec), float(world.iroas[index]), float(iroas.mean()), after, captured[0], captured[1])


def write_page(looks: list[Look]) -> str:
    """The page's Markdown."""
    errors = np.array([look.errors for look in looks])
    captured = np.array([(look.captured_before, look.captured_after) for look in looks])
    rows = [
        f"| {name} | {errors[:, arm].mean():.0%} | {np.median(errors[:, arm]):.0%} | {captured[:, arm].mean():.0%} |"
        for arm, name in enumerate(("none", "one, on search"))
    ]
    return "\n".join(
        [
            "# Calibration, a first look by reweighting\n",
            f"`python -m benchmarks.calibration_reweighted DIR` writes this page. {describe_machine()}. {len(looks)} "
            "advertisers of `RECOVERY.md` whose spend follows demand, 20 to 40 geos. Draws of the model without tests "
            "are weighed by the result of a holdout on search instead of fitting anew.\n",
            "| tests | error of search's iROAS, mean | median | attainable gain captured, mean |",
            "|---|---|---|---|",
            *rows,
            "",
            "| world | true iROAS | before | after | captured before | after |",
            "|---|---|---|---|---|---|",
            *[_row(look) for look in looks],
            "",
        ]
    )


def _row(look: Look) -> str:
    captured = f"{look.captured_before:.0%} | {look.captured_after:.0%}"
    return f"| {look.world} | {look.truth:.2f} | {look.before:.2f} | {look.after:.2f} | {captured} |"


def main() -> None:
    """Look at every world whose model is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, help="folder of the models kept by benchmarks.recovery")
    folder = parser.parse_args().models
    looks = []
    for spec in specs():
        if spec.kind is WorldKind.DEMAND and (folder / model_name(spec)).exists():
            model = load_model(folder / model_name(spec))
            if model.report.status is not ModelStatus.REFUSED:
                looks.append(look_at(spec, model))
                print(looks[-1], file=sys.stderr, flush=True)
    if not looks:
        sys.exit(f"{folder} holds no model of an advertiser whose spend follows demand")
    page = write_page(looks)
    (FOLDER / "CALIBRATION_REWEIGHTED.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
