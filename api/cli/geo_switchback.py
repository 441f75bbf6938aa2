"""`rmo geo switchback-design` and `switchback-analyze`: a channel switched on and off in time, before and after."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.exits import ExitCode
from api.cli.options import Json, MapFile, PanelFile, Seed
from api.cli.output import computing, note, people, print_json, warn

_DAY = {"formats": ["%Y-%m-%d"], "metavar": "YYYY-MM-DD"}
_DESIGN = "Example: rmo geo switchback-design panel.csv --channel tv --block-weeks 1 --washout 2 --weeks 14 --out s.csv"
_ANALYZE = "Example: rmo geo switchback-analyze panel.csv --schedule s.csv --channel tv"

Channel = Annotated[str, typer.Option("--channel", help="The channel that is switched.", show_default=False)]
BlockDays = Annotated[int | None, typer.Option("--block-days", help="Length of a block in days.")]
BlockWeeks = Annotated[int | None, typer.Option("--block-weeks", help="Length of a block in weeks.")]
Washout = Annotated[
    int, typer.Option("--washout", help="Periods left out at each block's start: days of a daily panel, or weeks.")
]
Weeks = Annotated[int, typer.Option("--weeks", help="Length of the whole test in weeks.", show_default=False)]
Start = Annotated[
    datetime | None, typer.Option("--start", help="First day; the day after the panel if left out.", **_DAY)
]
HalfLife = Annotated[
    float | None, typer.Option("--half-life", help="Of the effect's carry-over in periods; a third of the washout.")
]
OutcomeName = Annotated[str | None, typer.Option("--outcome", help="The outcome, where the panel has several.")]
Mde = Annotated[float | None, typer.Option("--mde", help="Largest detectable effect that will do, such as 0.05.")]
Power = Annotated[float, typer.Option("--power", help="Probability with which the effect shall be found.")]
Level = Annotated[float, typer.Option("--level", help="Probability that intervals are meant to hold the truth with.")]
Believed = Annotated[float | None, typer.Option("--iroas", help="What the channel is thought to return.")]
BreakEven = Annotated[float, typer.Option("--break-even", help="iROAS at which spend pays for itself: 1 / margin.")]
OutFile = Annotated[Path | None, typer.Option("--out", help="Write the schedule as CSV.")]
ScheduleFile = Annotated[Path, typer.Option("--schedule", help="The schedule, as --out wrote it.", show_default=False)]
HtmlFile = Annotated[Path | None, typer.Option("--html", help="Write the analysis as one self-contained page.")]


def register(geo: typer.Typer) -> None:
    """Add the commands to `rmo geo`."""
    geo.command(name="switchback-design", epilog=_DESIGN)(switchback_design)
    geo.command(name="switchback-analyze", epilog=_ANALYZE)(switchback_analyze)


def switchback_design(
    panel: PanelFile,
    channel: Channel,
    weeks: Weeks,
    block_days: BlockDays = None,
    block_weeks: BlockWeeks = None,
    washout: Washout = 0,
    start: Start = None,
    half_life: HalfLife = None,
    outcome: OutcomeName = None,
    mde: Mde = None,
    iroas: Believed = None,
    power: Power = 0.8,
    level: Level = 0.9,
    map_file: MapFile = None,
    out: OutFile = None,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Say when to switch a channel on and off and what that would find; exit code 3 where it will not do."""
    from api.services.switchback import design_switchback_file
    from measurement.geotest.switchback_question import SwitchbackQuestion

    if (block_days is None) == (block_weeks is None):
        raise typer.BadParameter("give --block-days N or --block-weeks N: exactly one of them")
    question = SwitchbackQuestion(
        channel=channel,
        block_days=block_days if block_days is not None else 7 * (block_weeks or 0),
        washout=washout,
        weeks=weeks,
        outcome=outcome,
        start=start.date() if start else None,
        half_life=half_life,
        mde=mde,
        iroas=iroas,
        power=power,
        level=level,
        seed=seed,
    )
    with computing():
        answer = design_switchback_file(panel, map_file, question, out)
    warn(answer.warnings)
    if out is not None:
        note("no schedule was written" if answer.refused_because else f"schedule written to {out}")
    if json:
        print_json(answer.to_json())
    else:
        from api.cli.geo_switchback_tables import print_switchback_design

        print_switchback_design(people(), answer.to_json(), channel)
    return ExitCode.REFUSED if answer.refused_because else ExitCode.DONE


def switchback_analyze(
    panel: PanelFile,
    schedule: ScheduleFile,
    channel: Channel,
    outcome: OutcomeName = None,
    level: Level = 0.9,
    break_even: BreakEven = 1.0,
    map_file: MapFile = None,
    html: HtmlFile = None,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Say what a channel's on-blocks sold against its off-blocks, and what a unit of spend returned."""
    from api.services.switchback import SwitchbackRequest, analyze_switchback_file
    from measurement.geotest.specification import AnalysisSettings

    request = SwitchbackRequest(panel, schedule, channel, outcome, map_file, html)
    with computing():
        result = analyze_switchback_file(request, AnalysisSettings(level=level, break_even_iroas=break_even, seed=seed))
    warn(result.warnings)
    if html is not None:
        note(f"page written to {html}")
    if json:
        print_json(result.to_json())
    elif html is None:
        from api.cli.geo_switchback_tables import print_switchback

        print_switchback(people(), result.to_json())
    return ExitCode.DONE
