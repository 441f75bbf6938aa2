"""Plans in the tables: what was asked and answered, found and listed by account."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.paging import Page, PageRequest, page_of
from api.store.columns import now
from api.store.ids import Kind, new_id
from api.store.owned import find_owned
from api.store.tables import Plan


@dataclass(frozen=True)
class NewPlan:
    """A plan that was just made."""

    account: str
    model: str
    request: dict[str, Any]
    answer: dict[str, Any]


def add_plan(session: Session, new: NewPlan) -> Plan:
    """Keep a plan."""
    row = Plan(
        id=new_id(Kind.PLAN),
        account_id=new.account,
        model_id=new.model,
        request=new.request,
        answer=new.answer,
        created=now(),
    )
    session.add(row)
    session.flush()
    return row


def find_plan(session: Session, account: str, plan: str, field: str = "plan") -> Plan:
    """The account's plan of this id. Raises NotFound, naming `field`."""
    return find_owned(session, Plan, account, plan, ("plan", field))


def list_plans(session: Session, account: str, model: str | None, page: PageRequest) -> Page[Any]:
    """The account's plans, of one model or of all, newest first: ids, status, budget and weeks, not whole answers."""
    rows = select(
        Plan.id,
        Plan.model_id,
        Plan.created,
        Plan.answer["status"].as_string().label("status"),
        Plan.answer["budget"].as_float().label("budget"),
        Plan.answer["weeks"].as_integer().label("weeks"),
    ).where(Plan.account_id == account)
    return page_of(session, rows if model is None else rows.where(Plan.model_id == model), Plan.id, page)
