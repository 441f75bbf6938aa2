"""`rmo fit`: a panel in, a stored model and the gate's report out."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.exits import ExitCode
from api.cli.interruption import ending_at_once
from api.cli.options import Controls, Json, MapFile, PanelFile, Seed, names
from api.cli.output import computing, note, people, print_json, warn
from api.cli.progress import fit_progress

Out = Annotated[Path, typer.Option("--out", help="Folder to store the model in.", show_default=False)]
PriorsFile = Annotated[Path | None, typer.Option("--priors", help="A priors.toml: what is believed before the data.")]

ExperimentsFile = Annotated[
    Path | None, typer.Option("--experiments", help="An experiments.csv: finished tests for the model to learn from.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: rmo fit panel.csv --out model --seed 1")(fit)


def fit(
    panel: PanelFile,
    out: Out,
    map_file: MapFile = None,
    controls: Controls = "",
    priors: PriorsFile = None,
    experiments: ExperimentsFile = None,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Learn what each channel really sells, and store the model.

    Exit code 3 says that the gate refuses the model; it is stored all the same, so that rmo report can say why.
    """
    from api.report_json import report_json
    from api.services.fit_panel import FitRequest, fit_panel

    request = FitRequest(panel, map_file, names(controls), priors, out, seed, experiments)
    with computing(), ending_at_once(), fit_progress() as show:
        model = fit_panel(request, progress=show)
    warn(model.warnings)
    note(f"stored in {out}")
    if json:
        print_json(report_json(model))
    else:
        from api.cli.report_tables import print_report

        print_report(people(), report_json(model), model.panel.currency)
    return ExitCode.REFUSED if model.report.status.value == "refused" else ExitCode.DONE
