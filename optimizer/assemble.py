"""Whole cents per channel and their proof -> the `BudgetPlan`: lines, total, schedule, binding rules, advice."""

import numpy as np
from numpy.typing import NDArray

from measurement.interval import summarise
from optimizer.advice import advise, advise_on_conflicts
from optimizer.analysis import Analysis
from optimizer.conflicts import Conflict
from optimizer.decide import Decision
from optimizer.plan import BudgetPlan, PlanLine, PlanStatus, PlanTotal, WeekSpend
from optimizer.problem import PlanProblem
from optimizer.proof import relative_gap
from optimizer.proportions import todays_split
from optimizer.question import Asked
from optimizer.restrictions import Hold
from optimizer.rounding import split_evenly
from optimizer.rules import Risk
from optimizer.scoring import PlanDraws, score
from optimizer.solver import SolverSettings
from optimizer.valuation import worst_weights

FloatArray = NDArray[np.float64]


def assemble_plan(problem: PlanProblem, decision: Decision, analysis: Analysis, settings: SolverSettings) -> BudgetPlan:
    """Score the plan on all draws and put the answer together; channels in the problem's order."""
    cents = decision.cents_of(problem.curves.channels)
    asked, problem = problem, problem.with_budget(sum(cents)) if problem.target else problem
    spend = np.array(cents, dtype=np.float64) / 100
    baseline = todays_split(problem)
    draws = score(problem.curves, spend, baseline)
    lines = tuple(_line(problem, index, cents[index], draws) for index in range(len(cents)))
    total = _total(problem, sum(cents), draws, analysis)
    gap = relative_gap(decision.bound, decision.value)
    sign = -1.0 if problem.makes_least else 1.0
    return BudgetPlan(
        status=PlanStatus.OPTIMAL if gap <= settings.gap_limit else PlanStatus.FEASIBLE,
        gap=gap,
        bound=sign * decision.bound,
        objective=sign * decision.value,
        budget=problem.budget_cents / 100,
        weeks=problem.curves.weeks,
        lines=lines,
        total=total,
        schedule=_schedule(problem, cents),
        binding=analysis.binding,
        conflicts=(),
        advice=advice_of(problem, lines, total),
        question=asked.question,
        grid_error=analysis.grid_error,
        notes=(*_notes(problem, decision, sum(cents), baseline), *_how_exact(analysis, settings)),
    )


def assemble_refusal(problem: PlanProblem, conflicts: tuple[Conflict, ...]) -> BudgetPlan:
    """The answer where no plan keeps the rules."""
    return BudgetPlan(
        status=PlanStatus.INFEASIBLE,
        gap=None,
        bound=None,
        objective=None,
        budget=0.0 if problem.target else problem.budget_cents / 100,
        weeks=problem.curves.weeks,
        lines=(),
        total=None,
        schedule=(),
        binding=(),
        conflicts=conflicts,
        advice=advise_on_conflicts(conflicts),
        question=problem.question,
    )


def advice_of(problem: PlanProblem, lines: tuple[PlanLine, ...], total: PlanTotal) -> str:
    """What a target takes, where one was asked for, and what to do."""
    return " ".join(part for part in (_answer(problem, total), advise(lines, total)) if part)


def _line(problem: PlanProblem, index: int, cents: int, draws: PlanDraws) -> PlanLine:
    curves = problem.curves
    current, spend = float(curves.current_spend[index]), cents / 100
    return PlanLine(
        channel=curves.channels[index],
        current_spend=current,
        spend=spend,
        change=spend / current - 1 if current > 0 else None,
        incremental=summarise(draws.incremental[:, index]),
        iroas=summarise(draws.incremental[:, index] / spend) if cents else None,
        marginal_iroas=summarise(draws.marginal_iroas[:, index]),
        extrapolated=bool(spend > curves.largest_observed_spend[index] + 0.005),
        held=problem.is_held(curves.channels[index]),
        without_history=curves.channels[index] in problem.rules.without_history,
    )


def _total(problem: PlanProblem, cents: int, draws: PlanDraws, analysis: Analysis) -> PlanTotal:
    sales, plan = draws.incremental.sum(axis=1), problem.rules.plan
    return PlanTotal(
        spend=cents / 100,
        unspent=(problem.budget_cents - cents) / 100,
        incremental=summarise(sales),
        gain=summarise(draws.gain),
        probability_better=draws.probability_better,
        expected_regret=analysis.regret[0],
        expected_regret_today=analysis.regret[1],
        worst_incremental=float(worst_weights(sales, plan.worst_share) @ sales) if plan.risk is Risk.CVAR else None,
    )


def _schedule(problem: PlanProblem, cents: tuple[int, ...]) -> tuple[WeekSpend, ...]:
    weeks, channels = problem.curves.weeks, problem.curves.channels
    by_channel = [split_evenly(amount, weeks) for amount in cents]
    return tuple(
        WeekSpend(week + 1, channel, amounts[week] / 100)
        for week in range(weeks)
        for channel, amounts in zip(channels, by_channel, strict=True)
    )


def _answer(problem: PlanProblem, total: PlanTotal) -> str:
    """What a target takes, or what the worst draws bring where they are planned for, in a sentence."""
    if problem.target is None:
        if total.worst_incremental is None:
            return ""
        worst = f"the worst {100 * problem.rules.plan.worst_share:.4g} % of cases"
        return f"Planned for {worst}, in which it sells {total.worst_incremental:,.0f} on average."
    value, spend = problem.target.value, f"{total.spend:,.2f}"
    if problem.target.asked is Asked.TARGET_SALES:
        return f"Incremental sales of {value:,.0f} take a budget of at least {spend}."
    if problem.target.asked is Asked.TARGET_IROAS:
        return f"{spend} is the largest budget that still returns {value:.4g} per unit on average."
    return f"Up to {spend} further money returns at least {value:.4g} per unit; beyond it does not."


def _how_exact(analysis: Analysis, settings: SolverSettings) -> tuple[str, ...]:
    """What to know of the proof where the grid is coarser than the gap that is allowed."""
    if analysis.grid_error <= settings.gap_limit:
        return ()
    return (
        f"The curves are known on a grid: between its points the plan may lie up to {analysis.grid_error:.1%} further "
        "from the best than the gap says.",
    )


def _notes(problem: PlanProblem, decision: Decision, cents: int, baseline: FloatArray) -> tuple[str, ...]:
    curves, placement, notes = problem.curves, decision.placement, []
    if problem.target is not None:
        if cents >= placement.placeable - 1:
            notes.append("The rules, or the ends of the response curves, allow no more: the target may hold beyond.")
    elif placement.placeable < problem.budget_cents:
        placeable = placement.placeable / 100
        notes.append(f"The rules, or the ends of the response curves, leave room for {placeable:,.2f} at most.")
    elif cents < problem.budget_cents and problem.rules.plan.reserve > 0:
        notes.append("It is kept in reserve, because its next unit would return less than it costs.")
    if placement.hold is Hold.PROPORTIONAL:
        notes.append(
            "Channels that are not measurable are held at their share of the budget: their spend of today does not fit."
        )
    stuck = [
        name
        for name, current in zip(curves.channels, curves.current_spend, strict=True)
        if current == 0 and name in problem.rules.channels and problem.rules.channels[name].max_change is not None
    ]
    if stuck:
        notes.append(f"{', '.join(stuck)} spends nothing today, so max_change keeps it there.")
    if curves.current_spend.sum() == 0:
        notes.append("Nothing is spent today, so the gain is against an even split.")
    known = curves.weekly is not None  # then the gain is scored again, without the grid's end
    beyond = [name for name, x, grid in zip(curves.channels, baseline, curves.spend_grid, strict=True) if x > grid[-1]]
    if beyond and not known:
        notes.append(
            f"Today's proportions would take {', '.join(beyond)} beyond the known curve, where nothing more is assumed "
            "to be sold: the gain may be overstated."
        )
    return tuple(notes)
