"""A night of bids in, its files for the child out; the run in, its row and the alerts out.

The request: `{"reports", "plan", "model", "availability", "events", "plan_start", "day", "seed"}`: hashes of the
account's files, `reports` a list of `{"name", "sha256"}`, ids of a plan and a model; null where there is none. Without
reports those of the newest pull are read. The account.toml is the one in force, whatever was in force when the job was
submitted: its limits are set by who may approve. What geo tests freeze is told by their locks.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from api.jobs.claim import Claim
from api.jobs.deliveries import tell_webhooks
from api.jobs.kinds import Desk, Document, Keep
from api.jobs.laying_down import lay_file, lay_text, report_name
from api.plain_json import as_text
from api.services.geo_freezes import freezes_from
from api.store.archive import unpack
from api.store.bid_inputs import account_file, find_pull
from api.store.ids import Kind as IdKind
from api.store.ids import new_id
from api.store.models import find_model
from api.store.plans import find_plan
from api.store.states import BidRunState
from api.store.tables import BidRun
from measurement.geotest.freeze import to_csv

PROPOSED, ALERT = "bid_run.proposed", "bid_run.alert"
_FILES = {"availability": "availability.csv", "events": "events.csv"}


def prepare(desk: Desk, claim: Claim) -> Document:
    """Everything that `rmo bids propose` reads; the ledger stays where it is, it only grows."""
    asked = claim.request
    with desk.store.reading() as session:
        plan = find_plan(session, claim.account, asked["plan"]).answer
        model = asked.get("model")
        archive = None if model is None else find_model(session, claim.account, model).sha256
        reports = asked.get("reports") or find_pull(session, claim.account, None, "reports").files["files"]
        own = account_file(session, claim.account).sha256
        freezes = freezes_from(session, claim.account, date.fromisoformat(asked["day"]))
    found: Document = {name: asked.get(name) for name in ("plan_start", "day", "seed")}
    found["plan"] = lay_text(desk, as_text(plan), "plan.json")
    found["account_file"] = lay_file(desk, claim, own, "account.toml")
    found["freeze"] = lay_text(desk, to_csv(freezes), "freeze.csv")
    for name, file in _FILES.items():
        found[name] = None if asked.get(name) is None else lay_file(desk, claim, asked[name], file)
    if archive is not None:
        (desk.folder / "factors").mkdir()
        unpack(desk.files.fetch(claim.account, archive), desk.folder / "factors")
    (desk.folder / "reports").mkdir()
    for number, report in enumerate(reports):
        lay_file(desk, claim, report["sha256"], f"reports/{report_name(report['name'], number)}")
    ledger = desk.ledgers.resolve() / claim.account
    ledger.mkdir(parents=True, exist_ok=True, mode=0o700)
    (desk.folder / "ledger").symlink_to(ledger)
    return found | {"factors": "factors" if archive else None, "reports": "reports", "ledger": "ledger"}


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
