"""`rmo geo`: finished geo-holdout tests in, what they showed out."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli import geo_spillover, geo_switchback
from api.cli.exits import ExitCode
from api.cli.options import Json, MapFile, PanelFile, Seed, names
from api.cli.output import computing, note, people, print_json, warn

ESTIMATORS = ("auto", "scm", "ascm", "sdid", "tbr", "trimmed_match", "bayesian_scm", "randomisation")
_DAY = {"formats": ["%Y-%m-%d"], "metavar": "YYYY-MM-DD"}

Treated = Annotated[str, typer.Option("--treated", help="The treated geos: a,b.")]
DesignFile = Annotated[Path | None, typer.Option("--design", help="The answer of rmo geo design --json.")]
PairsFile = Annotated[Path | None, typer.Option("--pairs", help="Matched pairs: a CSV with geo, pair, assignment.")]
Start = Annotated[datetime, typer.Option("--start", help="First day of the test.", show_default=False, **_DAY)]
End = Annotated[datetime, typer.Option("--end", help="Last day of the test.", show_default=False, **_DAY)]
CooldownEnd = Annotated[datetime | None, typer.Option("--cooldown-end", help="Last day of the cooldown.", **_DAY)]
OutcomeName = Annotated[str | None, typer.Option("--outcome", help="The outcome, where the panel has several.")]
SpendColumn = Annotated[str | None, typer.Option("--spend", help="Spend that the test changed: a channel or column.")]
Exclude = Annotated[str, typer.Option("--exclude", help="Geos that take no part: c,d.")]
Level = Annotated[float, typer.Option("--level", help="Probability that intervals are meant to hold the truth with.")]
EstimatorName = Annotated[str, typer.Option("--estimator", help=f"One of {', '.join(ESTIMATORS)}.")]
BreakEven = Annotated[float, typer.Option("--break-even", help="iROAS at which spend pays for itself: 1 / margin.")]
HtmlFile = Annotated[Path | None, typer.Option("--html", help="Write the analysis as one self-contained page.")]

_EXAMPLE = "Example: rmo geo analyze panel.csv --treated north,west --start 2024-09-02 --end 2024-09-29 --spend search"
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
    """Add the commands under `rmo geo`."""
    geo.command(epilog=_DESIGN_EXAMPLE)(design)
    geo.command(epilog=_EXAMPLE)(analyze)
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


def analyze(
    panel: PanelFile,
    start: Start,
    end: End,
    treated: Treated = "",
    design_file: DesignFile = None,
    pairs: PairsFile = None,
    cooldown_end: CooldownEnd = None,
    outcome: OutcomeName = None,
    spend: SpendColumn = None,
    exclude: Exclude = "",
    level: Level = 0.9,
    estimator: EstimatorName = "auto",
    break_even: BreakEven = 1.0,
    map_file: MapFile = None,
    html: HtmlFile = None,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Say what a finished geo test sold: lift, return on the spend it changed, and how sure that is."""
    from api.services.analyze_geo_test import AnalysisRequest, analyze_file
    from measurement.geotest.specification import AnalysisSettings, Estimator, Window

    if [bool(treated), pairs is not None, design_file is not None].count(True) != 1:
        raise typer.BadParameter("give --treated a,b, --design FILE or --pairs FILE: exactly one of them")
    if estimator not in ESTIMATORS:
        raise typer.BadParameter(f"estimator {estimator!r} is not known: give one of {', '.join(ESTIMATORS)}")
    window = Window(start.date(), end.date(), cooldown_end.date() if cooldown_end else None)
    request = AnalysisRequest(
        panel=panel,
        window=window,
        treated=names(treated),
        excluded=names(exclude),
        pairs=pairs,
        design=design_file,
        panel_map=map_file,
        outcome=outcome,
        spend=spend,
        html=html,
    )
    settings = AnalysisSettings(Estimator(estimator), level, break_even, seed)
    with computing():
        result = analyze_file(request, settings)
    warn(result.warnings)
    if html is not None:
        note(f"page written to {html}")
    if json:
        print_json(result.to_json())
    elif html is None:
        from api.cli.geo_tables import print_analysis

        print_analysis(people(), result.to_json())
    return ExitCode.DONE
