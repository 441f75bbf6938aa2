"""`rmo geo next`: a stored model and a budget in, the geo test that improves the next plan most out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from api.cli.exits import ExitCode
from api.cli.options import Json, ModelFolder, Seed
from api.cli.output import computing, note, people, print_json, safe, table
from api.formats import compact_money, number, percent

EXAMPLE = "Example: rmo geo next model --budget 1000000 --weeks 13"
_SHOWN = 12
_COLUMNS = (
    "<channel",
    "<test",
    "geos",
    "weeks",
    "value of knowing",
    "±",
    "at most",
    "cost",
    "net value",
    "iROAS interval",
    "plan changes",
)

Budget = Annotated[float, typer.Option("--budget", help="Total over the planned weeks.", show_default=False)]
Weeks = Annotated[int, typer.Option("--weeks", min=1, max=104, help="Weeks to plan.")]
HorizonWeeks = Annotated[int, typer.Option("--horizon-weeks", min=1, max=520, help="Weeks that use the result.")]
RulesFile = Annotated[Path | None, typer.Option("--rules", help="A rules.toml, as for rmo plan.")]


def register(geo: typer.Typer) -> None:
    """Add the command under `rmo geo`."""
    geo.command("next", epilog=EXAMPLE)(next_test)


def next_test(
    model: ModelFolder,
    budget: Budget,
    weeks: Weeks = 13,
    horizon_weeks: HorizonWeeks = 52,
    rules: RulesFile = None,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Say which geo test to run next: what the next plans gain by its result, against what it costs.

    Exit code 3 says that there is no answer: the model was refused, or no plan keeps the rules.
    """
    from api.services.next_test import NextTestRequest
    from api.services.next_test import next_test as ask
    from measurement.storage import load_model

    request = NextTestRequest(budget, weeks, horizon_weeks, rules, seed)
    with computing():
        fitted = load_model(model)
        answer = ask(fitted, request, note)
    if json:
        print_json(answer)
    else:
        print_tests(people(), answer, fitted.panel.currency)
    return ExitCode.REFUSED if answer["refused_because"] else ExitCode.DONE


def print_tests(console: Console, told: Mapping[str, Any], currency: str) -> None:
    """Advice, the tests best first, and what the figures rest on."""
    console.print(f"[bold]{safe(told['advice'])}[/bold]")
    if told["tests"]:
        console.print()
        made = table(f"Tests, by net value over {told['horizon_weeks']} weeks", _COLUMNS)
        for test in told["tests"][:_SHOWN]:
            made.add_row(*_row(test, currency))
        console.print(made)
        if len(told["tests"]) > _SHOWN:
            console.print(f"{len(told['tests']) - _SHOWN} more with --json.")
    for sentence in told["assumptions"]:
        console.print(f"[dim]{safe(sentence)}[/dim]")


def _row(test: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    return (
        safe(test["channel"]),
        {"heavy_up": "double", "go_dark": "stop"}.get(test["kind"], safe(test["kind"])),
        number(len(test["geos"])),
        f"{test['weeks']}+{test['cooldown_weeks']}",
        compact_money(test["value"], currency),
        compact_money(test["value_error"], currency),
        compact_money(test["upper_bound"], currency),
        compact_money(test["cost"], currency),
        compact_money(test["net_value"], currency),
        f"{percent(test['narrowing'])} narrower",
        percent(test["probability_plan_changes"]),
    )
