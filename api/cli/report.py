"""`rmo report`: a stored model in, its report as tables, JSON or one HTML page out."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.exits import ExitCode
from api.cli.options import Json, ModelFolder, UnusedSeed
from api.cli.output import computing, note, people, print_json, warn

HtmlFile = Annotated[Path | None, typer.Option("--html", help="Write the report as one self-contained page.")]
PlanFile = Annotated[Path | None, typer.Option("--plan", help="A plan from rmo plan --json, marked in the page.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: rmo report model --html report.html")(report)


def report(
    model: ModelFolder,
    html: HtmlFile = None,
    plan: PlanFile = None,
    seed: UnusedSeed = 0,
    json: Json = False,
) -> int:
    """Say what each channel sold: incremental sales, iROAS, marginal iROAS and how sure that is."""
    from api.report_json import report_json
    from api.services.write_page import read_plan, write_page
    from measurement.storage import load_model

    if plan is not None and html is None:
        raise typer.BadParameter("--plan marks a plan in the page: give --html too")
    chosen = read_plan(plan) if plan else None
    with computing():
        fitted = load_model(model)
        if html is not None:
            write_page(fitted, html, chosen)
    if html is not None:
        note(f"page written to {html}")
    if json:
        print_json(report_json(fitted))
    elif html is None:
        from api.cli.report_tables import print_report

        warn(fitted.warnings)
        print_report(people(), report_json(fitted), fitted.panel.currency)
    return ExitCode.DONE
