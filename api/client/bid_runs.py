"""Reports, a plan and a person's word in, nights of bids out: proposed, approved, written, put back, stopped."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypedDict, Unpack

from api.client.resources import Jobs, Listed, Show
from api.client.transport import Transport
from api.client.values import BidRun, Job, Plan, id_of


class NightOptions(TypedDict, total=False):
    """What a night is proposed from, beside the plan; `availability` and `events` are the texts of such files."""

    pull: str
    factors: bool
    availability: str
    events: str
    plan_start: str
    day: str
    seed: int


class EveryNight(TypedDict, total=False):
    """The same, where every night is proposed from the newest reports."""

    factors: bool
    availability: str
    events: str
    plan_start: str
    seed: int


class BidRuns(Listed[BidRun]):
    """Nights of bids."""

    def __init__(self, transport: Transport, path: str, jobs: Jobs, nightly: str) -> None:
        super().__init__(transport, path, BidRun.of)
        self._jobs = jobs
        self._nightly = nightly

    def set_account_file(self, text: str) -> dict[str, Any]:
        """Set the account.toml: channels, margins, targets, limits."""
        told: dict[str, Any] = self._transport.json("PUT", f"{self._path}/account-file", json={"account_file": text})
        return told

    def send_reports(self, *reports: str | Path) -> str:
        """Send the exports of one pull; the pull's id. Raises Invalid."""
        with ExitStack() as open_files:
            files = [("files", (Path(each).name, open_files.enter_context(Path(each).open("rb")))) for each in reports]
            return str(self._transport.json("POST", f"{self._path}/reports", files=files)["id"])

    def propose(self, plan: str | Plan, progress: Show = False, **given: Unpack[NightOptions]) -> BidRun:
        """Propose a night's bids, and wait for them. Raises JobFailed."""
        job = self._jobs.wait(Job.of(self._taken("", {"plan": id_of(plan), **given})), progress)
        return self.get(str((job.result or {})["bid_run"]))

    def changes(self, run: str | BidRun, **filters: Any) -> Iterator[Mapping[str, Any]]:
        """Every change with its reason; by `channel`, `kind`, `entity` or `code` where asked."""
        return self._pages(f"/{id_of(run)}/changes", filters)

    def held(self, run: str | BidRun, **filters: Any) -> Iterator[Mapping[str, Any]]:
        """What was held back, and by which rule."""
        return self._pages(f"/{id_of(run)}/held", filters)

    def approve(self, run: str | BidRun) -> dict[str, Any]:
        """Approve a run that is too large to be written unseen."""
        return self._taken(f"/{id_of(run)}/approve", {})

    def apply(self, run: str | BidRun) -> dict[str, Any]:
        """Write a run's bulk files; a second time writes nothing."""
        return self._taken(f"/{id_of(run)}/apply", {})

    def bulk(self, run: str | BidRun, of: str = "apply") -> bytes:
        """The bulk files as one zip archive: those of `apply` or of `rollback`."""
        return self._transport.send("GET", f"{self._path}/{id_of(run)}/bulk", params={"of": of}).content

    def roll_back(self, run: str | BidRun, pull: str | None = None) -> dict[str, Any]:
        """Put back what was there, where the value that is live is still the run's."""
        return self._taken(f"/{id_of(run)}/rollback", {} if pull is None else {"pull": pull})

    def ledger(self, **filters: Any) -> Iterator[Mapping[str, Any]]:
        """What was ever proposed, approved, written and put back, newest first."""
        return self._pages("/ledger", filters)

    def stop(self, scope: str = "account", why: str = "") -> dict[str, Any]:
        """Stop bids at once: of the `account`, of `channel:NAME` or of `campaign:ID`."""
        return self._taken("/kill", {"scope": scope, "why": why})

    def let_run(self, scope: str = "account", why: str = "") -> dict[str, Any]:
        """Let bids run again that were stopped."""
        return self._taken("/lift", {"scope": scope, "why": why})

    def set_nightly(self, at: str, plan: str | Plan, **given: Unpack[EveryNight]) -> dict[str, Any]:
        """Propose bids every night at a time such as `02:30` of the account's time zone."""
        told: dict[str, Any] = self._transport.json("PUT", self._nightly, json={"at": at, "plan": id_of(plan), **given})
        return told

    def end_nightly(self) -> None:
        """Propose no more bids by night."""
        self._transport.send("DELETE", self._nightly)
