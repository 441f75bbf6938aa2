"""The proof of `NEXT_TEST.md` on many more advertisers, without fitting them anew: `NEXT_TEST_REWEIGHTED.md`.

Models without tests, kept by `python -m benchmarks.recovery --models DIR` and by `python -m benchmarks.next_test`, are
asked what each channel's holdout would be worth. Every holdout is then run in the simulator, with several results drawn
about its true lift; the model's draws are weighed by how well they foretold a result, the plan is made anew, and its
gain is held against the truth. Run `python -m benchmarks.next_test_reweighted DIR`.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import tested_worlds
from benchmarks.machine import describe_machine
from benchmarks.next_test import COOLDOWN_WEEKS, TEST_WEEKS, planner_of, worth_of_holdouts
from benchmarks.recovery import MAX_CHANGE, PLAN_WEEKS, model_name, specs
from benchmarks.tested_worlds import MODELS, name_of
from measurement.errors import BadInput
from measurement.fitted import FittedModel
from measurement.geotest.design_question import ExperimentKind
from measurement.planned_test import PlannedTest, planned_effect
from measurement.posterior import CURVE_DRAWS, thinned
from measurement.report import ModelStatus
from measurement.simulate import FinishedTest, World, WorldSpec, add_holdout, simulate, true_optimum
from measurement.storage import load_model
from optimizer.informed_plans import Replanner

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "next_test_reweighted.json"
LEAST_DRAWS, WIDER = 25.0, 1.2
"""The test's standard error grows by this factor until so many draws' worth of weight is left."""
RESULTS_EACH = 8
"""Results drawn of every test: one alone says more of its own error than of the test."""
LEAST_ATTAINABLE = 0.002
"""Worlds whose today's split is within this share of the best are left out: there is nothing to improve."""

FloatArray = NDArray[np.float64]
Case = dict[str, Any]


def run_world(spec: WorldSpec, model: FittedModel) -> Case:
    """Worth of each holdout as foretold, and what the plan truly gains without one and after each, in money."""
    world, planner = simulate(spec), planner_of(model)
    today = world.current_spend(PLAN_WEEKS)
    of_today = float(world.plan_incremental(today, PLAN_WEEKS).sum())
    _, best = true_optimum(world, float(today.sum()), PLAN_WEEKS, MAX_CHANGE)
    without = planner.by_weights(np.ones(len(planner.problem.curves.incremental)))
    assert without is not None
    tests: dict[str, Case] = {}
    for name, worth in worth_of_holdouts(model, planner).items():
        try:
            test = add_holdout(world, name).experiments[0]
        except BadInput:
            continue
        results = test.true_lift + test.lift_sd * np.random.default_rng(spec.seed).standard_normal(RESULTS_EACH)
        sold, widened = [], []
        for result in results:
            weights, wider = weights_after(model, replace(test, lift=float(result)))
            plan = planner.by_weights(weights, name)
            sold.append(true_sales(world, planner, without if plan is None else plan))
            widened.append(wider)
        gained = float(np.mean(sold)) - of_today
        tests[name] = {"worth": worth.gain, "error": worth.error, "gained": gained, "wider": float(np.mean(widened))}
    return {
        "world": model_name(spec),
        "kind": spec.kind.value,
        "today": of_today,
        "attainable": float(np.sum(best)) - of_today,
        "none": true_sales(world, planner, without) - of_today,
        "tests": tests,
    }


def weights_after(model: FittedModel, test: FinishedTest) -> tuple[FloatArray, float]:
    """Of the draws, by the test's result; and by how much its standard error had to be widened."""
    panel, draws = model.panel, thinned(model.draws, CURVE_DRAWS)
    geos: NDArray[np.int64] = np.array([panel.geos.index(name) for name in test.geos])
    planned = PlannedTest(test.channels[0], ExperimentKind.GO_DARK, geos, TEST_WEEKS, COOLDOWN_WEEKS)
    effect = planned_effect(panel, draws, planned)
    expected = effect.lift * test.spend_change / effect.spend_change
    wider = 1.0
    while True:
        logs = -0.5 * ((test.lift - expected) / (wider * test.lift_sd)) ** 2
        weights: FloatArray = np.exp(logs - logs.max())
        if weights.sum() ** 2 >= LEAST_DRAWS * (weights**2).sum():
            return weights, wider
        wider *= WIDER


def true_sales(world: World, planner: Replanner, cents: FloatArray) -> float:
    by_name = dict(zip(planner.channels, cents / 100, strict=True))
    return float(world.plan_incremental([by_name[name] for name in world.channels], PLAN_WEEKS).sum())


def write_page(cases: list[Case]) -> str:
    """The page's Markdown."""
    told = [_told(case) for case in cases if len(case["tests"]) > 1 and _has_room(case)]
    none, best, others, change = (np.array(column) for column in zip(*told, strict=True))
    room = np.array(
        [case["attainable"] / case["today"] for case in cases if len(case["tests"]) > 1 and _has_room(case)]
    )
    return "\n".join(
        [
            "# The next test, on many advertisers by reweighting\n",
            f"`python -m benchmarks.next_test_reweighted DIR` writes this page. {describe_machine()}. {len(told)} "
            "simulated advertisers, those of `RECOVERY.md`'s nine kinds and those of `CALIBRATION.md`. Draws of the "
            "model without tests are weighed by a holdout's result instead of fitting anew, and every holdout has "
            f"{RESULTS_EACH} results drawn about its true lift. Recommended is the holdout worth most to the plan by "
            "the model without tests; against it stands the mean over the other channels' holdouts. Shares of the "
            "attainable gain over today's split, by the truth: as a mean over worlds, and pooled, where worlds weigh "
            "by what there was to gain.\n",
            "| before the plan | captured, mean | pooled |",
            "|---|---|---|",
            f"| no test | {none.mean():.1%} | {_pooled(none, room):.1%} |",
            f"| the recommended test | {best.mean():.1%} | {_pooled(best, room):.1%} |",
            f"| another test, chosen by chance | {others.mean():.1%} | {_pooled(others, room):.1%} |",
            "",
            _difference("Pooled, the", change * room / room.mean(), "more than another"),
            _difference("Pooled, the", (best - none) * room / room.mean(), "more than none"),
            _difference("As a mean over worlds, the", change, "more than another"),
            f"It does better than another in {(change > 0).sum()} worlds, worse in {(change < 0).sum()}, leaves the "
            f"plan as good in {(change == 0).sum()}.\n",
            "| world | no test | recommended | captured after it | after another | foretold gain by the test |",
            "|---|---|---|---|---|---|",
            *[_row(case) for case in cases if len(case["tests"]) > 1 and _has_room(case)],
            "",
        ]
    )


def _pooled(shares: FloatArray, room: FloatArray) -> float:
    """Of what there was to gain in all worlds, each as a share of what today's split sells."""
    return float((shares * room).sum() / room.sum())


def _difference(what: str, changes: FloatArray, against: str) -> str:
    error = 100 * changes.std(ddof=1) / np.sqrt(len(changes))
    return (
        f"{what} recommended test improves the plan by {100 * changes.mean():+.1f} points {against} (standard error "
        f"{error:.1f}).\n"
    )


def _has_room(case: Case) -> bool:
    return bool(case["attainable"] > LEAST_ATTAINABLE * case["today"])


def _told(case: Case) -> tuple[float, float, float, float]:
    """Captured without a test, after the recommended one, after another on average; and the difference of the two."""
    best = recommended(case)
    after = {name: test["gained"] / case["attainable"] for name, test in case["tests"].items()}
    others = float(np.mean([share for name, share in after.items() if name != best]))
    return case["none"] / case["attainable"], after[best], others, after[best] - others


def recommended(case: Case) -> str:
    """The channel whose holdout is worth most."""
    return max(case["tests"], key=lambda name: float(case["tests"][name]["worth"]))


def _row(case: Case) -> str:
    none, best, others, _ = _told(case)
    name = recommended(case)
    worth = case["tests"][name]["worth"] / case["attainable"]
    return f"| {case['world']} | {none:.0%} | {name} | {best:.0%} | {others:.0%} | {worth:.0%} |"


def worlds(models: Path) -> Iterator[tuple[WorldSpec, Path]]:
    """Every world with the folder of its model."""
    yield from ((spec, models / model_name(spec)) for spec in specs())
    yield from ((spec, MODELS / name_of(spec)) for spec in tested_worlds.specs())


def main() -> None:
    """Run what is missing, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, help="folder of the models kept by benchmarks.recovery")
    parser.add_argument("--table", action="store_true", help="write the page from what there is")
    arguments = parser.parse_args()
    stored: dict[str, Case] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for spec, folder in [] if arguments.table else worlds(arguments.models):
        name = model_name(spec)
        if name in stored or not folder.exists():
            continue
        model = load_model(folder)
        if model.report.status is ModelStatus.REFUSED:
            continue
        stored[name] = run_world(spec, model)
        RESULTS.write_text(json.dumps(stored, indent=1))
        print(name, file=sys.stderr, flush=True)
    page = write_page(list(stored.values()))
    (FOLDER / "NEXT_TEST_REWEIGHTED.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
