"""A plan of totals -> the plan with its weeks, scored once more on all draws as it would be spent.

`objective`, `bound` and `gap` stay those of the totals, read from curves of even weeks on their grid. Lines, total and
gain are then what these very weeks sell by each draw, without a grid. A channel that cannot be measured stays even.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from measurement.interval import summarise
from measurement.report import Verdict
from measurement.weekly_response import WeeklyResponse
from optimizer.assemble import advice_of
from optimizer.flighting import Flighting, lay_out
from optimizer.laid_out import LaidOut
from optimizer.plan import BudgetPlan, PlanLine, PlanTotal, WeekSpend
from optimizer.problem import PlanProblem
from optimizer.proportions import todays_split
from optimizer.scoring import share_better

FloatArray = NDArray[np.float64]
NO_SEASON = "The model knows no season of advertising's effect, so weeks do not follow demand's season."


def lay_out_weeks(problem: PlanProblem, plan: BudgetPlan) -> BudgetPlan:
    """The plan with a schedule of its own; the plan as it is where there is none, or where curves know no weeks.

    Args:
        problem: the problem that the plan answers, its channels in the order of the plan's lines.
        plan: as `allocate` gives it.
    """
    weekly = problem.curves.weekly
    if weekly is None or plan.total is None:
        return plan
    cents = tuple(round(line.spend * 100) for line in plan.lines)
    known = np.array([verdict is not Verdict.NOT_MEASURABLE for verdict in problem.curves.verdicts])
    laid = lay_out(weekly, cents, problem.rules.plan.min_weekly_spend_share or 0.0, known)
    lines = tuple(_line(line, laid.sales[:, index]) for index, line in enumerate(plan.lines))
    spent = problem.with_budget(sum(cents)) if problem.target else problem
    total = _total(plan.total, laid.sales, weekly.sales(weekly.even(todays_split(spent))))
    told = _told(problem, weekly, laid)
    return replace(
        plan,
        lines=lines,
        total=total,
        schedule=_schedule(problem.curves.channels, laid),
        advice=advice_of(spent, lines, total),
        flighting=told,
    )


def _line(line: PlanLine, sales: FloatArray) -> PlanLine:
    iroas = summarise(sales / line.spend) if line.spend else None
    return replace(line, incremental=summarise(sales), iroas=iroas)


def _total(total: PlanTotal, sales: FloatArray, baseline_sales: FloatArray) -> PlanTotal:
    sold, baseline = sales.sum(axis=1), baseline_sales.sum(axis=1)
    return replace(
        total,
        incremental=summarise(sold),
        gain=summarise(sold - baseline),
        probability_better=share_better(sold - baseline, float(np.abs(baseline).mean())),
    )


def _schedule(channels: tuple[str, ...], laid: Flighting) -> tuple[WeekSpend, ...]:
    return tuple(
        WeekSpend(week + 1, channel, int(laid.cents[index, week]) / 100)
        for week in range(laid.cents.shape[1])
        for index, channel in enumerate(channels)
    )


def _told(problem: PlanProblem, weekly: WeeklyResponse, laid: Flighting) -> LaidOut:
    names = tuple(name for name, uneven in zip(problem.curves.channels, laid.uneven, strict=True) if uneven)
    gain = summarise((laid.sales - laid.even_sales).sum(axis=1))
    if names:
        reason = f"Laid out unevenly, {', '.join(names)} sells {gain.mean:,.0f} more than in even weeks. {NO_SEASON}"
    else:
        reason = f"Weeks are even: no other schedule that keeps the rules clearly sells more. {NO_SEASON}"
    return LaidOut(str(weekly.first_day.astype("datetime64[D]")), names, gain, reason)
