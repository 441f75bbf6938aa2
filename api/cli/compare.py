"""`rmo compare`: two stored models in, what changed between them and why out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from api.cli.exits import ExitCode
from api.cli.options import Json, UnusedSeed
from api.cli.output import computing, people, print_json, safe, table
from api.formats import between, number, words

ModelA = Annotated[Path, typer.Argument(metavar="MODEL_A", help="The earlier model.", show_default=False)]
ModelB = Annotated[Path, typer.Argument(metavar="MODEL_B", help="The later model.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: rmo compare model-march model-april")(compare)


def compare(model_a: ModelA, model_b: ModelB, seed: UnusedSeed = 0, json: Json = False) -> int:
    """Say what changed between two fits and why: data, experiments, priors, versions, seed."""
    from measurement.compare import compare_models
    from measurement.storage import load_model

    with computing():
        comparison = compare_models(load_model(model_a), load_model(model_b)).to_json()
    if json:
        print_json(comparison)
    else:
        _print(people(), comparison)
    return ExitCode.DONE


def _print(console: Console, comparison: Mapping[str, Any]) -> None:
    console.print(f"[bold]{safe(comparison['summary'])}[/bold]")
    for cause in comparison["causes"]:
        console.print(f"  • {safe(cause['sentence'])}")
    console.print()
    made = table("iROAS by channel", ("<channel", "before", "90 %", "after", "90 %", "<change", "<verdict"))
    for change in comparison["channels"]:
        before, after = change["iroas_a"], change["iroas_b"]
        made.add_row(
            safe(change["channel"]),
            number(before["mean"], 2) if before else "",
            between(before) if before else "",
            number(after["mean"], 2) if after else "",
            between(after) if after else "",
            words(change["change"]),
            _verdicts(change["verdict_a"], change["verdict_b"]),
        )
    console.print(made)
    console.print()
    for change in comparison["channels"]:
        console.print(f"→ {safe(change['sentence'])}")


def _verdicts(before: str | None, after: str | None) -> str:
    shown = [words(verdict) for verdict in dict.fromkeys((before, after)) if verdict]
    return " → ".join(shown)
