"""A fitted model, a budget and rules in, which geo test to run next out, as plain JSON; a refused model has none."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.plain_json import plain
from measurement.fitted import FittedModel
from measurement.report import ModelStatus
from optimizer.errors import BadProblem


@dataclass(frozen=True)
class NextTestRequest:
    """What the next plan is, and how long what a test teaches is used.

    Attributes:
        budget: money over the planned weeks.
        weeks: planned weeks.
        horizon_weeks: weeks of plans that know the test's result.
        rules: a rules.toml, or None.
        seed: of the sets of geos that are rehearsed.

    Raises:
        BadProblem: a horizon shorter than the plan.
    """

    budget: float
    weeks: int = 13
    horizon_weeks: int = 52
    rules: Path | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.horizon_weeks < self.weeks:
            raise BadProblem(
                f"What a test teaches is used for at least one plan: give --horizon-weeks {self.weeks} or more, "
                f"not {self.horizon_weeks}."
            )


def next_test(
    model: FittedModel, request: NextTestRequest, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """The ranked tests, with the keys of the public JSON; `refused_because` says why there are none.

    Raises:
        BadProblem, BadRules: the budget or a rule cannot be planned with.
    """
    from measurement.feasible_tests import NotTestable, feasible_tests
    from measurement.new_channel import with_new_channels
    from measurement.posterior import response_curves
    from optimizer.allocate import DEFAULT_SETTINGS
    from optimizer.blackouts import close_weeks
    from optimizer.informed_plans import Replanner
    from optimizer.next_test_ranking import rank_tests
    from optimizer.problem import PlanProblem
    from optimizer.question import Asked, Question
    from optimizer.rules import Rules, as_a_buyer_means
    from optimizer.rules_file import read_rules

    Question(Asked.BUDGET, request.budget)
    rules = Rules() if request.rules is None else read_rules(request.rules, model.panel.channel_names)
    if model.report.status is ModelStatus.REFUSED:
        reasons = "; ".join(model.report.reasons) or "no reason was recorded"
        return _none(request, f"The model was refused ({reasons}), so its draws cannot say what a test is worth.")
    progress("response curves")
    curves = with_new_channels(response_curves(model, request.weeks), rules.new_channels)
    problem = PlanProblem(close_weeks(rules, curves), request.budget, as_a_buyer_means(rules))
    planner = Replanner.of(problem, DEFAULT_SETTINGS)
    if planner is None:
        return _none(request, "No plan keeps these rules, so no test can improve it. rmo plan says which rules clash.")
    tests, without = feasible_tests(model, request.seed, progress)
    new = tuple(
        NotTestable(channel.name, "it has no history", "start it in some geos and keep it out of others")
        for channel in rules.new_channels
    )
    answer = rank_tests(planner, (tests, (*without, *new)), request.horizon_weeks, progress)
    told: dict[str, Any] = plain(answer.to_json())
    return told | {"refused_because": None}


def _none(request: NextTestRequest, reason: str) -> dict[str, Any]:
    return {
        "budget": request.budget,
        "weeks": request.weeks,
        "horizon_weeks": request.horizon_weeks,
        "tests": [],
        "recommended": None,
        "not_testable": [],
        "advice": reason,
        "assumptions": [],
        "refused_because": reason,
    }
