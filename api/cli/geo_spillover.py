"""`rmo geo spillover`: units that share buyers in, whether one's advertising moves the other's sales out."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.exits import ExitCode
from api.cli.options import Json, MapFile, PanelFile, Seed, names
from api.cli.output import computing, people, print_json, warn

_DAY = {"formats": ["%Y-%m-%d"], "metavar": "YYYY-MM-DD"}
_EXAMPLE = "Example: rmo geo spillover groups.csv --channel search --substitutes substitutes.csv"

Channel = Annotated[str, typer.Option("--channel", help="The channel whose spend may spill over.", show_default=False)]
Treated = Annotated[str, typer.Option("--treated", help="Treated units of a finished test: a,b.")]
Start = Annotated[datetime | None, typer.Option("--start", help="First day of the test.", **_DAY)]
End = Annotated[datetime | None, typer.Option("--end", help="Last day of the test.", **_DAY)]
Substitutes = Annotated[
    Path | None, typer.Option("--substitutes", help="Who shares buyers: a CSV with unit, neighbour.")
]
OutcomeName = Annotated[str | None, typer.Option("--outcome", help="The outcome of the test.")]
Level = Annotated[float, typer.Option("--level", help="Probability that intervals are meant to hold the truth with.")]


def register(geo: typer.Typer) -> None:
    """Add the command to `rmo geo`."""
    geo.command(epilog=_EXAMPLE)(spillover)


def spillover(
    panel: PanelFile,
    channel: Channel,
    treated: Treated = "",
    start: Start = None,
    end: End = None,
    substitutes: Substitutes = None,
    outcome: OutcomeName = None,
    level: Level = 0.9,
    map_file: MapFile = None,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Say whether a unit's advertising moves other units' sales, before a test and after one."""
    from api.services.check_spillover import SpilloverRequest, check_spillover_file
    from measurement.geotest.specification import AnalysisSettings, GeoTest, Window

    test = None
    if treated or start or end:
        if not (treated and start and end):
            raise typer.BadParameter("a finished test takes --treated a,b, --start D and --end D: give all three")
        test = GeoTest(Window(start.date(), end.date()), names(treated), outcome=outcome)
    elif outcome is not None:
        raise typer.BadParameter(
            "--outcome names the outcome of a finished test: give --treated, --start and --end too"
        )
    with computing():
        answer = check_spillover_file(
            SpilloverRequest(panel, channel, test, substitutes, map_file), AnalysisSettings(level=level, seed=seed)
        )
    warn(answer.warnings)
    if json:
        print_json(answer.to_json())
    else:
        from api.cli.geo_switchback_tables import print_spillover

        print_spillover(people(), answer.to_json())
    return ExitCode.DONE
