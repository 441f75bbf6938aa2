"""Public panels, each through its map to an accepted model or a refusal with its reason; writes `PUBLIC_PANELS.md`.

Nobody here made these data and, but for `small_business`, no truth is published: the table shows that every file ends
in an answer. Run as `python -m benchmarks.public_panels`; it needs the folder of public data beside the project.
"""

import sys
import time

from benchmarks.machine import describe_machine
from benchmarks.small_business import DATA, PRIORS, ROOT
from measurement.errors import BadInput
from measurement.fit import FitSettings, fit_model
from measurement.panel_map import read_panel_map
from measurement.priors import Priors
from measurement.reading import read_panel

FILES = (
    "geo_all_channels",
    "geo_full_funnel_data",
    "national_all_channels",
    "robyn_weekly",
    "mmm_multidimensional_example",
    "small_business_data",
)
OWN_PRIORS = {"small_business_data": PRIORS}


def answer(name: str) -> str:
    """One row of the table: what became of a file."""
    started = time.monotonic()
    try:
        read = read_panel(DATA / f"{name}.csv", panel_map=read_panel_map(ROOT / "docs" / "maps" / f"{name}.toml"))
    except BadInput as error:
        return f"| {name} | - | bad input | {error} | - | - |"
    panel = read.panel
    model = fit_model(panel, FitSettings(seed=1, priors=OWN_PRIORS.get(name, Priors())))
    report = model.report
    channels = "; ".join(
        f"{entry.channel} {entry.iroas.mean:.2f} [{entry.iroas.p5:.2f}, {entry.iroas.p95:.2f}] {entry.verdict.value}"
        for entry in report.channels
    )
    size = f"{len(panel.geos)} x {len(panel.dates)} x {len(panel.channels)}"
    return (
        f"| {name} | {size} | {report.status.value} | {' '.join(report.reasons)} | {channels} "
        f"| {time.monotonic() - started:.0f} |"
    )


def main() -> None:
    """Fit every file and write the table."""
    if not DATA.exists():
        sys.exit(f"{DATA} is not there: the public panels cannot be fitted")
    rows = []
    for name in FILES:
        rows.append(answer(name))
        print(rows[-1], file=sys.stderr, flush=True)
    header = "| file | geos x weeks x channels | status | reasons | iROAS, mean [5 %, 95 %], verdict | s |\n"
    header += "|---|---|---|---|---|---|\n"
    text = f"# Public panels\n\n{(__doc__ or '').split(chr(10) + chr(10))[1]}\n\n{describe_machine()}.\n\n{header}"
    (ROOT / "benchmarks" / "PUBLIC_PANELS.md").write_text(text + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
