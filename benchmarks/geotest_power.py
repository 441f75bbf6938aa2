"""Does a design keep its promise, and how long does it take to find? Writes `GEOPOWER.md`.

A design is made on the past of a simulated panel, choosing among sets of three geos, drawn and selected, as users do.
Then comes a test that it never saw, right after that past, in five different futures; each is analysed by the default
as a finished test, once as it is and once with the design's own MDE injected. Power is the share in which that effect
is found, against what the design claimed; false positives are the share in which one is found where there is none.
Results are kept one by one in `geotest_power.json`, so that an interrupted run goes on where it stopped. Run as
`python -m benchmarks.geotest_power --worlds 120`.
"""

import argparse
import json
import resource
import sys
import time
from dataclasses import dataclass, replace
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.geotest_panels import CELLS, NO_PAIRS, WINDOW, Cell, simulated, with_futures
from benchmarks.machine import describe_machine
from measurement.geotest.calibrated import calibrated_finding
from measurement.geotest.comparison import Comparison
from measurement.geotest.design import design_geo_test
from measurement.geotest.design_question import DesignQuestion, ExperimentKind
from measurement.panel import Frequency, Outcome, Panel
from measurement.reading import ReadPanel

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "geotest_power.json"
PAGE = FOLDER / "GEOPOWER.md"
LEVEL, POWER = 0.9, 0.8
PAST, FUTURES = 91, 5
LEAST_WORLDS = 20
ALLOWED = 8.0
"""Points by which the power achieved may differ from the power claimed."""
KEEP_EVERY = 2
Record = dict[str, Any]


@dataclass(frozen=True)
class Study:
    """A kind of panel, of one treated geo in its cell, and what is asked of a design on it."""

    name: str
    cell: Cell
    question: DesignQuestion


def _question(kind: ExperimentKind, weeks: int, cells: int = 1) -> DesignQuestion:
    return DesignQuestion(kind=kind, weeks=weeks, geos_min=3, geos_max=3, cells=cells, level=LEVEL, power=POWER)


def _cell(name: str, geos: int) -> Cell:
    """A cell of the coverage study with other numbers of geos and days."""
    like = next(cell for cell in CELLS if cell.name == name)
    return replace(like, treated=1, donors=geos - 1, before=PAST)


STUDIES = (
    Study("A1, 21 geos, holdout, 2 weeks", _cell("A1", 21), _question(ExperimentKind.HOLDOUT, 2)),
    Study("drifting, 30 geos, heavy-up, 2 weeks", _cell("drifting", 30), _question(ExperimentKind.HEAVY_UP, 2)),
    Study("A1, 21 geos, two cells, holdout, 1 week", _cell("A1", 21), _question(ExperimentKind.HOLDOUT, 1, 2)),
)


def read_panel(outcome: np.ndarray) -> ReadPanel:
    """Daily sales by geo as a panel without channels."""
    geos, days = outcome.shape
    none = np.zeros((geos, days, 0))
    panel = Panel(
        dates=np.datetime64("2024-01-01") + np.arange(days),
        geos=tuple(f"geo {number:03d}" for number in range(geos)),
        outcomes=(Outcome("sales"),),
        outcome_values=outcome[:, :, None],
        channels=(),
        spend=none,
        exposure=none,
        attributed_sales=none,
        controls=(),
        control_values=none,
        population=outcome.mean(axis=1),
        frequency=Frequency.DAILY,
    )
    return ReadPanel(panel)


def world(study: Study, seed: int) -> Record:
    """One design and what became of it: claims, and what was found in every future, cell by cell."""
    futures = with_futures(study.cell, seed, FUTURES)
    question = replace(study.question, seed=seed)
    design = design_geo_test(read_panel(futures[0][:, :PAST]), question).designs[0]
    ability = design.ability
    if ability.mde is None:
        return {"claimed": None}
    periods, found = design.duration, []
    names = [f"geo {number:03d}" for number in range(len(futures[0]))]
    controls = [names.index(geo) for geo in design.control]
    for cell in design.cells:
        rows = [names.index(geo) for geo in cell]
        for whole in futures:
            injected = question.kind.sign * ability.mde
            found.append([_called(whole, (rows, controls), (PAST, periods), lift) for lift in (injected, 0.0)])
    return {
        "claimed": ability.power,
        "mde": ability.mde,
        "size": ability.size,
        "rule": design.rule.value,
        "found": found,
    }


def _called(whole: np.ndarray, geos: tuple[list[int], list[int]], window: tuple[int, int], lift: float) -> bool:
    rows, controls = geos
    start, periods = window
    treated = whole[rows, : start + periods].copy()
    treated[:, start:] *= 1 + lift
    donors = whole[controls, : start + periods]
    finished = Comparison(treated, donors, start, tuple(map(str, controls)), NO_PAIRS)
    return bool(calibrated_finding(finished, LEVEL, 0).p_value <= 1 - LEVEL)


def timing() -> Record:
    """Design on 200 geos and 200 days, all sizes from 2 to 5: wall seconds, and seconds of processor."""
    cell = replace(CELLS[0], donors=199, before=200 - WINDOW)
    read = read_panel(simulated(cell, 0)[1].everyone())
    before, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    answer = design_geo_test(read, DesignQuestion(weeks=4))
    after = resource.getrusage(resource.RUSAGE_SELF)
    processor = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return {"seconds": time.perf_counter() - before, "processor": processor, "designs": len(answer.designs)}


def write_page(stored: dict[str, Record]) -> str:
    """The page: one row per study, then the time."""
    text = f"# Designs of geo tests: power claimed and achieved\n\n{(__doc__ or '').split(chr(10) * 2)[1]}\n\n"
    text += f"{describe_machine()}. Standard errors in brackets, clustered by world. Nominal level {LEVEL:.0%}.\n\n"
    text += (
        "| panel and question | worlds | mean MDE | power claimed | achieved | difference, points | size claimed | "
        f"false positives | within {ALLOWED:.0f} points |\n{'|---' * 9}|\n"
    )
    for study in STUDIES:
        records = [
            one for key, one in stored.items() if key.startswith(f"{study.name}/") and one["claimed"] is not None
        ]
        if len(records) >= LEAST_WORLDS:
            text += _row(study.name, records)
    together = [one for one in stored.values() if one.get("claimed") is not None]
    if together:
        text += _row("together", together)
    text += "\nA row settles the question once the standard error of its difference is at most 3 points.\n"
    if "timing" in stored:
        took = stored["timing"]
        text += (
            f"\nA design on 200 geos and 200 days, 4 weeks in 2 to 5 geos, took {took['seconds']:.0f} s by the "
            f"clock on a machine shared with other work, and {took['processor']:.0f} s of processor in two threads.\n"
        )
    return text


def _row(name: str, records: list[Record]) -> str:
    claimed = np.array([one["claimed"] for one in records])
    found = np.array([np.mean(one["found"], axis=0) for one in records])
    gap = 100 * (found[:, 0] - claimed)
    sizes = [one["size"] for one in records]
    cells = [
        name,
        str(len(records)),
        f"{np.mean([one['mde'] for one in records]):.1%}",
        f"{claimed.mean():.3f}",
        _with_error(found[:, 0]),
        f"{gap.mean():+.1f} ({gap.std(ddof=1) / np.sqrt(len(gap)):.1f})",
        f"{np.mean(sizes):.3f}",
        _with_error(found[:, 1]),
        "yes" if abs(gap.mean()) <= ALLOWED else "no",
    ]
    return f"| {' | '.join(cells)} |\n"


def _with_error(shares: np.ndarray) -> str:
    return f"{shares.mean():.3f} ({shares.std(ddof=1) / np.sqrt(len(shares)):.3f})"


def main() -> None:
    """Run what is missing, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=100, help="of each study")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument("--processes", type=int, default=2, help="that share the work")
    parser.add_argument("--no-timing", action="store_true", help="leave the time as it was measured")
    arguments = parser.parse_args()
    stored: dict[str, Record] = {} if arguments.fresh or not RESULTS.exists() else json.loads(RESULTS.read_text())
    if "timing" not in stored and not arguments.no_timing:
        stored["timing"] = timing()
        _keep(stored)
    missing = [
        (number, seed)
        for number, seed in sorted(product(range(len(STUDIES)), range(arguments.worlds)), key=_turn)
        if f"{STUDIES[number].name}/{seed}" not in stored
    ]
    with get_context("fork").Pool(arguments.processes) as pool:
        for count, (key, record) in enumerate(pool.imap_unordered(_run, missing), 1):
            stored[key] = record
            if count % KEEP_EVERY == 0:
                _keep(stored)
                print(f"[{count}/{len(missing)}] {key}", file=sys.stderr, flush=True)
    _keep(stored)
    print(write_page(stored))


def _turn(task: tuple[int, int]) -> tuple[bool, int]:
    """Studies of one cell first, seed by seed."""
    number, seed = task
    return STUDIES[number].question.cells > 1, seed


def _run(task: tuple[int, int]) -> tuple[str, Record]:
    number, seed = task
    return f"{STUDIES[number].name}/{seed}", world(STUDIES[number], seed)


def _keep(stored: dict[str, Record]) -> None:
    beside = RESULTS.with_suffix(".part")
    beside.write_text(json.dumps(stored, default=bool))
    beside.replace(RESULTS)
    PAGE.write_text(write_page(stored))


if __name__ == "__main__":
    main()
