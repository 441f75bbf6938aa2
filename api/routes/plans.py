"""`/v1/accounts/{account}/plans`: a stored model, a question and rules → the budget plan; kept, compared, exported."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from api.bodies import Amount, Answer, Body, PageAnswer
from api.deps import IdempotencyKey, PageAsked, Planner, Reader
from api.idempotency import Change, answer_once
from api.services.export_plan import csv_bytes, workbook_bytes
from api.services.stored_plans import compare_stored, make_plan
from api.store.plans import NewPlan, add_plan, find_plan, list_plans

router = APIRouter(prefix="/v1/accounts/{account}/plans", tags=["plans"])

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class PlanBody(Body):
    """What to plan: exactly one of four questions.

    `rules` has the layout of rules.toml, `actuals` rows of the columns of --actuals; `against` is a plan's id or its
    JSON.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "mdl_01KAZ6J9Q5V3D8TPX0WQ4N7RBC",
                    "budget": 1200000,
                    "weeks": 13,
                    "rules": {"channel": {"amazon": {"max_change": 0.3}}},
                }
            ]
        }
    )

    model: Annotated[str, Field(max_length=40)]
    budget: Amount | None = None
    target_sales: Amount | None = None
    target_iroas: Amount | None = None
    marginal_iroas: Amount | None = None
    weeks: Annotated[int, Field(ge=1, le=104)] = 13
    rules: dict[str, Any] | None = None
    force: bool = False
    frontier: bool = False
    against: dict[str, Any] | str | None = None
    by_geo: bool = False
    actuals: Annotated[list[dict[str, str | float | int]], Field(max_length=104)] | None = None


class PlanAnswer(Answer):
    """A plan: its place, and the keys of `rmo plan --json`."""

    id: str
    model: str
    created: str
    status: str
    budget: float | None
    weeks: int


class Table(StrEnum):
    """Which table of a plan."""

    LINES = "lines"
    SCHEDULE = "schedule"


class FileFormat(StrEnum):
    """How a plan is exported."""

    CSV = "csv"
    XLSX = "xlsx"


@router.post("", status_code=201, response_model=PlanAnswer)
def post_plan(caller: Planner, account: str, body: PlanBody, key: IdempotencyKey = None) -> JSONResponse:
    """Make a plan and keep it; a refusal is an answer too, with status `infeasible`."""

    def prepare() -> Change:
        asked = body.model_dump(exclude_none=True)
        answer = make_plan(caller.service, account, asked)

        def write(session: Session) -> dict[str, Any]:
            return _whole(add_plan(session, NewPlan(account, body.model, asked, answer)))

        return Change("plan.create", write)

    return answer_once(caller, key, prepare)


@router.get("", response_model=PageAnswer)
def get_plans(
    caller: Reader,
    account: str,
    page: PageAsked,
    model: Annotated[str | None, Query(max_length=40, description="Only plans on this model.")] = None,
) -> dict[str, Any]:
    """The account's plans, newest first, without lines and weeks."""
    with caller.reading() as session:
        return list_plans(session, account, model, page).to_json(_short)


@router.get("/{plan}", response_model=PlanAnswer)
def get_plan(caller: Reader, account: str, plan: str) -> dict[str, Any]:
    """One plan as it was answered."""
    with caller.reading() as session:
        return _whole(find_plan(session, account, plan))


@router.get("/{plan}/compare", response_model=Answer)
def get_comparison(
    caller: Reader,
    account: str,
    plan: str,
    other: Annotated[str, Query(max_length=40, description="The plan to hold it against.")],
) -> dict[str, Any]:
    """What this plan is expected to sell more than another of as many weeks, by this plan's model."""
    with caller.reading() as session:
        first, second = find_plan(session, account, plan), find_plan(session, account, other, "other")
    return {"plan": plan, "other": other} | compare_stored(caller.service, first, second)


@router.get("/{plan}/export", response_class=Response, responses={200: {"content": {"text/csv": {}, _XLSX: {}}}})
def get_export(
    caller: Reader, account: str, plan: str, format: FileFormat = FileFormat.CSV, table: Table = Table.LINES
) -> Response:
    """The plan for a spreadsheet: one table as CSV, or all as XLSX. No cell of it can run as a formula."""
    with caller.reading() as session:
        answer = find_plan(session, account, plan).answer
    if format is FileFormat.XLSX:
        return _file(workbook_bytes(answer), _XLSX, f"{plan}.xlsx")
    return _file(csv_bytes(answer, table.value), "text/csv; charset=utf-8", f"{plan}-{table.value}.csv")


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _short(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "model": row.model_id,
        "created": row.created.isoformat(),
        "status": row.status,
        "budget": row.budget,
        "weeks": row.weeks,
    }


def _whole(row: Any) -> dict[str, Any]:
    place = {"id": row.id, "model": row.model_id, "created": row.created.isoformat()}
    whole: dict[str, Any] = place | row.answer
    return whole
