"""`rmo geo design`: a panel and a question in, which geos to treat and what a test of them would find out."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.exits import ExitCode
from api.cli.options import Json, MapFile, PanelFile, Seed, names
from api.cli.output import computing, note, people, print_json, warn

DESIGN_EXAMPLE = "Example: rmo geo design panel.csv --channel tv --weeks 2,4 --geos-max 4 --mde 0.05 --html page.html"
ASSIGNMENTS = {
    "any": (),
    "drawn": ("pairs", "strata", "supergeos"),
    "pairs": ("pairs",),
    "strata": ("strata",),
    "supergeos": ("supergeos",),
    "selected": ("selected",),
}
"""How treated geos may be found, as rules of the package; none for any way."""
KINDS = ("holdout", "go_dark", "heavy_up")

Kind = Annotated[str, typer.Option("--kind", help=f"What happens in the treated geos: {', '.join(KINDS)}.")]
Weeks = Annotated[str, typer.Option("--weeks", help="Length of the test in weeks, or several to compare: 2,4,6.")]
GeosMin = Annotated[int, typer.Option("--geos-min", help="Fewest geos to treat, in each cell.")]
GeosMax = Annotated[int, typer.Option("--geos-max", help="Most geos to treat, in each cell.")]
Cells = Annotated[int, typer.Option("--cells", help="Disjoint treated sets, compared with the same controls.")]
AssignmentName = Annotated[
    str, typer.Option("--assignment", help=f"How treated geos may be found: {', '.join(ASSIGNMENTS)}.")
]
Include = Annotated[str, typer.Option("--include", help="Geos that must be treated, in the first cell: a,b.")]
Keep = Annotated[str, typer.Option("--keep", help="Geos that must be controls: c,d.")]
Exclude = Annotated[str, typer.Option("--exclude", help="Geos that take no part: e,f.")]
EligibilityFile = Annotated[
    Path | None,
    typer.Option("--eligibility", help="A CSV with geo, eligibility: treat, control, either or exclude."),
]
AdjacentFile = Annotated[
    Path | None,
    typer.Option("--adjacent", help="A CSV with geo, neighbour: neighbours of treated geos are set apart."),
]
OutcomeName = Annotated[str | None, typer.Option("--outcome", help="The outcome, where the panel has several.")]
ChannelName = Annotated[str | None, typer.Option("--channel", help="The channel to test.")]
Budget = Annotated[
    float | None, typer.Option("--budget", help="Most that the test may cost: says what can be detected for it.")
]
Mde = Annotated[float | None, typer.Option("--mde", help="The effect to detect, such as 0.05: says what it takes.")]
Power = Annotated[float, typer.Option("--power", help="Probability with which the effect shall be found.")]
Level = Annotated[float, typer.Option("--level", help="Probability that intervals are meant to hold the truth with.")]
BelievedIroas = Annotated[float | None, typer.Option("--iroas", help="What the channel is thought to return.")]
PlanFile = Annotated[Path | None, typer.Option("--plan-csv", help="Write the spend by treated geo and week.")]
HtmlFile = Annotated[Path | None, typer.Option("--html", help="Write the design as one self-contained page.")]


def design(
    panel: PanelFile,
    channel: ChannelName = None,
    kind: Kind = "holdout",
    weeks: Weeks = "4",
    geos_min: GeosMin = 2,
    geos_max: GeosMax = 5,
    cells: Cells = 1,
    assignment: AssignmentName = "any",
    include: Include = "",
    keep: Keep = "",
    exclude: Exclude = "",
    eligibility: EligibilityFile = None,
    adjacent: AdjacentFile = None,
    outcome: OutcomeName = None,
    budget: Budget = None,
    mde: Mde = None,
    power: Power = 0.8,
    level: Level = 0.9,
    iroas: BelievedIroas = None,
    map_file: MapFile = None,
    plan_csv: PlanFile = None,
    html: HtmlFile = None,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Say which geos to treat and what a test of them would find; exit code 3 where no design will do."""
    from api.services.design_geo_test import DesignRequest, design_file
    from measurement.geotest.design_question import DesignQuestion, ExperimentKind, Rule

    if kind not in KINDS:
        raise typer.BadParameter(f"kind {kind!r} is not known: give one of {', '.join(KINDS)}")
    if assignment not in ASSIGNMENTS:
        raise typer.BadParameter(f"assignment {assignment!r} is not known: give one of {', '.join(ASSIGNMENTS)}")
    lengths = _lengths(weeks)
    question = DesignQuestion(
        kind=ExperimentKind(kind),
        weeks=lengths[0],
        geos_min=geos_min,
        geos_max=geos_max,
        cells=cells,
        rules=tuple(Rule(name) for name in ASSIGNMENTS[assignment]),
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
    request = DesignRequest(panel, question, lengths, map_file, eligibility, adjacent, plan_csv, html)
    with computing():
        answer = design_file(request)
    warn(answer.warnings)
    for what, path in (("spend plan", plan_csv if answer.recommended else None), ("page", html)):
        if path is not None:
            note(f"{what} written to {path}")
    if json:
        print_json(answer.to_json())
    else:
        from api.cli.geo_design_tables import print_designs

        print_designs(people(), answer.to_json())
    return ExitCode.REFUSED if answer.refusal else ExitCode.DONE


def _lengths(text: str) -> tuple[int, ...]:
    """`2,4,6` → `(2, 4, 6)`."""
    try:
        lengths = tuple(int(part) for part in names(text))
    except ValueError:
        lengths = ()
    if not lengths:
        raise typer.BadParameter(f"--weeks {text!r} is not a number of weeks: give one such as 4, or several: 2,4,6")
    return lengths
