"""A plan as it was first made, the weeks spent since and the plan of what is left in; how they stand as JSON out."""

from typing import Any

from api.plain_json import plain
from measurement.actuals import Actuals
from optimizer.against_actuals import AgainstActuals, SalesSoFar, last_day, spend_so_far
from optimizer.allocate import allocate
from optimizer.plan import BudgetPlan
from optimizer.problem import PlanProblem
from optimizer.weekly_plan import lay_out_weeks


def stand_against(first: PlanProblem, actuals: Actuals, plan: BudgetPlan) -> dict[str, Any]:
    """The keys `actuals` and `advice` of the answer.

    Args:
        first: what was asked before the first week: it is planned again, and its first weeks held against the actuals.
        actuals: the weeks spent.
        plan: the plan of what is left.
    """
    before = lay_out_weeks(first, allocate(first))
    if before.total is None:
        return {"actuals": None}
    told = AgainstActuals(len(actuals.dates), last_day(actuals), spend_so_far(before, actuals), _sales(actuals))
    return {"actuals": plain(told.to_json()), "advice": f"{told.in_words} {plan.advice}"}


def _sales(actuals: Actuals) -> SalesSoFar:
    """Told, not judged: a stored model has the baseline of the weeks it was fitted on and nothing to forecast it by."""
    if actuals.sales is None:
        return SalesSoFar(None, None, "Sales are not judged, because the actuals do not tell them.")
    sold = float(actuals.sales.sum())
    return SalesSoFar(
        sold,
        None,
        f"Sales of {sold:,.0f} cannot be judged: most of them are baseline, which the model knows only for "
        "the weeks of its fit. Fit again with these weeks to see what advertising sold in them.",
    )
