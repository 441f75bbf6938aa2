"""`rmo geo analyze`: a finished geo test, locked or as its options name it, in; what it showed out."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.exits import ExitCode
from api.cli.geo import geo
from api.cli.geo_options import (
    DAY,
    Cells,
    DesignFile,
    Exclude,
    OptionalBreakEven,
    OptionalEstimator,
    OptionalLevel,
    OptionalSeed,
    OutcomeName,
    PairsFile,
    SpendColumn,
    Treated,
    cells_of,
    day,
    known_estimator,
    one_of,
)
from api.cli.options import Json, MapFile, PanelFile, names
from api.cli.output import computing, note, people, print_json, warn

Start = Annotated[datetime | None, typer.Option("--start", help="First day of the test.", show_default=False, **DAY)]
End = Annotated[datetime | None, typer.Option("--end", help="Last day of the test.", show_default=False, **DAY)]
CooldownEnd = Annotated[datetime | None, typer.Option("--cooldown-end", help="Last day of the cooldown.", **DAY)]
HtmlFile = Annotated[Path | None, typer.Option("--html", help="Write the analysis as one self-contained page.")]
LockFileOption = Annotated[
    Path | None, typer.Option("--lock", help="A test locked by rmo geo lock; everything else then comes from it.")
]
AcceptRestated = Annotated[
    bool, typer.Option("--accept-restated", help="Use locked days as they are now, and say so in the report.")
]
_EXAMPLE = (
    "Example: rmo geo analyze panel.csv --treated north,west --start 2024-09-02 --end 2024-09-29 --spend search; of a "
    "locked test: rmo geo analyze panel.csv --lock test.json"
)


def register(app: typer.Typer) -> None:
    """Add the command to the group `rmo geo`."""
    geo.command(epilog=_EXAMPLE)(analyze)


def analyze(
    panel: PanelFile,
    start: Start = None,
    end: End = None,
    treated: Treated = "",
    cell: Cells = None,
    design_file: DesignFile = None,
    pairs: PairsFile = None,
    lock: LockFileOption = None,
    cooldown_end: CooldownEnd = None,
    outcome: OutcomeName = None,
    spend: SpendColumn = None,
    exclude: Exclude = "",
    level: OptionalLevel = None,
    estimator: OptionalEstimator = None,
    break_even: OptionalBreakEven = None,
    accept_restated: AcceptRestated = False,
    map_file: MapFile = None,
    html: HtmlFile = None,
    seed: OptionalSeed = None,
    json: Json = False,
) -> int:
    """Say what a finished geo test sold: lift, return on the spend it changed, and how sure that is."""
    from api.services.analyze_geo_test import LockedRequest, analyze_locked

    given: dict[str, Any] = {
        "--start": day(start),
        "--end": day(end),
        "--treated": names(treated),
        "--cell": cells_of(cell),
        "--design": design_file,
        "--pairs": pairs,
        "--cooldown-end": day(cooldown_end),
        "--outcome": outcome,
        "--spend": spend,
        "--exclude": names(exclude),
        "--level": level,
        "--estimator": None if estimator is None else known_estimator(estimator),
        "--break-even": break_even,
        "--seed": seed,
    }
    with computing():
        if lock is not None:
            _refuse_contradictions(lock, given)
            result = analyze_locked(LockedRequest(panel, lock, map_file, html, accept_restated))
        else:
            result = _of_options(panel, map_file, html, given)
    warn(result.warnings)
    if html is not None:
        note(f"page written to {html}")
    if json:
        print_json(result.to_json())
    elif html is None:
        from api.cli.geo_tables import print_analysis

        print_analysis(people(), result.to_json())
    return ExitCode.DONE


def _of_options(panel: Path, map_file: Path | None, html: Path | None, given: dict[str, Any]) -> Any:
    from api.services.analyze_geo_test import AnalysisRequest, analyze_file
    from measurement.geotest.specification import AnalysisSettings, Estimator, Window

    one_of(
        {option: bool(given[option]) for option in ("--treated", "--cell", "--design", "--pairs")} | {"--lock": False}
    )
    if given["--start"] is None or given["--end"] is None:
        raise typer.BadParameter("give --start and --end, or --lock LOCK")
    request = AnalysisRequest(
        panel=panel,
        window=Window(given["--start"], given["--end"], given["--cooldown-end"]),
        treated=given["--treated"],
        cells=given["--cell"],
        excluded=given["--exclude"],
        pairs=given["--pairs"],
        design=given["--design"],
        panel_map=map_file,
        outcome=given["--outcome"],
        spend=given["--spend"],
        html=html,
    )
    values = {
        "level": given["--level"],
        "break_even_iroas": given["--break-even"],
        "seed": given["--seed"],
        "estimator": Estimator(given["--estimator"]) if given["--estimator"] else None,
    }
    return analyze_file(request, AnalysisSettings(**{key: value for key, value in values.items() if value is not None}))


def _refuse_contradictions(path: Path, given: dict[str, Any]) -> None:
    """Options that say otherwise than the lock, or what the lock alone may say."""
    from measurement.geotest.lock_file import read_lock

    lock = read_lock(path).lock
    test, settings = lock.test, lock.settings
    locked = {
        "--start": test.window.start,
        "--end": test.window.end,
        "--cooldown-end": test.window.cooldown_end,
        "--treated": test.treated,
        "--cell": test.cells,
        "--exclude": test.excluded,
        "--outcome": test.outcome,
        "--spend": test.spend,
        "--level": settings.level,
        "--estimator": settings.estimator.value,
        "--break-even": settings.break_even_iroas,
        "--seed": settings.seed,
    }
    for option, value in given.items():
        if value in (None, ()) or (option in locked and value == locked[option]):
            continue
        said = f", which says {_said(locked[option])}" if locked.get(option) else ""
        raise typer.BadParameter(f"{option} {_said(value)} contradicts the lock{said}: leave it out")


def _said(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) and value and isinstance(value[0], str) else str(value)
