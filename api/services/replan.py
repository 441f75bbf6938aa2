"""A plan as it was first made, the weeks spent since and the plan of what is left in; how they stand as JSON out."""

from typing import Any

import numpy as np

from api.plain_json import plain
from measurement.actuals import Actuals
from measurement.fitted import FittedModel
from measurement.interval import Interval, summarise
from measurement.sales_forecast import forecast_sales
from optimizer.against_actuals import AgainstActuals, SalesSoFar, last_day, spend_so_far
from optimizer.allocate import allocate
from optimizer.plan import BudgetPlan
from optimizer.problem import PlanProblem
from optimizer.weekly_plan import lay_out_weeks


def stand_against(model: FittedModel, first: PlanProblem, actuals: Actuals, plan: BudgetPlan) -> dict[str, Any]:
    """The keys `actuals` and `advice` of the answer.

    Args:
        model: what both plans were made with.
        first: what was asked before the first week: it is planned again, and its first weeks held against the actuals.
        actuals: the weeks spent.
        plan: the plan of what is left.
    """
    before = lay_out_weeks(first, allocate(first))
    if before.total is None:
        return {"actuals": None}
    told = AgainstActuals(
        len(actuals.dates), last_day(actuals), spend_so_far(before, actuals), _sales(model, before, actuals)
    )
    return {"actuals": plain(told.to_json()), "advice": f"{told.in_words} {plan.advice}"}


def _sales(model: FittedModel, before: BudgetPlan, actuals: Actuals) -> SalesSoFar:
    """Sales of the weeks spent against what the plan as first made had expected of them, baseline included."""
    if actuals.sales is None:
        return SalesSoFar(None, None, "Sales are not judged, because the actuals do not tell them.")
    sold, weeks = float(actuals.sales.sum()), len(actuals.dates)
    new = [line.channel for line in before.lines if line.without_history]
    if new:
        return SalesSoFar(sold, None, f"Sales are not judged: the model knows nothing of {', '.join(new)}.")
    names = model.panel.channel_names
    planned = np.zeros((len(names), weeks))
    for entry in before.schedule:
        if entry.week <= weeks:
            planned[names.index(entry.channel), entry.week - 1] = entry.spend
    expected = summarise(forecast_sales(model, planned))
    return SalesSoFar(sold, expected, _in_words(sold, expected))


def _in_words(sold: float, expected: Interval) -> str:
    held = expected.p5 <= sold <= expected.p95
    side = "within" if held else ("above" if sold > expected.p95 else "below")
    told = (
        f"Sales of {sold:,.0f} lie {side} what the plan expected of these weeks "
        f"({expected.p5:,.0f} to {expected.p95:,.0f} with a probability of 90 %)"
    )
    return f"{told}." if held else f"{told}: sales have left the plan. Fit again with these weeks to see why."
