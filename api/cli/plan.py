"""`rmo plan`: a stored model and a budget in, the budget plan out."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.exits import ExitCode
from api.cli.options import Json, ModelFolder, UnusedSeed
from api.cli.output import computing, people, print_json

Budget = Annotated[float, typer.Option("--budget", help="Total over the planned weeks.", show_default=False)]
Weeks = Annotated[int, typer.Option("--weeks", min=1, max=104, help="Weeks to plan.")]
RulesFile = Annotated[Path | None, typer.Option("--rules", help="A rules.toml: least, most, steps, groups.")]
Force = Annotated[bool, typer.Option("--force", help="Plan on a model that was refused.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: rmo plan model --budget 1000000 --weeks 13 --rules rules.toml")(plan)


def plan(
    model: ModelFolder,
    budget: Budget,
    weeks: Weeks = 13,
    rules: RulesFile = None,
    force: Force = False,
    seed: UnusedSeed = 0,
    json: Json = False,
) -> int:
    """Split a budget over the channels so that it sells most, within your rules.

    Exit code 3 says that there is no plan: the rules cannot hold together, or the model was refused (see --force).
    """
    from api.services.plan_budget import PlanRequest, plan_budget
    from measurement.storage import load_model

    request = PlanRequest(budget=budget, weeks=weeks, rules=rules, force=force)
    with computing():
        fitted = load_model(model)
        answer = plan_budget(fitted, request)
    if json:
        print_json(answer)
    else:
        from api.cli.plan_tables import print_plan

        print_plan(people(), answer, fitted.panel.currency)
    return ExitCode.REFUSED if answer["status"] == "infeasible" else ExitCode.DONE
