"""What an account asks of a stored model in, the plan as plain JSON out; and two kept plans held against each other."""

from collections.abc import Mapping
from typing import Any

from api.plain_json import plain
from api.service import Service
from api.services.other_plan import read_plan
from api.services.plan_budget import rules_of
from api.services.plan_question import PlanQuestion
from api.store.models import find_model
from api.store.plans import find_plan
from api.store.tables import Plan


def make_plan(service: Service, account: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The plan.

    Args:
        service: where models lie.
        account: whose model and whose other plan.
        asked: the keys of the request's body, those not given left out.

    Raises:
        NotFound: the model, or the plan to hold this against.
        BadProblem, BadRules, ActualsError: what is asked cannot be planned.
    """
    with service.store.reading() as session:
        sha256 = find_model(session, account, asked["model"]).sha256
        against = asked.get("against")
        if isinstance(against, str):
            asked = {**asked, "against": find_plan(session, account, against, "against").answer}
    return service.planner.plan(PlanQuestion(account, sha256, asked))


def compare_stored(service: Service, plan: Plan, other: Plan) -> dict[str, Any]:
    """What the first is expected to sell more, by its own model.

    Raises:
        BadProblem: they are for other numbers of weeks or other channels, or one has no lines.
    """
    from measurement.new_channel import with_new_channels
    from optimizer.comparison import compare_plans

    with service.store.reading() as session:
        sha256 = find_model(session, plan.account_id, plan.model_id).sha256
    weeks = plan.answer["weeks"]
    curves = service.models.curves(plan.account_id, sha256, weeks)
    rules = rules_of(plan.request.get("rules"), service.models.model(plan.account_id, sha256).panel.channel_names)
    whole = with_new_channels(curves, rules.new_channels)
    spend = read_plan(plan.answer, weeks)
    compared: dict[str, Any] = plain(compare_plans(whole, spend, read_plan(other.answer, weeks)).to_json())
    return compared
