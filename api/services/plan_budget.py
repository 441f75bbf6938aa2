"""A fitted model, a budget and rules in, the plan as plain JSON out; a refused model is planned with only by force."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.plain_json import plain
from measurement.curves import ResponseCurves
from measurement.fitted import FittedModel
from measurement.report import ModelStatus
from optimizer.rules import Rules

DEFAULT_WEEKS = 13
_UNKNOWN = dict.fromkeys(("mean", "sd", "p5", "p10", "p50", "p90", "p95"))

CurvesOf = Callable[[FittedModel, int], ResponseCurves]


@dataclass(frozen=True)
class PlanRequest:
    """What to plan; `rules` is a rules.toml, the same as a mapping, or None; `force` plans on a refused model."""

    budget: float
    weeks: int = DEFAULT_WEEKS
    rules: Path | Mapping[str, Any] | None = None
    force: bool = False


def plan_budget(model: FittedModel, request: PlanRequest, curves_of: CurvesOf | None = None) -> dict[str, Any]:
    """The plan, with the keys of the public JSON.

    Args:
        model: the model to plan with.
        request: what to plan.
        curves_of: where response curves come from, for a caller that keeps them; else they are computed.

    Raises:
        BadProblem, BadRules: the budget or a rule cannot be planned with; a refused model changes nothing about that.
    """
    from measurement.posterior import response_curves
    from optimizer.allocate import allocate
    from optimizer.problem import PlanProblem

    rules = _rules(request.rules, model.panel.channel_names)
    curves = (curves_of or response_curves)(model, request.weeks)
    problem = PlanProblem(curves, request.budget, rules)
    refused = model.report.status is ModelStatus.REFUSED
    if refused and not request.force:
        return _refusal(request, model)
    answer: dict[str, Any] = plain(allocate(problem).to_json())
    if refused:
        answer["advice"] = f"The model was refused ({_why(model)}): this plan was forced. {answer['advice']}"
    return _complete(answer)


def _rules(rules: Path | Mapping[str, Any] | None, channels: tuple[str, ...]) -> Rules:
    from api.services.rules_text import rules_text
    from optimizer.rules_file import parse_rules, read_rules

    if rules is None:
        return Rules()
    if isinstance(rules, Path):
        return read_rules(rules, channels)
    return parse_rules(rules_text(rules), channels)


def _refusal(request: PlanRequest, model: FittedModel) -> dict[str, Any]:
    advice = f"The model was refused ({_why(model)}), so there is no plan. Force one to plan on it all the same."
    return {
        "status": "infeasible",
        "gap": None,
        "bound": None,
        "objective": None,
        "budget": request.budget,
        "weeks": request.weeks,
        "lines": [],
        "total": _no_total(request.budget),
        "schedule": [],
        "binding": [],
        "conflicts": [],
        "advice": advice,
        "notes": [],
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
    }
