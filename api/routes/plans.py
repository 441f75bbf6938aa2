"""`POST /v1/plans`: a stored model, a question and rules → the budget plan."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.deps import Models
from api.services.plan_budget import PlanRequest, one_question, plan_budget
from optimizer.question import Asked

router = APIRouter(prefix="/v1/plans")


Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class PlanBody(BaseModel):
    """What to plan: exactly one of four questions.

    `rules` has the layout of rules.toml, `against` that of a plan, `actuals` rows of the columns of --actuals.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str
    budget: Amount | None = None
    target_sales: Amount | None = None
    target_iroas: Amount | None = None
    marginal_iroas: Amount | None = None
    weeks: Annotated[int, Field(ge=1, le=104)] = 13
    rules: dict[str, Any] | None = None
    force: bool = False
    frontier: bool = False
    against: dict[str, Any] | None = None
    by_geo: bool = False
    actuals: list[dict[str, str | float | int]] | None = None


@router.post("")
def post_plan(body: PlanBody, models: Models) -> dict[str, Any]:
    """The plan, with the keys of `rmo plan --json`; a refusal is an answer too, with status `infeasible`."""
    question = one_question(body.model_dump(include={asked.value for asked in Asked}))
    sides = (body.frontier, body.against, body.by_geo, body.actuals)
    request = PlanRequest(question, body.weeks, body.rules, body.force, *sides)
    return plan_budget(models.model(body.model), request, lambda _, weeks: models.curves(body.model, weeks))
