"""`POST /v1/plans`: a stored model, a budget and rules → the budget plan."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.deps import Models
from api.services.plan_budget import PlanRequest, plan_budget

router = APIRouter(prefix="/v1/plans")


class PlanBody(BaseModel):
    """What to plan; `rules` has the layout of rules.toml."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str
    budget: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    weeks: Annotated[int, Field(ge=1, le=104)] = 13
    rules: dict[str, Any] | None = None
    force: bool = False


@router.post("")
def post_plan(body: PlanBody, models: Models) -> dict[str, Any]:
    """The plan, with the keys of `rmo plan --json`; a refusal is an answer too, with status `infeasible`."""
    request = PlanRequest(budget=body.budget, weeks=body.weeks, rules=body.rules, force=body.force)
    return plan_budget(models.model(body.model), request, lambda _, weeks: models.curves(body.model, weeks))
