"""`rmo geo lock`, `monitor`, `exclude` and `freeze`: a test before and while it runs."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.exits import ExitCode
from api.cli.geo import geo
from api.cli.geo_options import (
    DAY,
    KINDS,
    Cells,
    DesignFile,
    Exclude,
    OptionalLevel,
    OutcomeName,
    PairsFile,
    SpendColumn,
    Treated,
    cells_of,
    day,
    known_estimator,
    one_of,
)
from api.cli.options import Json, MapFile, PanelFile, Seed, UnusedSeed, names
from api.cli.output import computing, note, people, print_json, warn
from api.lock_json import lock_json

Start = Annotated[datetime, typer.Option("--start", help="First day of the test.", show_default=False, **DAY)]
End = Annotated[datetime | None, typer.Option("--end", help="Last day of the test.", show_default=False, **DAY)]
Weeks = Annotated[int | None, typer.Option("--weeks", min=1, help="Length of the test; a design says it by itself.")]
CooldownWeeks = Annotated[int, typer.Option("--cooldown-weeks", min=0, help="Weeks to wait for late effects.")]
Pick = Annotated[int | None, typer.Option("--pick", min=1, help="Which design of the file, 1 the first.")]
Kind = Annotated[str | None, typer.Option("--kind", help=f"What happens in the treated geos: {', '.join(KINDS)}.")]
SpendPlan = Annotated[
    Path | None,
    typer.Option("--spend-plan", help="Planned spend: a CSV with geo, week (1, 2, ... or its day), planned."),
]
Estimator = Annotated[str, typer.Option("--estimator", help="As of rmo geo analyze; auto is resolved now.")]
BreakEven = Annotated[float, typer.Option("--break-even", help="iROAS at which spend pays for itself: 1 / margin.")]
Name = Annotated[str | None, typer.Option("--name", help="The test's name; the file's own unless given.")]
AfterTheFact = Annotated[
    bool, typer.Option("--after-the-fact", help="The panel holds days of the test already; every report will say so.")
]
OutLock = Annotated[Path, typer.Option("--out", help="The lock to write; never overwritten.", show_default=False)]
LockOption = Annotated[Path, typer.Option("--lock", help="The lock that rmo geo lock wrote.", show_default=False)]
LockArgument = Annotated[Path, typer.Argument(metavar="LOCK", show_default=False, help="A lock.")]
LockArguments = Annotated[list[Path], typer.Argument(metavar="LOCK...", show_default=False, help="One lock or more.")]
Geo = Annotated[str, typer.Option("--geo", help="The geo that leaves the test.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="What happened there.", show_default=False)]
OutFreeze = Annotated[Path, typer.Option("--out", help="The CSV to write: channel, geo, start, end, test.")]

_EXAMPLES = {
    "lock": "Example: rmo geo lock panel.csv --design design.json --start 2024-09-02 --cooldown-weeks 2 "
    "--break-even 2.5 --out test.json",
    "monitor": "Example: rmo geo monitor panel.csv --lock test.json",
    "exclude": 'Example: rmo geo exclude test.json --geo austin --reason "store closed by a flood"',
    "freeze": "Example: rmo geo freeze test.json other.json --out freeze.csv",
}


def register(app: typer.Typer) -> None:
    """Add the commands to the group `rmo geo`."""
    for name, command in (("lock", lock), ("monitor", monitor), ("exclude", exclude), ("freeze", freeze)):
        geo.command(name, epilog=_EXAMPLES[name])(command)


def lock(
    panel: PanelFile,
    start: Start,
    out: OutLock,
    design_file: DesignFile = None,
    pick: Pick = None,
    treated: Treated = "",
    cell: Cells = None,
    pairs: PairsFile = None,
    exclude: Exclude = "",
    weeks: Weeks = None,
    end: End = None,
    cooldown_weeks: CooldownWeeks = 0,
    kind: Kind = None,
    spend: SpendColumn = None,
    spend_plan: SpendPlan = None,
    outcome: OutcomeName = None,
    level: OptionalLevel = None,
    estimator: Estimator = "auto",
    break_even: BreakEven = 1.0,
    name: Name = None,
    after_the_fact: AfterTheFact = False,
    map_file: MapFile = None,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Fix a test before it runs: geos, window, estimator, level, success, and a mark of the data."""
    from api.services.lock_geo_test import LockRequest, lock_test

    cells = cells_of(cell)
    one_of(
        {
            "--design": design_file is not None,
            "--treated": bool(treated),
            "--cell": bool(cells),
            "--pairs": pairs is not None,
        }
    )
    if kind is not None and kind not in KINDS:
        raise typer.BadParameter(f"kind {kind!r} is not known: give one of {', '.join(KINDS)}")
    request = LockRequest(
        panel=panel,
        out=out,
        start=start.date(),
        design=design_file,
        pick=pick,
        pairs=pairs,
        treated=names(treated),
        cells=cells,
        excluded=names(exclude),
        weeks=weeks,
        end=day(end),
        cooldown_weeks=cooldown_weeks,
        kind=kind,
        spend=spend,
        spend_plan=spend_plan,
        outcome=outcome,
        name=name,
        panel_map=map_file,
        level=level,
        estimator=known_estimator(estimator),
        break_even=break_even,
        seed=seed,
        after_the_fact=after_the_fact,
    )
    with computing():
        answer = lock_test(request)
    warn(answer.warnings)
    told = _told(answer.file, out) | {"warnings": list(answer.warnings)}
    _print(json, told, "print_lock")
    return ExitCode.DONE


def monitor(
    panel: PanelFile, lock_file: LockOption, map_file: MapFile = None, seed: UnusedSeed = 0, json: Json = False
) -> int:
    """Watch a locked test: spend against plan, leakage, other changes, missing days; the outcome is not shown."""
    from api.services.monitor_geo_test import monitor_file

    with computing():
        report = monitor_file(panel, lock_file, map_file)
    _print(json, report.to_json() | {"currency": report.currency}, "print_monitor")
    return ExitCode.DONE


def exclude(lock_file: LockArgument, geo_name: Geo, reason: Reason, seed: UnusedSeed = 0, json: Json = False) -> int:
    """Log that a geo leaves the test, with the reason; refused once the result has been shown."""
    from api.services.lock_geo_test import exclude_geo

    file = exclude_geo(lock_file, geo_name, reason)
    _print(json, _told(file, lock_file), "print_log")
    return ExitCode.DONE


def freeze(lock_files: LockArguments, out: OutFreeze, seed: UnusedSeed = 0, json: Json = False) -> int:
    """Write what bidding must leave alone: channel, geo, first and last day, to the end of each cooldown."""
    from api.services.lock_geo_test import write_freezes

    freezes, clashes = write_freezes(tuple(lock_files), out)
    warn(clashes)
    if json:
        print_json({"freezes": [vars(one) for one in freezes], "warnings": list(clashes), "out": str(out)})
    else:
        note(f"{len(freezes)} rows written to {out}")
    return ExitCode.DONE


def _told(file: Any, path: Path) -> dict[str, Any]:
    return {"lock": str(path), **lock_json(file)}


def _print(json: bool, told: dict[str, Any], printer: str) -> None:
    if json:
        print_json(told)
        return
    from api.cli import geo_lock_tables
    from api.plain_json import plain

    getattr(geo_lock_tables, printer)(people(), plain(told))
