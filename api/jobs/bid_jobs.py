"""A night of bids in, its files for the child out; the run in, its row and the alerts out.

The request: `{"account_file", "reports", "plan", "model", "availability", "events", "freeze", "plan_start", "day",
"seed"}`: hashes of the account's files, `reports` a list of `{"name", "sha256"}`, ids of a plan and a model; null where
there is none.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from api.jobs.claim import Claim
from api.jobs.deliveries import tell_webhooks
from api.jobs.kinds import Desk, Document, Keep
from api.jobs.laying_down import lay_file, lay_text, safe_name
from api.plain_json import as_text
from api.store.archive import unpack
from api.store.ids import Kind as IdKind
from api.store.ids import new_id
from api.store.models import find_model
from api.store.plans import find_plan
from api.store.states import BidRunState
from api.store.tables import BidRun

PROPOSED, ALERT = "bid_run.proposed", "bid_run.alert"
_FILES = {"account_file": "account.toml", "availability": "availability.csv", "events": "events.csv"}


def prepare(desk: Desk, claim: Claim) -> Document:
    """Everything that `rmo bids propose` reads; the ledger stays where it is, it only grows."""
    asked = claim.request
    with desk.store.reading() as session:
        plan = find_plan(session, claim.account, asked["plan"]).answer
        model = asked.get("model")
        archive = None if model is None else find_model(session, claim.account, model).sha256
    found: Document = {name: asked.get(name) for name in ("plan_start", "day", "seed")}
    found["plan"] = lay_text(desk, as_text(plan), "plan.json")
    for name, file in (_FILES | {"freeze": "freeze.csv"}).items():
        found[name] = None if asked.get(name) is None else lay_file(desk, claim, asked[name], file)
    if archive is not None:
        (desk.folder / "factors").mkdir()
        unpack(desk.files.fetch(claim.account, archive), desk.folder / "factors")
    (desk.folder / "reports").mkdir()
    for number, report in enumerate(asked["reports"]):
        name = safe_name(report["name"], f"report-{number}.csv")
        lay_file(desk, claim, report["sha256"], f"reports/{name}")
    ledger = desk.ledgers.resolve() / claim.account
    return found | {"factors": "factors" if archive else None, "reports": "reports", "ledger": str(ledger)}


def keep(desk: Desk, claim: Claim, run: Mapping[str, Any]) -> Keep:
    """The run's row, and alerts to who asked for them; the job's result is `{"bid_run", "run", "needs_approval"}`."""

    def write(session: Session) -> Document:
        row = BidRun(
            id=new_id(IdKind.BID_RUN),
            account_id=claim.account,
            plan_id=claim.request["plan"],
            job_id=claim.job,
            state=BidRunState.PROPOSED,
            ledger=run["run"],
            summary=dict(run),
        )
        session.add(row)
        told = {"bid_run": row.id, "run": run["run"], "needs_approval": run["needs_approval"]}
        tell_webhooks(session, claim.account, PROPOSED, told | {"totals": run["totals"]})
        if run["alerts"]:
            tell_webhooks(session, claim.account, ALERT, told | {"alerts": run["alerts"]})
        return told

    return write
