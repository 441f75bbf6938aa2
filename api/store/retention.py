"""An account and a moment in, what is older gone from the tables out: children before parents, nothing still in use."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Delete, delete, func, insert, select, union
from sqlalchemy.orm import Session

from api.store.bid_tables import BidPull
from api.store.owned import rows_changed
from api.store.states import DeliveryState, GeoTestState, JobState
from api.store.tables import BidRun, Dataset, Delivery, GeoTest, Job, Model, Plan, Webhook
from api.store.work_tables import JobToForget, NightlyBids

_ENDED = tuple(state for state in JobState if state.ended)
_OVER = (GeoTestState.DESIGNED, GeoTestState.ANALYSED)
"""A test that is locked or runs is kept until it was analysed."""


def forget_older(session: Session, account: str, limit: datetime) -> dict[str, int]:
    """Delete an account's rows made before `limit`, and say how many of each table.

    A model stays as long as a younger plan rests on it, a dataset as long as a model does; so does what waiting jobs
    and the nightly bid run name, and the newest pull of reports. The audit trail and the ledger of bids stay.
    """
    steps: tuple[tuple[str, Callable[[], Delete]], ...] = (
        ("bid_runs", lambda: _older(BidRun, account, limit)),
        ("bid_pulls", lambda: _older(BidPull, account, limit).where(BidPull.id.not_in(_newest(BidPull, account)))),
        ("plans", lambda: _unused(Plan, account, limit, "plan", select(BidRun.plan_id))),
        ("models", lambda: _unused(Model, account, limit, "model", select(Plan.model_id))),
        ("geo_tests", lambda: _older(GeoTest, account, limit).where(GeoTest.state.in_(_OVER))),
        ("datasets", lambda: _unused(Dataset, account, limit, "dataset", _with_dataset())),
        ("deliveries", lambda: _settled(account, limit)),
    )
    gone = {name: rows_changed(session, statement()) for name, statement in steps}
    gone["jobs"] = forget_jobs(session, account, limit)
    return {name: count for name, count in gone.items() if count}


def forget_jobs(session: Session, account: str, ended_before: datetime | None = None) -> int:
    """Delete an account's jobs, of those that ended or all, and have the engine forget them too."""
    chosen = Job.account_id == account
    if ended_before is not None:
        chosen &= Job.state.in_(_ENDED) & (Job.ended < ended_before)
    session.execute(insert(JobToForget).from_select(["id"], select(Job.id).where(chosen)))
    return rows_changed(session, delete(Job).where(chosen))


def _older(table: Any, account: str, limit: datetime) -> Delete:
    return delete(table).where(table.account_id == account, table.created < limit)


def _newest(table: Any, account: str) -> Any:
    """Ids sort by time."""
    return select(func.max(table.id)).where(table.account_id == account).scalar_subquery()


def _unused(table: Any, account: str, limit: datetime, name: str, used_by: Any) -> Delete:
    used = used_by.subquery()
    wanted = _wanted(account, name).subquery()
    column = used.c[0]
    return _older(table, account, limit).where(
        table.id.not_in(select(column).where(column.is_not(None))),
        table.id.not_in(select(wanted.c[0]).where(wanted.c[0].is_not(None))),
    )


def _with_dataset() -> Any:
    return union(select(Model.dataset_id), select(GeoTest.dataset_id))


def _wanted(account: str, name: str) -> Any:
    """What jobs that have not ended, and every night, name."""
    by_jobs = select(Job.request[name].as_string()).where(Job.account_id == account, Job.state.not_in(_ENDED))
    return union(by_jobs, select(NightlyBids.request[name].as_string()).where(NightlyBids.account_id == account))


def _settled(account: str, limit: datetime) -> Delete:
    ours = select(Webhook.id).where(Webhook.account_id == account)
    return delete(Delivery).where(
        Delivery.webhook_id.in_(ours), Delivery.created < limit, Delivery.state != DeliveryState.WAITING
    )
