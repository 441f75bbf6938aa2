"""Fitted models in the tables: what a fit or an import left, found and listed by account."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.paging import Page, PageRequest, page_of
from api.store.columns import now
from api.store.ids import Kind, new_id
from api.store.owned import find_owned
from api.store.tables import Model


@dataclass(frozen=True)
class NewModel:
    """What a fit left: the archive's hash among the account's files, and the report's JSON."""

    account: str
    sha256: str
    report: dict[str, Any]
    dataset: str | None = None
    job: str | None = None


def add_model(session: Session, new: NewModel) -> Model:
    """A new model; a job's second one clashes on the job's id."""
    row = Model(
        id=new_id(Kind.MODEL),
        account_id=new.account,
        dataset_id=new.dataset,
        job_id=new.job,
        status=new.report["status"],
        sha256=new.sha256,
        report=new.report,
        created=now(),
    )
    session.add(row)
    session.flush()
    return row


def find_model(session: Session, account: str, model: str, field: str = "model") -> Model:
    """The account's model of this id. Raises NotFound, naming `field`."""
    return find_owned(session, Model, account, model, ("model", field))


def list_models(session: Session, account: str, page: PageRequest) -> Page[Any]:
    """The account's models, newest first, without their reports."""
    rows = select(Model.id, Model.dataset_id, Model.job_id, Model.status, Model.created)
    return page_of(session, rows.where(Model.account_id == account), Model.id, page)
