"""Do sales after a panel lie where `rmo plan --actuals` expects them? Run as `python -m benchmarks.forecast`.

Simulated advertisers of every kind: the model sees all but the last 13 weeks, and is asked what these sell, with the
spend that was. Results are kept world by world, so that an interrupted run goes on; the table goes to `FORECAST.md`.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.machine import describe_machine
from measurement.fit import FitSettings, fit_model
from measurement.interval import summarise
from measurement.panel import Panel
from measurement.sales_forecast import forecast_sales
from measurement.simulate import WorldKind, WorldSpec, simulate

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "forecast.json"
GEOS, WEEKS, CHANNELS, AHEAD = 20, 117, 3, 13
HORIZONS = (1, 4, 8, 13)
FIRST_SEED, PER_KIND = 3000, 2


def run_world(spec: WorldSpec) -> list[dict[str, float]]:
    """One row per horizon: what was expected with its interval, and what came."""
    panel = simulate(spec).panel
    model = fit_model(_until(panel, spec.weeks - AHEAD), FitSettings(seed=1))
    spend = panel.spend[:, -AHEAD:].sum(axis=0).T
    sales = panel.sales[:, -AHEAD:].sum(axis=0)
    rows = []
    for weeks in HORIZONS:
        told = summarise(forecast_sales(model, spend[:, :weeks]))
        rows.append(
            {"weeks": weeks, "mean": told.mean, "p5": told.p5, "p95": told.p95, "came": float(sales[:weeks].sum())}
        )
    return rows


def _until(panel: Panel, weeks: int) -> Panel:
    names = ("outcome_values", "spend", "exposure", "attributed_sales", "control_values")
    cut = {name: getattr(panel, name)[:, :weeks] for name in names}
    return replace(panel, dates=panel.dates[:weeks], **cut)


def table(worlds: list[list[dict[str, float]]]) -> str:
    """Coverage, width and error by horizon."""
    header = "| weeks ahead | worlds | covered | mean width | mean error | mean size of error |"
    lines = [header, "|---|---|---|---|---|---|"]
    for weeks in HORIZONS:
        rows = [row for world in worlds for row in world if row["weeks"] == weeks]
        low, high, came, mean = (np.array([row[key] for row in rows]) for key in ("p5", "p95", "came", "mean"))
        error, covered = mean / came - 1.0, np.mean((low <= came) & (came <= high))
        lines.append(
            f"| {weeks} | {len(rows)} | {covered:.0%} | {np.mean((high - low) / came):.1%} "
            f"| {error.mean():+.1%} | {np.abs(error).mean():.1%} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run what is missing, then write the page."""
    stored = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kinds = [kind for _ in range(PER_KIND) for kind in WorldKind]
    for number, kind in enumerate(kinds):
        key = f"{kind.value}-{FIRST_SEED + number}"
        if key not in stored:
            stored[key] = run_world(WorldSpec(kind, GEOS, WEEKS, CHANNELS, FIRST_SEED + number))
            RESULTS.write_text(json.dumps(stored, indent=1))
        print(f"[{number + 1}/{len(kinds)}] {key}", file=sys.stderr, flush=True)
    introduction = (__doc__ or "").split("\n\n")[1]
    found = table(list(stored.values()))
    head = f"# Sales of the weeks ahead\n\n{introduction}\n\n{describe_machine()}. 90 % intervals, shares of what came."
    (FOLDER / "FORECAST.md").write_text(f"{head}\n\n{found}\n")
    print(found)


if __name__ == "__main__":
    main()
