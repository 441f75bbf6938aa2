"""Does the test that `rmo geo next` would run improve the next plan more than another? `NEXT_TEST.md` says.

Every world is fitted without a test and asked what each channel's holdout would be worth to its plan. The holdout worth
most and one of the others, drawn by a coin, are then run in the simulator; the model is fitted anew with each, and both
plans are held against the truth. Run `python -m benchmarks.next_test`; it goes on where it stopped.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from benchmarks.tested_worlds import FOLDER, MAX_CHANGE, MODELS, PLAN_WEEKS, Case, fitted_case, name_of, specs, stored
from measurement.fitted import FittedModel
from measurement.geotest.design_question import ExperimentKind
from measurement.planned_test import PlannedTest, planned_effect
from measurement.posterior import CURVE_DRAWS, response_curves, thinned
from measurement.simulate import WorldSpec
from measurement.storage import load_model
from optimizer.allocate import DEFAULT_SETTINGS
from optimizer.informed_plans import Replanner
from optimizer.next_test import PossibleTest, Worth, value_of_test
from optimizer.problem import ChannelRule, PlanProblem, Rules
from optimizer.rules import as_a_buyer_means

TEST_WEEKS, COOLDOWN_WEEKS, RELATIVE_ERROR, TREATED = 6, 4, 0.2, 0.325
"""The simulator's holdouts: their length, their standard error over their lift, and the share of geos, on average."""

Trial = tuple[Case, Case, Case]
"""The fit without a test, with the test worth most, and with another one."""


def planner_of(model: FittedModel) -> Replanner:
    """Plans of the next quarter for today's budget, every channel within `MAX_CHANGE` of today."""
    curves = response_curves(model, PLAN_WEEKS)
    rules = Rules(channels={name: ChannelRule(max_change=MAX_CHANGE) for name in curves.channels})
    problem = PlanProblem(curves, float(curves.current_spend.sum()), as_a_buyer_means(rules))
    planner = Replanner.of(problem, DEFAULT_SETTINGS)
    assert planner is not None
    return planner


def worth_of_holdouts(model: FittedModel, planner: Replanner) -> dict[str, Worth]:
    """What a holdout of each channel that can be held out, as the simulator runs them, would bring the next plan."""
    names = [channel.name for channel in model.panel.channels if channel.geo_targetable]
    return {name: value_of_test(planner, _holdout(model, name)).worth for name in names}


def _holdout(model: FittedModel, channel: str) -> PossibleTest:
    panel, draws = model.panel, thinned(model.draws, CURVE_DRAWS)
    count = max(1, round(TREATED * len(panel.geos)))
    geos: NDArray[np.int64] = np.linspace(0, len(panel.geos) - 1, count).round().astype(np.int64)
    test = PlannedTest(channel, ExperimentKind.GO_DARK, geos, TEST_WEEKS, COOLDOWN_WEEKS)
    lift = planned_effect(panel, draws, test).lift
    iroas = draws["incremental"][:, panel.channel_names.index(channel)]
    return PossibleTest(channel, lift, RELATIVE_ERROR * abs(float(lift.mean())), iroas)


def choice(spec: WorldSpec, worth: Mapping[str, Worth]) -> tuple[str, str]:
    """The channel whose holdout is worth most, and another drawn by a coin that knows only the world's seed."""
    best = max(worth, key=lambda name: worth[name].gain)
    others = [name for name in worth if name != best]
    return best, others[int(np.random.default_rng(spec.seed).integers(len(others)))]


def captured(case: Case) -> float:
    """Share of the attainable gain."""
    return float(case["gained"] / case["attainable"])


def write_page(trials: Sequence[Trial], worths: Mapping[str, Mapping[str, Worth]]) -> str:
    """The page's Markdown."""
    names = ("no test", "the recommended test", "another test, by a coin")
    rows = [
        f"| {name} | {np.mean([captured(trial[arm]) for trial in trials]):.0%} | "
        f"{sum(trial[arm]['gained'] for trial in trials) / sum(trial[arm]['attainable'] for trial in trials):.0%} |"
        for arm, name in enumerate(names)
    ]
    return "\n".join(
        [
            "# The next test: does the recommended one improve the plan more than another?\n",
            f"`python -m benchmarks.next_test` writes this page. {describe_machine()}. {len(trials)} simulated "
            f"advertisers, those of `CALIBRATION.md`. A holdout stops a channel for {TEST_WEEKS} weeks, its standard "
            f"error is {RELATIVE_ERROR:.0%} of its lift; recommended is the one worth most to the plan of "
            f"{PLAN_WEEKS} weeks by the model that has seen no test. Gains are over today's split, by the truth.\n",
            "| before the plan | share of the attainable gain, mean | pooled |",
            "|---|---|---|",
            *rows,
            "",
            _paired("The recommended test against the other", [captured(b) - captured(c) for _, b, c in trials]),
            _paired("The recommended test against none", [captured(b) - captured(a) for a, b, _ in trials]),
            _paired("The other against none", [captured(c) - captured(a) for a, _, c in trials]),
            "\n## World by world\n",
            "| world | value of knowing each channel's holdout, share of the attainable gain | recommended | other | "
            "captured: no test | recommended | other |",
            "|---|---|---|---|---|---|---|",
            *[_world_row(trial, worths[trial[0]["world"]]) for trial in trials],
            "",
        ]
    )


def _paired(what: str, changes: Sequence[float]) -> str:
    error = np.std(changes, ddof=1) / np.sqrt(len(changes)) if len(changes) > 1 else np.nan
    return (
        f"{what}: {100 * np.mean(changes):+.1f} points of the attainable gain (standard error {100 * error:.1f}); "
        f"better in {sum(change > 0 for change in changes)} of {len(changes)} worlds.\n"
    )


def _world_row(trial: Trial, worth: Mapping[str, Worth]) -> str:
    none, best, other = trial
    told = ", ".join(
        f"{name} {one.gain / none['attainable']:.0%} ± {one.error / none['attainable']:.0%}"
        for name, one in worth.items()
    )
    shares = " | ".join(f"{captured(case):.0%}" for case in trial)
    return f"| {none['world']} | {told} | {best['tested'][0]} | {other['tested'][0]} | {shares} |"


def main() -> None:
    """Ask, fit what is missing, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=None, help="stop after so many worlds")
    parser.add_argument("--table", action="store_true", help="fit nothing, write the page from what there is")
    arguments = parser.parse_args()
    trials: list[Trial] = []
    worths: dict[str, dict[str, Worth]] = {}
    for spec in specs()[: arguments.worlds]:
        name = name_of(spec)
        if arguments.table and name not in stored():
            continue
        none = fitted_case(spec, ())
        model = load_model(MODELS / name)
        worths[name] = worth_of_holdouts(model, planner_of(model))
        best, other = choice(spec, worths[name])
        if arguments.table and not {f"{name}|{best}", f"{name}|{other}"} <= set(stored()):
            continue
        trials.append((none, fitted_case(spec, (best,)), fitted_case(spec, (other,))))
        print(name, best, other, [f"{captured(case):.0%}" for case in trials[-1]], file=sys.stderr)
    if not trials:
        sys.exit("no world is fitted with both tests yet: run without --table")
    page = write_page(trials, worths)
    (FOLDER / "NEXT_TEST.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
