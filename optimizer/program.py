"""A problem and its restrictions -> the mathematical program: curves to be summed, rows they must keep."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizer.piecewise import Piecewise, only_multiples, restrict
from optimizer.problem import PlanProblem
from optimizer.proportions import todays_split
from optimizer.question import Asked
from optimizer.restrictions import Restrictions, Row
from optimizer.rules import Risk
from optimizer.targets import Target
from optimizer.valuation import Valuation, WorstDraws

FloatArray = NDArray[np.float64]
MOST_LISTED_STEPS = 300  # a channel with fewer steps is solved over its single allowed amounts: a tighter form
CENT_TOLERANCE = 0.01  # in cents: how far a solver's spend may lie outside its interval
VALUE_TOLERANCE = 1e-7  # relative: what a solver's spend may miss of a target; whole cents miss nothing


@dataclass(frozen=True)
class ValueRow:
    """A rule on what the plan brings: the sum of a valuation is at least `least`, in money."""

    label: str
    valuation: Valuation
    least: float

    def is_kept(self, spend_cents: FloatArray, tolerance: float) -> bool:
        """Whether a spend `(C,)` reaches it, but for `tolerance` in money."""
        return self.valuation.total(spend_cents) >= self.least - tolerance


@dataclass(frozen=True)
class Program:
    """Best sum of the curves' values under the rows.

    Attributes:
        curves: one per channel, on the spends that the channel's own rules allow.
        rows: rules on spend that join channels.
        steps: cents, 0 for none, length C.
        constant: money that counts whatever is spent.
        value_rows: rules on what the plan brings.
        risk: draws whose worst share counts instead of `curves`, or `None`.
    """

    curves: tuple[Piecewise, ...]
    rows: tuple[Row, ...]
    steps: tuple[int, ...]
    constant: float = 0.0
    value_rows: tuple[ValueRow, ...] = ()
    risk: WorstDraws | None = None

    @property
    def labels(self) -> list[str]:
        """Of the rows and then the value rows: the order of prices."""
        return [row.label for row in self.rows] + [row.label for row in self.value_rows]

    @property
    def weights(self) -> FloatArray:
        """Coefficients of the rows on the channels' spend, `(M, C)`."""
        return np.array([row.weights(len(self.curves)) for row in self.rows]).reshape(-1, len(self.curves))

    @property
    def limits(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper limits of the rows in cents, `(M,)` each."""
        return limits_of(self.rows)

    @property
    def counts_steps(self) -> bool:
        """Whether some channel's steps are too many to be listed as points."""
        pairs = zip(self.curves, self.steps, strict=True)
        return any(step > 0 and any(first < last for first, last in curve.runs) for curve, step in pairs)

    def value(self, spend_cents: FloatArray) -> float:
        """Objective at a spend `(C,)`, in money."""
        if self.risk is not None:
            return self.constant + self.risk.worst(spend_cents)
        return self.constant + float(sum(self.curve_at(channel, x) for channel, x in enumerate(spend_cents)))

    def curve_at(self, channel: int, cents: FloatArray | float) -> FloatArray:
        """One channel's heights at some spends."""
        curve = self.curves[channel]
        result: FloatArray = np.asarray(np.interp(cents, curve.breakpoints, curve.values))
        return result

    def fits(self, spend_cents: FloatArray) -> bool:
        """Whether each spend lies where its channel's own rules allow it, and the plan brings what it must."""
        for curve, step, cents in zip(self.curves, self.steps, spend_cents, strict=True):
            if not curve.contains(float(cents), CENT_TOLERANCE):
                return False
            if step and abs(cents - round(cents / step) * step) > CENT_TOLERANCE:
                return False
        return all(row.is_kept(spend_cents, VALUE_TOLERANCE * max(1.0, abs(row.least))) for row in self.value_rows)

    def valued_by(self, valuation: Valuation) -> "Program":
        """The same rules with another objective, and no risk."""
        program = self.with_heights(valuation)
        return replace(program, curves=tuple(curve.concave_also(curve.values) for curve in program.curves))

    def with_heights(self, valuation: Valuation) -> "Program":
        """The same, with runs left as they are: enough where only mixtures and bounds are asked for."""
        curves = (replace(own, values=valuation.at(c, own.breakpoints)) for c, own in enumerate(self.curves))
        return replace(self, curves=tuple(curves), risk=None)

    def at_worst(self, spend_cents: FloatArray) -> "Program":
        """The program whose objective agrees with this one's at a spend: with risk, by the draws worst there."""
        if self.risk is None:
            return self
        return self.valued_by(self.risk.weighted(self.risk.weights(self.risk.totals(spend_cents))))


def limits_of(rows: tuple[Row, ...]) -> tuple[FloatArray, FloatArray]:
    """Lower and upper limits in cents, infinite where a row has none."""
    lower = np.array([-np.inf if row.lower is None else row.lower for row in rows], dtype=np.float64)
    upper = np.array([np.inf if row.upper is None else row.upper for row in rows], dtype=np.float64)
    return lower, upper


def build_program(problem: PlanProblem, restrictions: Restrictions) -> Program:
    """Curves on the spends that each channel's own rules allow, and the rules that join channels."""
    grids = grids_of(problem, restrictions)
    objective = objective_of(problem, grids)
    value_rows = tuple(_value_row(problem, grids, target) for target in restrictions.targets)
    curves: list[Piecewise] = []
    steps: list[int] = []
    for channel in range(len(restrictions.channels)):
        lower, upper = restrictions.bounds(channel)
        curve = restrict(grids[channel], objective.heights[channel], lower, upper, _viable(restrictions, channel))
        for row in value_rows:
            curve = curve.concave_also(row.valuation.at(channel, curve.breakpoints))
        step = restrictions.step(channel)
        is_listed = step > 0 and (upper - lower) // step < MOST_LISTED_STEPS
        curves.append(only_multiples(curve, step) if is_listed else curve)
        steps.append(step)
    kept = restrictions.budget / 100 if problem.rules.plan.reserve > 0 else 0.0
    joint = tuple(row for row in restrictions.rows if not row.is_bound)
    return Program(tuple(curves), joint, tuple(steps), kept, value_rows, _risk(problem, grids))


def without_own_rules(problem: PlanProblem, restrictions: Restrictions) -> Program:
    """The same with every row a joint one and each channel free between 0 and the end of its curve; no steps."""
    grids = grids_of(problem, restrictions)
    objective = objective_of(problem, grids)
    value_rows = tuple(_value_row(problem, grids, target) for target in restrictions.targets)
    curves = []
    for channel, end in enumerate(restrictions.curve_ends):
        curve = restrict(grids[channel], objective.heights[channel], 0, end, 0)
        for row in value_rows:
            curve = curve.concave_also(row.valuation.at(channel, curve.breakpoints))
        curves.append(curve)
    none = tuple(0 for _ in curves)
    return Program(tuple(curves), restrictions.rows, none, 0.0, value_rows, _risk(problem, grids))


def grids_of(problem: PlanProblem, restrictions: Restrictions) -> tuple[FloatArray, ...]:
    """The curves' grids in cents, with one point more where a rule asks for spend beyond the last."""
    grids = []
    for grid, end in zip(problem.curves.spend_grid * 100, restrictions.curve_ends, strict=True):
        grids.append(np.append(grid, float(end)) if end > grid[-1] else grid)
    return tuple(grids)


def mean_sales(problem: PlanProblem, grids: tuple[FloatArray, ...]) -> Valuation:
    """Expected incremental sales."""
    return Valuation(grids, _on(grids, problem.mean_curves))


def mean_worth(problem: PlanProblem, grids: tuple[FloatArray, ...]) -> Valuation:
    """Margin x expected incremental sales."""
    return Valuation(grids, _on(grids, problem.mean_values))


def _on(grids: tuple[FloatArray, ...], table: FloatArray) -> tuple[FloatArray, ...]:
    """A table `(..., C, K)` by channel, its last column repeated as far as the channel's grid is longer."""
    columns = []
    for channel, grid in enumerate(grids):
        own = table[..., channel, :]
        more = len(grid) - own.shape[-1]
        columns.append(np.concatenate([own, *[own[..., -1:]] * more], axis=-1))
    return tuple(columns)


def objective_of(problem: PlanProblem, grids: tuple[FloatArray, ...]) -> Valuation:
    """Margin x mean sales, less the spend itself where a reserve may keep it; or what the target makes large."""
    if problem.target is None:
        kept = 1.0 if problem.rules.plan.reserve > 0 else 0.0
        return mean_worth(problem, grids).less_spend(kept)
    nothing = Valuation(grids, tuple(np.zeros(len(grid)) for grid in grids))
    if problem.target.asked is Asked.TARGET_SALES:
        return nothing.less_spend(1.0)
    if problem.target.asked is Asked.TARGET_IROAS:
        return nothing.less_spend(-1.0)
    return mean_sales(problem, grids).less_spend(problem.target.value)


def worth_by_draw(problem: PlanProblem, restrictions: Restrictions) -> WorstDraws:
    """What spend is worth by draw where the question is for a budget; all draws count."""
    grids = grids_of(problem, restrictions)
    price = 1.0 if problem.rules.plan.reserve > 0 else 0.0
    pairs = zip(_on(grids, problem.value_draws), grids, strict=True)
    return WorstDraws(grids, tuple(own - price * grid / 100 for own, grid in pairs), 1.0)


def _risk(problem: PlanProblem, grids: tuple[FloatArray, ...]) -> WorstDraws | None:
    share = problem.rules.plan.worst_share
    if share == 1.0:
        return None
    if problem.target is None:
        table, price = problem.value_draws, 1.0 if problem.rules.plan.reserve > 0 else 0.0
    else:
        table, price = problem.curves.incremental, problem.target.value
    pairs = zip(_on(grids, table), grids, strict=True)
    weights = problem.draw_weights
    chances = None if weights is None else weights / weights.sum()
    risk = WorstDraws(grids, tuple(own - price * grid / 100 for own, grid in pairs), share, chances)
    return _over_today(problem, risk) if problem.rules.plan.risk is Risk.GAIN else risk


def _over_today(problem: PlanProblem, risk: WorstDraws) -> WorstDraws:
    """The same draws, each less what sets it apart where the budget lies in today's proportions.

    Totals are then the expected worth of today's split plus each draw's gain over it, so that the draws with the
    smallest gains are the worst. Every channel lies at one spend, so a constant on one channel is one on the total.
    """
    today = risk.totals(todays_split(problem) * 100)
    apart = (today - np.average(today, weights=risk.chances))[:, None]
    return replace(risk, draws=(risk.draws[0] - apart, *risk.draws[1:]))


def _value_row(problem: PlanProblem, grids: tuple[FloatArray, ...], target: Target) -> ValueRow:
    return ValueRow(target.label, mean_sales(problem, grids).less_spend(target.iroas), target.least)


def _viable(restrictions: Restrictions, channel: int) -> int:
    viable, step = restrictions.minimum_viable(channel), restrictions.step(channel)
    return -(-viable // step) * step if step else viable
