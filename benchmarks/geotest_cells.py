"""Does the interval of two cells' difference hold what it promises? Writes `GEOTEST_CELLS.md`.

Two cells with lifts of 7.5 and 3 % share their control geos. The difference's one inference is held against treating
the cells' own intervals as independent. Results are kept one by one in `geotest_cells.json`, so that an interrupted run
goes on where it stopped. Run as `python -m benchmarks.geotest_cells --replicates 200`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.geotest import DATA, public_panels
from benchmarks.geotest_panels import NO_PAIRS, WINDOW, Cell, simulated
from benchmarks.machine import describe_machine
from measurement.geotest.calibrated import calibrated_finding
from measurement.geotest.comparison import Comparison
from measurement.geotest.contrast import Contrast

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "geotest_cells.json"
LIFTS = (0.075, 0.03)
PANELS = (
    Cell("two of 11, one geo each", treated=2, donors=9),
    Cell("two of 22, one geo each", treated=2, donors=20),
    Cell("2 + 3 of 40", treated=5, donors=35),
    Cell("2 + 3 of 40, drifting", treated=5, donors=35, noise=0.04, drift=0.006),
    Cell("2 + 3 of 40, 30 days before", treated=5, donors=35, before=30),
)
Record = dict[str, Any]


def judged(untouched: Comparison, first: int) -> Record:
    """One replicate: the difference with its interval, and what independence would have made of it."""
    treated = untouched.treated.copy()
    treated[:first, untouched.periods_before :] *= 1 + LIFTS[0]
    treated[first:, untouched.periods_before :] *= 1 + LIFTS[1]
    panel = Comparison(treated, untouched.donors, untouched.periods_before, untouched.donor_names, NO_PAIRS)
    rows = np.arange(first), np.arange(first, len(treated))
    joint = Contrast(panel, *rows, seed=0).of_percent_lift()
    null = Contrast(untouched, *rows, seed=0).of_percent_lift()
    truth = LIFTS[0] - LIFTS[1]
    independent = [_alone(panel, one) for one in rows]
    half = float(np.hypot(independent[0][1], independent[1][1]))
    apart = independent[0][0] - independent[1][0]
    told = {level: joint.interval(level) for level in (0.95, 0.9)}
    return {
        "error": joint.estimate - truth,
        "covers": [bool(told[level].low <= truth <= told[level].high) for level in told],
        "width": told[0.9].high - told[0.9].low,
        "p_null": null.p_value,
        "p": joint.p_value,
        "independent_covers": bool(abs(apart - truth) <= half),
        "independent_width": 2 * half,
        "independent_error": apart - truth,
    }


def _alone(panel: Comparison, rows: np.ndarray) -> tuple[float, float]:
    """A cell's own percent lift and half of its 90 % interval."""
    own = Comparison(panel.treated[rows], panel.donors, panel.periods_before, panel.donor_names, NO_PAIRS)
    lift = calibrated_finding(own, 0.9, 0).lift
    without = float(own.treated[:, own.periods_before :].sum()) - lift.estimate
    return lift.estimate / without, (lift.high - lift.low) / 2 / without


def wanted(replicates: int) -> Iterator[tuple[str, Callable[[], Record]]]:
    """Every key with what computes it, panels in turn so that an early stop leaves all of them."""
    cities = public_panels()["geolift"] if DATA.exists() else None
    for seed in range(replicates):
        for cell in PANELS:
            yield f"{cell.name}/{seed}", lambda c=cell, s=seed: judged(simulated(c, s)[1], c.treated // 2)
        if cities is not None:
            yield f"GeoLift's cities, 2 + 3/{seed}", lambda s=seed: judged(_placed(cities, s), 2)


def _placed(outcome: np.ndarray, seed: int) -> Comparison:
    rng = np.random.default_rng([seed, 7])
    start = int(rng.integers(2 * WINDOW, outcome.shape[1] - WINDOW + 1))
    treated = rng.choice(len(outcome), 5, replace=False)
    rest = np.setdiff1d(np.arange(len(outcome)), treated)
    panel = outcome[:, : start + WINDOW]
    return Comparison(panel[treated], panel[rest], start, tuple(map(str, rest)), NO_PAIRS)


def table(stored: dict[str, Record]) -> str:
    """The page."""
    rows = []
    names = sorted({key.rsplit("/", 1)[0] for key in stored})
    for name in [*names, "all"]:
        records = [record for key, record in stored.items() if name in ("all", key.rsplit("/", 1)[0])]
        rows.append(f"| {name} | " + " | ".join(_cells(records)) + " |")
    head = (
        "| panel | replicates | covers 95 % | covers 90 % | false positives at 10 % | power at 10 % | bias, points | "
        "RMSE, points | width, points | independent: covers 90 % | independent: width | independent: RMSE |"
    )
    return "\n".join(
        [
            "# Geo tests: the difference of two cells",
            "",
            (__doc__ or "").split("\n\n")[1].strip(),
            "",
            f"{describe_machine()}.",
            "",
            "Standard errors in brackets. Width and RMSE are in points of lift; widths are of 90 % intervals.",
            "",
            head,
            "|" + "---|" * (head.count("|") - 1),
            *rows,
            "",
        ]
    )


def _cells(records: list[Record]) -> list[str]:
    def share(values: list[bool]) -> str:
        rate = float(np.mean(values))
        return f"{100 * rate:.1f} ({100 * np.sqrt(rate * (1 - rate) / len(values)):.1f})"

    errors = 100 * np.array([record["error"] for record in records])
    independent = 100 * np.array([record["independent_error"] for record in records])
    return [
        str(len(records)),
        share([record["covers"][0] for record in records]),
        share([record["covers"][1] for record in records]),
        share([record["p_null"] <= 0.1 for record in records]),
        share([record["p"] <= 0.1 for record in records]),
        f"{errors.mean():+.1f} ({errors.std() / np.sqrt(len(errors)):.1f})",
        f"{np.sqrt((errors**2).mean()):.1f}",
        f"{100 * np.mean([record['width'] for record in records]):.1f}",
        share([record["independent_covers"] for record in records]),
        f"{100 * np.mean([record['independent_width'] for record in records]):.1f}",
        f"{np.sqrt((independent**2).mean()):.1f}",
    ]


def main() -> None:
    """Run what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=200, help="of each panel")
    replicates = parser.parse_args().replicates
    stored: dict[str, Record] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for number, (key, compute) in enumerate(wanted(replicates)):
        if key in stored:
            continue
        stored[key] = compute()
        if number % 12 == 0:
            _keep(stored)
            print(f"[{number}] {key}", file=sys.stderr, flush=True)
    _keep(stored)
    (FOLDER / "GEOTEST_CELLS.md").write_text(table(stored))
    print(table(stored))


def _keep(stored: dict[str, Record]) -> None:
    beside = RESULTS.with_suffix(".part")
    beside.write_text(json.dumps(stored))
    beside.replace(RESULTS)


if __name__ == "__main__":
    main()
