"""`rmo geo design`: a panel and a question in, which geos to treat and what a test of them would find out."""

from typing import Annotated

import typer

from api.cli import geo_spillover, geo_switchback
from api.cli.exits import ExitCode
from api.cli.options import Json, MapFile, PanelFile, Seed, names
from api.cli.output import computing, people, print_json, warn

OutcomeName = Annotated[str | None, typer.Option("--outcome", help="The outcome, where the panel has several.")]
Exclude = Annotated[str, typer.Option("--exclude", help="Geos that take no part: c,d.")]
Level = Annotated[float, typer.Option("--level", help="Probability that intervals are meant to hold the truth with.")]

_DESIGN_EXAMPLE = "Example: rmo geo design panel.csv --kind holdout --weeks 2 --geos-min 2 --geos-max 4 --mde 0.05"
geo = typer.Typer(help="Geo-holdout tests.", no_args_is_help=True, pretty_exceptions_enable=False)


KINDS = ("holdout", "go_dark", "heavy_up")
Kind = Annotated[str, typer.Option("--kind", help=f"What happens in the treated geos: {', '.join(KINDS)}.")]
Weeks = Annotated[int, typer.Option("--weeks", help="Length of the test in weeks.")]
GeosMin = Annotated[int, typer.Option("--geos-min", help="Fewest geos to treat.")]
GeosMax = Annotated[int, typer.Option("--geos-max", help="Most geos to treat.")]
Include = Annotated[str, typer.Option("--include", help="Geos that must be treated: a,b.")]
Keep = Annotated[str, typer.Option("--keep", help="Geos that must be controls: c,d.")]
ChannelName = Annotated[str | None, typer.Option("--channel", help="The channel to test.")]
Budget = Annotated[float | None, typer.Option("--budget", help="Most that the test may cost.")]
Mde = Annotated[float | None, typer.Option("--mde", help="Largest detectable effect that will do, such as 0.05.")]
Power = Annotated[float, typer.Option("--power", help="Probability with which the effect shall be found.")]
BelievedIroas = Annotated[float | None, typer.Option("--iroas", help="What the channel is thought to return.")]


def register(app: typer.Typer) -> None:
    """Add the commands under `rmo geo`; `api.cli.geo_analyze` and `api.cli.geo_lock` add theirs to the same group."""
    geo.command(epilog=_DESIGN_EXAMPLE)(design)
    geo_switchback.register(geo)
    geo_spillover.register(geo)
    app.add_typer(geo, name="geo")


def design(
    panel: PanelFile,
    channel: ChannelName = None,
    kind: Kind = "holdout",
    weeks: Weeks = 4,
    geos_min: GeosMin = 2,
    geos_max: GeosMax = 5,
    include: Include = "",
    keep: Keep = "",
    exclude: Exclude = "",
    outcome: OutcomeName = None,
    budget: Budget = None,
    mde: Mde = None,
    power: Power = 0.8,
    level: Level = 0.9,
    iroas: BelievedIroas = None,
    map_file: MapFile = None,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Say which geos to treat and what a test of them would find; exit code 3 where no design will do."""
    from api.services.design_geo_test import design_file
    from measurement.geotest.design_question import DesignQuestion, ExperimentKind

    if kind not in KINDS:
        raise typer.BadParameter(f"kind {kind!r} is not known: give one of {', '.join(KINDS)}")
    question = DesignQuestion(
        kind=ExperimentKind(kind),
        weeks=weeks,
        geos_min=geos_min,
        geos_max=geos_max,
        include=names(include),
        keep=names(keep),
        exclude=names(exclude),
        outcome=outcome,
        channel=channel,
        budget=budget,
        iroas=iroas,
        mde=mde,
        power=power,
        level=level,
        seed=seed,
    )
    with computing():
        answer = design_file(panel, map_file, question)
    warn(answer.warnings)
    if json:
        print_json(answer.to_json())
    else:
        from api.cli.geo_tables import print_designs

        print_designs(people(), answer.to_json())
    return ExitCode.REFUSED if answer.refused_because else ExitCode.DONE
