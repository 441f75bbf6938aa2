"""A market, a question and treated geos in, what the test does to spend out: a plan by geo and week, cost, return."""

import numpy as np

from measurement.geotest.comparison import FloatArray, IntArray
from measurement.geotest.design_answer import Money, PlannedSpend
from measurement.geotest.design_question import DesignQuestion, ExperimentKind
from measurement.geotest.market import Market

USUAL_HEAVY_UP = 1.0
"""Extra spend of a heavy-up over the usual, where neither a budget nor an expected return says how much."""

LARGEST_FACTOR = 3.0
"""Planned over usual spend up to which nothing is said."""


def money_of(market: Market, question: DesignQuestion, rows: IntArray, mde: float | None) -> Money:
    """Spend change, cost, plan and the least return that is found.

    Usual spend is that of the panel's last weeks, as many as the test has, week by week. A holdout or go-dark plans no
    spend and costs the sales that are given up. A heavy-up spends what its MDE needs at the expected return; without
    one, the budget; without either, the usual once more. It is spread as usual spend is, or as sales are where there
    is none.
    """
    usual = _by_week(market, question, rows)
    sales = float(market.outcome[rows][:, -market.periods :].sum())
    if question.kind is ExperimentKind.HEAVY_UP:
        change = _extra(question, usual, sales, mde)
        cost = change
    else:
        change = None if usual is None else -float(usual.sum())
        cost = None if change is None or question.iroas is None else -change * question.iroas
    if change is None:
        return Money()
    least = None if mde is None or change == 0 else mde * sales / abs(change)
    return Money(change, cost, _plan(market, rows, usual, change), least)


def spend_notes(money: Money) -> tuple[str, ...]:
    """What the reader should know of the plan."""
    usual, planned = sum(row.usual for row in money.plan), sum(row.planned for row in money.plan)
    if not usual or planned <= LARGEST_FACTOR * usual:
        return ()
    return (
        f"the plan spends {planned / usual:.1f} times the usual in the treated geos: what it returns says little of "
        "usual spend, since returns fall as spend grows; treat more geos or larger ones, or spend less",
    )


def _by_week(market: Market, question: DesignQuestion, rows: IntArray) -> FloatArray | None:
    """Usual spend by treated geo and week, `(N, weeks)`."""
    if market.spend is None:
        return None
    recent = market.spend[rows][:, -market.periods :]
    by_week: FloatArray = recent.reshape(len(rows), question.weeks, -1).sum(axis=2)
    return by_week


def _extra(question: DesignQuestion, usual: FloatArray | None, sales: float, mde: float | None) -> float | None:
    if question.iroas is not None:
        return None if mde is None else mde * sales / question.iroas
    if question.budget is not None:
        return question.budget
    return None if usual is None or not usual.any() else USUAL_HEAVY_UP * float(usual.sum())


def _plan(market: Market, rows: IntArray, usual: FloatArray | None, change: float) -> tuple[PlannedSpend, ...]:
    if usual is None:
        return ()
    if usual.any():
        shares = usual / usual.sum()
    else:
        recent = market.outcome[rows][:, -market.periods :].reshape(len(rows), usual.shape[1], -1).sum(axis=2)
        shares = recent / recent.sum()
    planned = np.zeros_like(usual) if change < 0 else usual + change * shares
    return tuple(
        PlannedSpend(geo, week + 1, float(usual[place, week]), float(planned[place, week]))
        for place, geo in enumerate(market.names(rows))
        for week in range(usual.shape[1])
    )
