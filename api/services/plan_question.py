"""What is asked of a stored model in, its plan as plain JSON out; in the service's own process or another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.services.plan_budget import PlanRequest, one_question, plan_budget
from api.services.stored_models import StoredModels
from optimizer.question import Asked

_SIDES = ("force", "frontier", "by_geo")


@dataclass(frozen=True)
class PlanQuestion:
    """What is asked of which model.

    Attributes:
        account, sha256: the model's archive among an account's files.
        asked: the keys of the request's body, those not given left out; `against` is a plan's JSON.
    """

    account: str
    sha256: str
    asked: Mapping[str, Any]


def answer_question(models: StoredModels, question: PlanQuestion) -> dict[str, Any]:
    """The plan.

    Raises:
        BadProblem, BadRules, ActualsError: what is asked cannot be planned.
        ModelFileError, FileMissing: the model cannot be read.
    """
    asked, place = question.asked, (question.account, question.sha256)
    sides = {name: asked.get(name, False) for name in _SIDES}
    request = PlanRequest(
        question=one_question({kind.value: asked.get(kind.value) for kind in Asked}),
        weeks=asked["weeks"],
        rules=asked.get("rules"),
        against=asked.get("against"),
        actuals=asked.get("actuals"),
        **sides,
    )
    return plan_budget(models.model(*place), request, lambda _, weeks: models.curves(*place, weeks))
