"""`rmo demo`: a seed in; a made-up advertiser fitted, planned and shown against its truth out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from api.cli.exits import ExitCode
from api.cli.interruption import ending_at_once
from api.cli.options import Json, Seed
from api.cli.output import computing, note, people, print_json, safe, table
from api.cli.progress import fit_progress
from api.formats import between, compact_between, compact_money, money, number, percent

if TYPE_CHECKING:
    from api.services.run_demo import Demo

Out = Annotated[Path, typer.Option("--out", help="Folder for panel, truth, model, plan and report.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: rmo demo --seed 7 --out demo")(demo)


def demo(out: Out = Path("demo"), seed: Seed = 1, json: Json = False) -> int:
    """See it work: an advertiser with known truth, from data to a budget plan, in a few minutes."""
    from api.services.run_demo import run_demo

    note("making up an advertiser: 20 geos, 104 weeks, 5 channels; what they truly sell is hidden from the fit")
    with computing(), ending_at_once(), fit_progress() as show:
        shown = run_demo(seed, out, show)
    if json:
        print_json(shown.to_json())
    else:
        _print(people(), shown)
    return ExitCode.DONE if shown.planned else ExitCode.REFUSED


def _print(console: Console, shown: "Demo") -> None:
    from api.cli.plan_tables import print_plan
    from api.cli.report_tables import print_report
    from api.report_json import report_json

    currency = shown.model.panel.currency
    console.rule("What the model found", align="left")
    print_report(console, report_json(shown.model), currency)
    console.print()
    console.rule("The plan", align="left")
    print_plan(console, shown.plan, currency)
    console.print()
    console.rule("Against the truth, which the model never saw", align="left")
    _print_channels(console, shown)
    console.print()
    _print_splits(console, shown)
    console.print()
    console.print(f"Everything lies in {shown.folder}. Open {shown.folder / 'report.html'} in a browser.", markup=False)


def _print_channels(console: Console, shown: "Demo") -> None:
    columns = (
        "<channel",
        "true iROAS",
        "estimate",
        "90 % interval",
        "<holds it",
        "today",
        "plan",
        "true optimum",
    )
    made = table("", columns)
    currency = shown.model.panel.currency
    for entry, truth in zip(shown.model.report.channels, shown.channels, strict=True):
        made.add_row(
            safe(truth.channel),
            number(truth.iroas, 2),
            number(entry.iroas.mean, 2),
            between(entry.iroas.to_json()),
            "yes" if truth.covered else "no",
            money(shown.today.spend[truth.channel], currency),
            money(shown.planned.spend[truth.channel], currency) if shown.planned else "",
            money(shown.optimum.spend[truth.channel], currency),
        )
    console.print(made)


def _print_splits(console: Console, shown: "Demo") -> None:
    currency = shown.model.panel.currency
    today, best = shown.today.incremental, shown.optimum.incremental
    console.print(f"Today's split truly sells {compact_money(today, currency)} in {shown.plan['weeks']} weeks.")
    if shown.planned:
        brought = shown.planned.incremental
        claim = shown.plan["total"]["incremental"]
        gain = shown.plan["total"]["gain"]
        console.print(
            f"The plan claims {compact_money(claim['mean'], currency)} ({compact_between(claim)}) "
            f"and truly sells {compact_money(brought, currency)}."
        )
        console.print(
            f"It claims to gain {compact_money(gain['mean'], currency)} ({compact_between(gain)}) "
            f"and truly gains {compact_money(brought - today, currency)}, "
            f"{_share(brought - today, best - today)} of what the best split would."
        )
    console.print(f"The best split within ±50 % truly sells {compact_money(best, currency)}.")


def _share(gained: float, possible: float) -> str:
    return percent(gained / possible) if possible > 0 else "all"
