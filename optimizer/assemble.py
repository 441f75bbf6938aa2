"""Whole cents per channel and their proof -> the `BudgetPlan`: lines, total, schedule, binding rules, advice."""

import numpy as np
from numpy.typing import NDArray

from measurement.interval import summarise
from optimizer.advice import advise, advise_on_conflicts
from optimizer.conflicts import Conflict
from optimizer.optimum import Optimum, relative_gap
from optimizer.placement import Placement
from optimizer.plan import BindingRule, BudgetPlan, PlanLine, PlanStatus, PlanTotal, WeekSpend
from optimizer.problem import PlanProblem
from optimizer.restrictions import Hold
from optimizer.rounding import split_evenly, split_in_proportion
from optimizer.scoring import PlanDraws, score
from optimizer.solver import SolverSettings

FloatArray = NDArray[np.float64]
LEAST_PRICE = 1e-6  # a rule that costs less per unit of money is not said to bind


def assemble_plan(
    problem: PlanProblem,
    placement: Placement,
    optimum: Optimum,
    cents: tuple[int, ...],
    objective: float,
    settings: SolverSettings,
) -> BudgetPlan:
    """Score the plan on all draws and put the answer together; channels in the problem's order."""
    spend = np.array(cents, dtype=np.float64) / 100
    baseline = todays_split(problem)
    draws = score(problem.curves, spend, baseline)
    lines = tuple(_line(problem, index, cents[index], draws) for index in range(len(cents)))
    total = _total(problem, sum(cents), draws)
    bound = max(optimum.bound, objective)  # a share met but for a fraction of a cent may pass the bound by as much
    gap = relative_gap(bound, objective)
    return BudgetPlan(
        status=PlanStatus.OPTIMAL if gap <= settings.gap_limit else PlanStatus.FEASIBLE,
        gap=gap,
        bound=bound,
        objective=objective,
        budget=problem.budget_cents / 100,
        weeks=problem.curves.weeks,
        lines=lines,
        total=total,
        schedule=_schedule(problem, cents),
        binding=_binding(optimum),
        conflicts=(),
        advice=advise(lines, total),
        notes=_notes(problem, placement, sum(cents), baseline),
    )


def assemble_refusal(problem: PlanProblem, conflicts: tuple[Conflict, ...]) -> BudgetPlan:
    """The answer where no plan keeps the rules."""
    return BudgetPlan(
        status=PlanStatus.INFEASIBLE,
        gap=None,
        bound=None,
        objective=None,
        budget=problem.budget_cents / 100,
        weeks=problem.curves.weeks,
        lines=(),
        total=None,
        schedule=(),
        binding=(),
        conflicts=conflicts,
        advice=advise_on_conflicts(conflicts),
    )


def todays_split(problem: PlanProblem) -> FloatArray:
    """The whole budget in today's proportions, `(C,)`, in money; evenly where nothing is spent today."""
    current = problem.curves.current_spend
    weights = current if current.sum() > 0 else np.ones(len(current))
    return np.array(split_in_proportion(problem.budget_cents, weights), dtype=np.float64) / 100


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
    )


def _total(problem: PlanProblem, cents: int, draws: PlanDraws) -> PlanTotal:
    return PlanTotal(
        spend=cents / 100,
        unspent=(problem.budget_cents - cents) / 100,
        incremental=summarise(draws.incremental.sum(axis=1)),
        gain=summarise(draws.gain),
        probability_better=draws.probability_better,
    )


def _schedule(problem: PlanProblem, cents: tuple[int, ...]) -> tuple[WeekSpend, ...]:
    weeks, channels = problem.curves.weeks, problem.curves.channels
    by_channel = [split_evenly(amount, weeks) for amount in cents]
    return tuple(
        WeekSpend(week + 1, channel, amounts[week] / 100)
        for week in range(weeks)
        for channel, amounts in zip(channels, by_channel, strict=True)
    )


def _binding(optimum: Optimum) -> tuple[BindingRule, ...]:
    """Dearest first; prices are per cent of money in the optimum."""
    rules = [BindingRule(label, abs(price) * 100) for label, price in optimum.prices.items()]
    return tuple(
        sorted((rule for rule in rules if rule.shadow_price > LEAST_PRICE), key=lambda rule: -rule.shadow_price)
    )


def _notes(problem: PlanProblem, placement: Placement, cents: int, baseline: FloatArray) -> tuple[str, ...]:
    curves, notes = problem.curves, []
    if placement.placeable < problem.budget_cents:
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
    beyond = [name for name, x, grid in zip(curves.channels, baseline, curves.spend_grid, strict=True) if x > grid[-1]]
    if beyond:
        notes.append(
            f"Today's proportions would take {', '.join(beyond)} beyond the known curve, where nothing more is assumed "
            "to be sold: the gain may be overstated."
        )
    return tuple(notes)
