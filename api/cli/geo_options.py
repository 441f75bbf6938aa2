"""Arguments that commands on a single geo test share, and what is read from their text."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import LARGEST_SEED, names
from measurement.geotest.specification import Cell

ESTIMATORS = ("auto", "scm", "ascm", "sdid", "tbr", "trimmed_match", "bayesian_scm", "randomisation")
KINDS = ("holdout", "go_dark", "heavy_up")
DAY = {"formats": ["%Y-%m-%d"], "metavar": "YYYY-MM-DD"}

Treated = Annotated[str, typer.Option("--treated", help="The treated geos: a,b.")]
Cells = Annotated[
    list[str] | None,
    typer.Option("--cell", metavar="NAME=a,b", help="A cell and its geos; once for each of two or more cells."),
]
DesignFile = Annotated[Path | None, typer.Option("--design", help="The answer of rmo geo design --json.")]
PairsFile = Annotated[Path | None, typer.Option("--pairs", help="Matched pairs: a CSV with geo, pair, assignment.")]
SpendColumn = Annotated[str | None, typer.Option("--spend", help="Spend that the test changes: a channel or column.")]
Exclude = Annotated[str, typer.Option("--exclude", help="Geos that take no part: c,d.")]
OutcomeName = Annotated[str | None, typer.Option("--outcome", help="The outcome, where the panel has several.")]
LEVEL_HELP = "Probability that intervals are meant to hold the truth with; 0.9 unless given."
OptionalLevel = Annotated[float | None, typer.Option("--level", help=LEVEL_HELP, show_default=False)]
ESTIMATOR_HELP = f"One of {', '.join(ESTIMATORS)}; auto unless given."
OptionalEstimator = Annotated[str | None, typer.Option("--estimator", help=ESTIMATOR_HELP, show_default=False)]
BREAK_EVEN_HELP = "iROAS at which spend pays for itself: 1 / margin; 1 unless given."
OptionalBreakEven = Annotated[float | None, typer.Option("--break-even", help=BREAK_EVEN_HELP, show_default=False)]
OptionalSeed = Annotated[
    int | None,
    typer.Option(
        "--seed", min=0, max=LARGEST_SEED, metavar="N", help="Same input and seed, same answer.", show_default=False
    ),
]


def cells_of(texts: list[str] | None) -> tuple[Cell, ...]:
    """`NAME=a,b`, once for each cell."""
    found = []
    for text in texts or ():
        name, equals, geos = text.partition("=")
        if not equals or not name.strip() or not names(geos):
            raise typer.BadParameter(f"--cell {text!r} is not a cell: write NAME=a,b")
        found.append(Cell(name.strip(), names(geos)))
    return tuple(found)


def known_estimator(name: str) -> str:
    """The name, if it is one."""
    if name not in ESTIMATORS:
        raise typer.BadParameter(f"estimator {name!r} is not known: give one of {', '.join(ESTIMATORS)}")
    return name


def day(moment: datetime | None) -> date | None:
    """The day of an option."""
    return None if moment is None else moment.date()


def one_of(options: dict[str, bool]) -> None:
    """Refuse none and more than one of the ways to say who is treated."""
    if sum(options.values()) != 1:
        *first, last = options
        raise typer.BadParameter(f"give {', '.join(first)} or {last}: exactly one of them")
