"""How long does an analysis of a geo test take? Writes `GEOTEST_TIME.md`.

200 geos x 200 days with spend, a window of 28 days and a cooldown of 14, with all that `rmo geo analyze` computes:
both windows, the placebo record, iROAS, and with two cells each of them and their difference. Seconds are of the
processor, summed over threads (cells share two), so that they hold on a busy machine too. Run as
`python -m benchmarks.geotest_time`.
"""

import time
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks.machine import describe_machine
from measurement.geotest.analysis import analyze_geo_test
from measurement.geotest.specification import AnalysisSettings, Cell, Estimator, GeoPair, GeoTest, Window
from measurement.panel import Channel, Frequency, Outcome, Panel
from measurement.reading import ReadPanel

PAGE = Path(__file__).parent / "GEOTEST_TIME.md"
GEOS, DAYS, START = 200, 200, 158
WINDOW = Window(date(2024, 6, 7), date(2024, 7, 4), date(2024, 7, 18))


def panel() -> ReadPanel:
    """Geos of unlike size with a week, a shared drift and lasting noise; every second one goes dark in turn."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((GEOS, DAYS))
    for day in range(1, DAYS):
        noise[:, day] = 0.4 * noise[:, day - 1] + np.sqrt(1 - 0.16) * noise[:, day]
    shared = 0.1 * np.sin(2 * np.pi * np.arange(DAYS) / 7) + 0.01 * np.cumsum(rng.standard_normal(DAYS))
    sales = rng.lognormal(7, 0.7, (GEOS, 1)) * np.maximum(1 + shared + 0.08 * noise, 0.05)
    spend = sales[:, :, None] * 0.02 * (1 + 0.1 * rng.standard_normal((GEOS, DAYS, 1)))
    spend[:20, START : START + 28] = 0.0
    return ReadPanel(
        Panel(
            dates=np.datetime64("2024-01-01") + np.arange(DAYS),
            geos=tuple(f"geo {number:03d}" for number in range(GEOS)),
            outcomes=(Outcome("sales"),),
            outcome_values=sales[:, :, None],
            channels=(Channel("tv"),),
            spend=spend,
            exposure=spend,
            attributed_sales=np.full(spend.shape, np.nan),
            controls=(),
            control_values=np.zeros((GEOS, DAYS, 0)),
            population=sales.mean(axis=1),
            frequency=Frequency.DAILY,
        )
    )


def cases() -> dict[str, tuple[GeoTest, Estimator]]:
    """Name of each case, its test and its estimator."""
    names = tuple(f"geo {number:03d}" for number in range(GEOS))
    one = GeoTest(WINDOW, names[:20], spend="tv")
    cells = (Cell("a", names[:10]), Cell("b", names[10:20]))
    pairs = tuple(GeoPair(str(n), names[n], names[n + 20]) for n in range(20))
    found = {
        "default, 20 treated": (one, Estimator.AUTO),
        "default, two cells of 10": (GeoTest(WINDOW, names[:20], spend="tv", cells=cells), Estimator.AUTO),
        "randomisation, 20 pairs": (GeoTest(WINDOW, names[:20], spend="tv", pairs=pairs), Estimator.AUTO),
    }
    return found | {
        f"{estimator.value}, 20 treated": (one, estimator)
        for estimator in (Estimator.SCM, Estimator.ASCM, Estimator.SDID, Estimator.TBR)
    }


def main() -> None:
    """Time every case and write the page."""
    read, rows = panel(), []
    for name, (test, estimator) in cases().items():
        began = time.process_time()
        analyze_geo_test(read, test, AnalysisSettings(estimator))
        rows.append(f"| {name} | {time.process_time() - began:.1f} |")
        print(rows[-1], flush=True)
    about = (__doc__ or "").split("\n\n")[1].strip()
    lines = ["# Geo tests: time of an analysis", "", about, "", f"{describe_machine()}.", ""]
    PAGE.write_text("\n".join([*lines, "| analysis | seconds of the processor |", "|---|---|", *rows, ""]))


if __name__ == "__main__":
    main()
