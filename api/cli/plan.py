"""`rmo plan`: a stored model and a question in, the budget plan out."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.exits import ExitCode
from api.cli.options import Json, ModelFolder, UnusedSeed
from api.cli.output import computing, people, print_json

Budget = Annotated[float | None, typer.Option("--budget", help="Total over the planned weeks.")]
TargetSales = Annotated[
    float | None, typer.Option("--target-sales", help="Instead: the least budget for these incremental sales.")
]
TargetIroas = Annotated[
    float | None, typer.Option("--target-iroas", help="Instead: the largest budget that returns this on average.")
]
MarginalIroas = Annotated[
    float | None, typer.Option("--marginal-iroas", help="Instead: the budget up to which further money returns this.")
]
Weeks = Annotated[int, typer.Option("--weeks", min=1, max=104, help="Weeks to plan.")]
RulesFile = Annotated[Path | None, typer.Option("--rules", help="A rules.toml: least, most, steps, groups, risk.")]
ActualsFile = Annotated[
    Path | None, typer.Option("--actuals", help="Weeks already spent: date, <channel>_spend and perhaps sales.")
]
Force = Annotated[bool, typer.Option("--force", help="Plan on a model that was refused.")]
Sweep = Annotated[bool, typer.Option("--frontier", help="Also what smaller and larger budgets return.")]
Against = Annotated[Path | None, typer.Option("--against", help="Also compare with this plan (its JSON).")]
ByGeo = Annotated[bool, typer.Option("--by-geo", help="Also spread each total over geos, within half of today's.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: rmo plan model --budget 1000000 --weeks 13 --rules rules.toml")(plan)


def plan(
    model: ModelFolder,
    budget: Budget = None,
    target_sales: TargetSales = None,
    target_iroas: TargetIroas = None,
    marginal_iroas: MarginalIroas = None,
    weeks: Weeks = 13,
    rules: RulesFile = None,
    actuals: ActualsFile = None,
    force: Force = False,
    frontier: Sweep = False,
    against: Against = None,
    by_geo: ByGeo = False,
    seed: UnusedSeed = 0,
    json: Json = False,
) -> int:
    """Split a budget over the channels so that it sells most, within your rules; or find the budget for a target.

    With --actuals, what is left of the budget is planned over what is left of the weeks.

    Exit code 3 says that there is no plan: the rules cannot hold together, or the model was refused (see --force).
    """
    from api.services.other_plan import load_plan
    from api.services.plan_budget import PlanRequest, one_question, plan_budget
    from measurement.storage import load_model

    given = {"target_sales": target_sales, "target_iroas": target_iroas, "marginal_iroas": marginal_iroas}
    question = one_question({"budget": budget} | given, lambda name: f"--{name.replace('_', '-')}")
    other = None if against is None else load_plan(against)
    with computing():
        fitted = load_model(model)
        request = PlanRequest(question, weeks, rules, force, frontier, other, by_geo, actuals)
        answer = plan_budget(fitted, request)
    if json:
        print_json(answer)
    else:
        from api.cli.plan_tables import print_plan

        print_plan(people(), answer, fitted.panel.currency)
    return ExitCode.REFUSED if answer["status"] == "infeasible" else ExitCode.DONE
