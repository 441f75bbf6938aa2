"""What finished tests do to the model and to its plans: simulated advertisers in, `CALIBRATION.md` out.

Every world is fitted without a test, with one holdout on search, and with a second on another channel. Run
`python -m benchmarks.calibration`; it goes on where it stopped, and `--table` writes the page from what there is.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.tested_worlds import (
    FOLDER,
    GEOS,
    MAX_CHANGE,
    PLAN_WEEKS,
    WEEKS,
    Case,
    fitted_case,
    name_of,
    specs,
    stored,
)
from measurement.simulate import WorldSpec, simulate

TESTED = "search"
LEAST_TRUTH = 0.3
"""Relative errors are over the true iROAS, or this where a channel sells next to nothing."""
Fits = tuple[Case, ...]
"""A world's fits without a test, with one and, where it is done, with two."""
ROWS = ("none", "one, on search", "two, on search and another")


def second_channel(spec: WorldSpec) -> str:
    """The other channel whose spend follows demand, where there is one."""
    world = simulate(spec)
    others = [name for name in world.marked_channels if name != TESTED]
    return others[0] if others else next(name for name in world.channels if name != TESTED)


def arms(spec: WorldSpec) -> tuple[tuple[str, ...], ...]:
    """What is tested before each of a world's three fits."""
    return (), (TESTED,), (TESTED, second_channel(spec))


def relative_error(case: Case, channel: str) -> float:
    """Of the channel's mean iROAS."""
    entry = _entry(case, channel)
    return float(abs(entry["mean"] - entry["truth"]) / max(entry["truth"], LEAST_TRUTH))


def covers(case: Case, channel: str) -> bool:
    """Whether the 90 % interval holds the truth."""
    entry = _entry(case, channel)
    return bool(entry["low"] <= entry["truth"] <= entry["high"])


def width(case: Case, channel: str) -> float:
    """Of the 90 % interval."""
    entry = _entry(case, channel)
    return float(entry["high"] - entry["low"])


def lost(case: Case) -> float:
    """Share of the attainable gain that the plan loses; above 1 where it is worse than today's split."""
    return float(1.0 - case["gained"] / case["attainable"])


def write_page(worlds: Sequence[Fits]) -> str:
    """The page's Markdown from worlds that were fitted without and with one test, and perhaps with two."""
    by_arm = [[fits[arm] for fits in worlds if len(fits) > arm] for arm in range(len(ROWS))]
    rows = [_row(name, cases) for name, cases in zip(ROWS, by_arm, strict=True) if cases]
    header = (
        "| tests | worlds | error of search's iROAS, mean | median | 90 % interval covers | width, mean | others' "
        "error, mean | attainable gain lost, mean | pooled | worse than today |"
    )
    return "\n".join(
        [
            "# Calibration: what a finished test does to the model and to its plans\n",
            f"`python -m benchmarks.calibration` writes this page. {describe_machine()}. {len(worlds)} simulated "
            f"advertisers whose spend follows demand, {GEOS} geos x {WEEKS} weeks, three or four channels, each with "
            f"its own seed; plans for {PLAN_WEEKS} weeks, every channel within ±{MAX_CHANGE:.0%}. A test stops a "
            "channel for six weeks in a quarter to four in ten of the geos; its standard error is 15 to 25 % of the "
            "lift, drawn apart from the panel's noise.\n",
            header,
            "|" + "---|" * (header.count("|") - 1),
            *rows,
            "",
            f"Errors are relative to the true iROAS of the last 52 weeks (at least {LEAST_TRUTH}). The gain is over "
            "today's split, by the truth; a refused model has no plan and gains nothing. `pooled` weighs worlds by "
            "what there was to gain.\n",
            _paired("One test against none: search's error", worlds, lambda case: relative_error(case, TESTED)),
            _paired("One test against none: share of the attainable gain lost", worlds, lost),
            "\n## World by world: search\n",
            "| world | true iROAS | none | one test | two tests | lost: none | one | two |",
            "|---|---|---|---|---|---|---|---|",
            *[_world_row(cases) for cases in worlds],
            "",
        ]
    )


def _row(name: str, cases: Sequence[Case]) -> str:
    errors = [relative_error(case, TESTED) for case in cases]
    others = [
        relative_error(case, entry["channel"])
        for case in cases
        for entry in case["channels"]
        if entry["channel"] != TESTED
    ]
    shares = [lost(case) for case in cases]
    pooled = 1.0 - sum(case["gained"] for case in cases) / sum(case["attainable"] for case in cases)
    figures = (
        f"{np.mean(errors):.0%}",
        f"{np.median(errors):.0%}",
        f"{np.mean([covers(case, TESTED) for case in cases]):.0%}",
        f"{np.mean([width(case, TESTED) for case in cases]):.2f}",
        f"{np.mean(others):.0%}",
        f"{np.mean(shares):.0%}",
        f"{pooled:.0%}",
        f"{sum(share > 1 for share in shares)} of {len(cases)}",
    )
    return f"| {name} | {len(cases)} | {' | '.join(figures)} |"


def _paired(what: str, worlds: Sequence[Fits], figure: Callable[[Case], float]) -> str:
    changes = np.array([figure(one) - figure(none) for none, one, *_ in worlds])
    error = changes.std(ddof=1) / np.sqrt(len(changes)) if len(changes) > 1 else np.nan
    return (
        f"{what} changes by {100 * changes.mean():+.0f} points on average (standard error {100 * error:.0f}); "
        f"it falls in {(changes < 0).sum()} of {len(changes)} worlds."
    )


def _world_row(cases: Fits) -> str:
    told = [_entry(case, TESTED) for case in cases]
    missing = ["–"] * (len(ROWS) - len(cases))
    estimates = [f"{entry['mean']:.2f} [{entry['low']:.2f}, {entry['high']:.2f}]" for entry in told]
    losses = [f"{lost(case):.0%}" for case in cases]
    return f"| {cases[0]['world']} | {told[0]['truth']:.2f} | {' | '.join((*estimates, *missing, *losses, *missing))} |"


def _entry(case: Case, channel: str) -> Case:
    found: Case = next(entry for entry in case["channels"] if entry["channel"] == channel)
    return found


def finished() -> list[Fits]:
    """Worlds whose fits without and with one test are in the store, with the third where it is, too."""
    cases = stored()
    found = [tuple(cases[key] for key in keys_of(spec) if key in cases) for spec in specs()]
    return [fits for fits in found if len(fits) > 1]


def keys_of(spec: WorldSpec) -> list[str]:
    """Of a world's fits in the store, in the order of `ROWS`."""
    return ["|".join([name_of(spec), *tested]) for tested in arms(spec)]


def main() -> None:
    """Fit what is missing, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=None, help="stop after so many worlds")
    parser.add_argument("--table", action="store_true", help="fit nothing, write the page from what there is")
    arguments = parser.parse_args()
    wanted = [] if arguments.table else specs()[: arguments.worlds]
    for spec, tested in [(spec, arms(spec)[arm]) for chosen in ((0, 1), (2,)) for spec in wanted for arm in chosen]:
        case = fitted_case(spec, tested)
        what = "+".join(tested) or "none"
        print(f"{name_of(spec)} {what}: {case['status']}, lost {lost(case):.0%}", file=sys.stderr, flush=True)
    worlds = finished()
    if not worlds:
        sys.exit("no world is fitted without and with a test yet: run without --table")
    page = write_page(worlds)
    (FOLDER / "CALIBRATION.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
