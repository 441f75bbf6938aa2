"""A fitted model, a question and rules in, the plan as plain JSON out; a refused model only by force."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.plain_json import plain
from api.services.other_plan import read_plan
from api.services.spread_over_geos import check_geos, spread_over_geos
from measurement.curves import ResponseCurves
from measurement.fitted import FittedModel
from measurement.report import ModelStatus
from optimizer.errors import BadProblem
from optimizer.question import Asked, Question
from optimizer.rules import Rules, as_a_buyer_means

if TYPE_CHECKING:
    from measurement.actuals import Actuals
    from optimizer.plan import BudgetPlan
    from optimizer.problem import PlanProblem

DEFAULT_WEEKS = 13
_UNKNOWN = dict.fromkeys(("mean", "sd", "p5", "p10", "p50", "p90", "p95"))

CurvesOf = Callable[[FittedModel, int], ResponseCurves]


@dataclass(frozen=True)
class PlanRequest:
    """What to plan.

    Attributes:
        question: a budget, or what a budget is to reach.
        weeks: planned weeks.
        rules: a rules.toml, the same as a mapping, or None.
        force: plan on a refused model, too.
        frontier: sweep budgets around the answer.
        against: another plan's JSON to hold the answer against, or None.
        by_geo: spread the plan's totals over geos, too.
        actuals: the plan's weeks that are spent already, a file or its rows, or None.
    """

    question: Question
    weeks: int = DEFAULT_WEEKS
    rules: Path | Mapping[str, Any] | None = None
    force: bool = False
    frontier: bool = False
    against: Mapping[str, Any] | None = None
    by_geo: bool = False
    actuals: Path | Sequence[Mapping[str, Any]] | None = None


def one_question(given: Mapping[str, float | None], spelled: Callable[[str], str] = str) -> Question:
    """The one question among those that may be asked, by name.

    Args:
        given: number or None for each of `budget`, `target_sales`, `target_iroas` and `marginal_iroas`.
        spelled: how the caller spells a name.

    Raises:
        BadProblem: none or several are asked, or the number is absurd.
    """
    asked = {name: value for name, value in given.items() if value is not None}
    if len(asked) != 1:
        choices = [spelled(kind.value) for kind in Asked]
        got = " and ".join(spelled(name) for name in asked) or "none"
        raise BadProblem(f"Give exactly one of {', '.join(choices[:-1])} or {choices[-1]}; got {got}.")
    ((name, value),) = asked.items()
    return Question(Asked(name), value)


def plan_budget(model: FittedModel, request: PlanRequest, curves_of: CurvesOf | None = None) -> dict[str, Any]:
    """The plan, with the keys of the public JSON.

    Args:
        model: the model to plan with.
        request: what to plan.
        curves_of: where response curves come from, for a caller that keeps them; else they are computed.

    Raises:
        BadProblem, BadRules, ActualsError: the question, a rule, a week spent or the other plan cannot be planned with;
            a refused model changes nothing about that.
    """
    from api.services.replan import stand_against
    from optimizer.allocate import allocate
    from optimizer.weekly_plan import lay_out_weeks

    asked = _ask(model, request, curves_of)
    if request.by_geo:
        check_geos(model)
        _check_weeks(asked)
    other = None if request.against is None else read_plan(request.against, request.weeks)
    refused = model.report.status is ModelStatus.REFUSED
    if refused and not request.force:
        return _refusal(request, model)
    plan = lay_out_weeks(asked.problem, allocate(asked.problem))
    answer: dict[str, Any] = plain(plan.to_json()) | {"actuals": None}
    if asked.actuals is not None:
        answer |= stand_against(model, asked.first, asked.actuals, plan)
    if request.frontier:
        answer["frontier"] = _frontier(asked.problem, plan)
    if other is not None and plan.lines:
        answer["against"] = _against(asked.problem.curves, plan, other)
    if request.by_geo and plan.lines:
        answer["geos"] = spread_over_geos(model, plan)
    if refused:
        answer["advice"] = f"The model was refused ({_why(model)}): this plan was forced. {answer['advice']}"
    return _complete(answer)


@dataclass(frozen=True)
class _Ask:
    """What was asked before the first week, and what is asked now that some weeks are spent: the same if none is."""

    first: "PlanProblem"
    problem: "PlanProblem"
    actuals: "Actuals | None"


def _check_weeks(asked: _Ask) -> None:
    """A split over geos knows even weeks, all still to come, of channels that ran."""
    rules = asked.problem.rules
    stated = {
        "weeks spent already": asked.actuals is not None,
        "blackouts": any(rule.blackout for rule in rules.channels.values()),
        "new channels": bool(rules.new_channels),
    }
    unknown = [name for name, given in stated.items() if given]
    if unknown:
        raise BadProblem(f"The split over geos knows no {' and no '.join(unknown)}: leave them out, or the split.")


def _ask(model: FittedModel, request: PlanRequest, curves_of: CurvesOf | None) -> _Ask:
    from measurement.actuals import read_actuals
    from measurement.new_channel import with_new_channels
    from measurement.plan_start import after_actuals
    from measurement.posterior import response_curves
    from optimizer.blackouts import close_weeks

    rules = rules_of(request.rules, model.panel.channel_names)
    whole = with_new_channels((curves_of or response_curves)(model, request.weeks), rules.new_channels)
    new = tuple(channel.name for channel in rules.new_channels)
    actuals = None if request.actuals is None else read_actuals(request.actuals, model.panel, request.weeks, new)
    first = _problem(request.question, close_weeks(rules, whole), rules)
    if actuals is None:
        return _Ask(first, first, None)
    begun = close_weeks(rules, after_actuals(whole, actuals.spend))
    return _Ask(first, _problem(request.question, begun, rules), actuals)


def _problem(question: Question, curves: ResponseCurves, rules: Rules) -> "PlanProblem":
    from optimizer.problem import PlanProblem

    if question.asked is Asked.BUDGET:
        return PlanProblem(curves, question.value, as_a_buyer_means(rules))
    return PlanProblem.reaching(question, curves, rules)


def _frontier(problem: "PlanProblem", plan: "BudgetPlan") -> dict[str, Any]:
    """Around the plan's budget; where a target has no plan, around today's spend."""
    from optimizer.frontier import draw_frontier

    around = plan.budget or float(problem.curves.current_spend.sum()) or float(problem.curves.spend_grid[:, -1].sum())
    frontier: dict[str, Any] = plain(draw_frontier(problem, around).to_json())
    return frontier


def _against(curves: ResponseCurves, plan: "BudgetPlan", other: Mapping[str, float]) -> dict[str, Any]:
    from optimizer.comparison import compare_plans

    spend = {line.channel: line.spend for line in plan.lines}
    comparison: dict[str, Any] = plain(compare_plans(curves, spend, other).to_json())
    return comparison


def rules_of(rules: Path | Mapping[str, Any] | None, channels: tuple[str, ...]) -> Rules:
    """The rules of a file, of a mapping of the same layout, or none at all. Raises BadRules."""
    from api.services.rules_text import rules_text
    from optimizer.rules_file import parse_rules, read_rules

    if rules is None:
        return Rules()
    if isinstance(rules, Path):
        return read_rules(rules, channels)
    return parse_rules(rules_text(rules), channels)


def _refusal(request: PlanRequest, model: FittedModel) -> dict[str, Any]:
    budget = request.question.value if request.question.asked is Asked.BUDGET else 0.0
    advice = f"The model was refused ({_why(model)}), so there is no plan. Force one to plan on it all the same."
    return {
        "status": "infeasible",
        "gap": None,
        "bound": None,
        "objective": None,
        "budget": budget,
        "weeks": request.weeks,
        "lines": [],
        "total": _no_total(budget),
        "schedule": [],
        "binding": [],
        "conflicts": [],
        "advice": advice,
        "question": {"asked": request.question.asked.value, "value": request.question.value},
        "grid_error": None,
        "notes": [],
        "flighting": None,
        "actuals": None,
    }


def _why(model: FittedModel) -> str:
    return "; ".join(model.report.reasons) or "no reason was recorded"


def _complete(answer: dict[str, Any]) -> dict[str, Any]:
    """Every key stands in every plan; what is not known is null inside it."""
    lines = [line | {"iroas": line["iroas"] or dict(_UNKNOWN)} for line in answer["lines"]]
    return answer | {"lines": lines, "total": answer["total"] or _no_total(answer["budget"])}


def _no_total(budget: float) -> dict[str, Any]:
    return {
        "spend": 0.0,
        "unspent": budget,
        "incremental": dict(_UNKNOWN),
        "gain": dict(_UNKNOWN),
        "probability_better": None,
        "expected_regret": None,
        "expected_regret_today": None,
        "worst_incremental": None,
    }
