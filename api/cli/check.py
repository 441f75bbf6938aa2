"""`rmo check`: a panel in, what it holds and what will be measurable out."""

import typer

from api.cli.exits import ExitCode
from api.cli.options import Controls, Json, MapFile, PanelFile, UnusedSeed, names
from api.cli.output import computing, people, print_json, warn


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: rmo check panel.csv")(check)


def check(
    panel: PanelFile, map_file: MapFile = None, controls: Controls = "", seed: UnusedSeed = 0, json: Json = False
) -> int:
    """Validate and describe a panel: coverage, variation per channel, collinearity, what will be measurable."""
    from measurement.description import describe_panel
    from measurement.panel_map import read_panel_map
    from measurement.reading import read_panel

    with computing():
        read = read_panel(panel, panel_map=read_panel_map(map_file) if map_file else None, controls=names(controls))
        description = describe_panel(read.panel).to_json()
    warn(read.warnings)
    if json:
        print_json(description | {"warnings": list(read.warnings)})
    else:
        from api.cli.check_tables import print_check

        print_check(people(), description)
    return ExitCode.DONE
