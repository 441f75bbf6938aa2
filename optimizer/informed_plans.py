"""A problem and what is known better → the plans that follow: the planner, asked anew on other weights of the draws."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from measurement.report import Verdict
from optimizer.decide import Decision, decide
from optimizer.errors import DeadlineExceeded
from optimizer.problem import PlanProblem
from optimizer.program import worth_by_draw
from optimizer.solver import Deadline, SolverSettings
from optimizer.valuation import WorstDraws

FloatArray = NDArray[np.float64]

NEGLIGIBLE = 1e-3
"""Draws less likely than this share of the likeliest are left out: they move no plan."""
SECONDS_PER_PLAN, GAP = 3.0, 1e-4
"""Of one plan among the hundreds: what is proven beyond a ten-thousandth of sales moves no value of a test."""


@dataclass(frozen=True)
class Replanner:
    """Plans of one problem by some of its draws; channels in order of their names.

    Attributes:
        problem: with a budget, channels sorted by name.
        settings: of the solver.
        worth: what a spend is worth by draw, as the plan counts it.
    """

    problem: PlanProblem
    settings: SolverSettings
    worth: WorstDraws

    @classmethod
    def of(cls, problem: PlanProblem, settings: SolverSettings) -> "Replanner | None":
        """A planner for a problem whose rules can hold together, else None."""
        ordered = problem.sorted_by_name()
        ordered = replace(ordered, curves=replace(ordered.curves, weekly=None))
        decision = decide(ordered, settings, Deadline.after(settings.deadline_seconds))
        if not isinstance(decision, Decision):
            return None
        return cls(ordered, settings, worth_by_draw(ordered, decision.placement.restrictions))

    @property
    def channels(self) -> tuple[str, ...]:
        """Labels in order of name."""
        return self.problem.curves.channels

    def gain(self, plan: FloatArray, over: FloatArray) -> FloatArray:
        """What one plan brings more than another by draw, `(D,)`, in money; what it spends more is taken off."""
        gain: FloatArray = self.worth.totals(plan) - self.worth.totals(over) - self.extra_spend(plan, over)
        return gain

    def extra_spend(self, plan: FloatArray, over: FloatArray) -> float:
        """Money that one plan spends more than another; 0 where a reserve prices spend already."""
        return 0.0 if self.problem.rules.plan.reserve > 0 else float((plan - over).sum()) / 100

    def by_weights(self, weights: FloatArray, freed: str | None = None) -> FloatArray | None:
        """The plan by weighted draws, in cents `(C,)`; None where the rules on what it brings cannot be kept.

        Args:
            weights: of the draws, `(D,)`, not negative.
            freed: a channel that need no longer be held for want of a measurement.
        """
        likely = weights > NEGLIGIBLE * weights.max()
        return self._plan(self.problem.curves.incremental[likely], weights[likely], freed)

    def by_draws(self, draws: FloatArray, freed: str | None = None) -> FloatArray | None:
        """The same by other curves, all as likely: incremental sales at the grid, `(N, C, K)`."""
        return self._plan(draws, None, freed)

    def _plan(self, draws: FloatArray, weights: FloatArray | None, freed: str | None) -> FloatArray | None:
        curves = self.problem.curves
        verdicts = tuple(
            Verdict.WEAK if name == freed and verdict is Verdict.NOT_MEASURABLE else verdict
            for name, verdict in zip(curves.channels, curves.verdicts, strict=True)
        )
        curves = replace(curves, incremental=draws, verdicts=verdicts)
        problem = replace(self.problem, curves=curves, draw_weights=weights)
        try:
            decision = decide(problem, replace(self.settings, exact_form_above=GAP), Deadline.after(SECONDS_PER_PLAN))
        except DeadlineExceeded:
            return None
        return np.array(decision.cents, dtype=np.float64) if isinstance(decision, Decision) else None
