"""The tables in, the figures that a company watches out: jobs, how long they wait, fits, money under management."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.store.columns import now
from api.store.states import JobState
from api.store.tables import Account, Delivery, Job, Model, Plan
from api.store.work_tables import Worker

WORKER_LIVES = timedelta(seconds=10)
_RECENT = timedelta(days=30)


@dataclass(frozen=True)
class Figures:
    """What the tables say at one moment.

    Attributes:
        jobs: count by kind and state.
        queue_age_seconds: by kind, how long the oldest waiting job waits.
        models: count by status.
        rhat: `max` and `mean` of the largest r-hat of each fit of the last 30 days; empty where there is none.
        spend_per_week: by currency, the weekly budgets of all accounts' latest plans.
        messages: to webhooks, count by state.
        accounts: how many.
        workers: how many live.
    """

    jobs: Mapping[tuple[str, str], int]
    queue_age_seconds: Mapping[str, float]
    models: Mapping[str, int]
    rhat: Mapping[str, float]
    spend_per_week: Mapping[str, float]
    messages: Mapping[str, int]
    accounts: int
    workers: int


def read_figures(session: Session) -> Figures:
    """All figures."""
    moment = now()
    jobs = session.execute(select(Job.kind, Job.state, func.count()).group_by(Job.kind, Job.state)).all()
    waiting = select(Job.kind, func.min(Job.created)).where(Job.state == JobState.QUEUED).group_by(Job.kind)
    return Figures(
        jobs={(kind, state.value): count for kind, state, count in jobs},
        queue_age_seconds={kind: (moment - oldest).total_seconds() for kind, oldest in session.execute(waiting)},
        models=_counted(session, Model.status),
        rhat=_rhat(session),
        spend_per_week=_spend(session),
        messages={state.value: count for state, count in _counted(session, Delivery.state).items()},
        accounts=session.scalar(select(func.count()).where(Account.deleted.is_(None))) or 0,
        workers=session.scalar(select(func.count()).where(Worker.seen > moment - WORKER_LIVES)) or 0,
    )


def _counted(session: Session, column: Any) -> dict[Any, int]:
    return dict(session.execute(select(column, func.count()).group_by(column)).all())


def _rhat(session: Session) -> dict[str, float]:
    rhat = Model.report["diagnostics"]["rhat_max"].as_float()
    recent = select(func.max(rhat), func.avg(rhat)).where(Model.created > now() - _RECENT)
    largest, mean = session.execute(recent).one()
    return {} if largest is None else {"max": float(largest), "mean": float(mean)}


def _spend(session: Session) -> dict[str, float]:
    """A plan's id grows with its time, so the largest of an account is the latest."""
    latest = select(func.max(Plan.id)).group_by(Plan.account_id).scalar_subquery()
    budget, weeks = Plan.answer["budget"].as_float(), Plan.answer["weeks"].as_float()
    weekly = (
        select(Account.currency, func.sum(budget / func.nullif(weeks, 0.0)))
        .join(Plan, Plan.account_id == Account.id)
        .where(Plan.id.in_(latest), Account.deleted.is_(None), Plan.answer["status"].as_string() != "infeasible")
        .group_by(Account.currency)
    )
    return {currency: float(amount) for currency, amount in session.execute(weekly) if amount is not None}
