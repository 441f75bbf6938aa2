"""One object for each kind of thing in an account: what is asked in, typed values out; thin over the routes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypedDict, TypeVar, Unpack

from api.client.transport import Transport
from api.client.values import Account, Answer, Dataset, Job, Model, Plan, id_of
from api.client.waiting import Progress, told_in_words, wait_for

V = TypeVar("V", bound=Answer)
Show = bool | Progress
"""Whether progress is shown: True for a line on standard error, or a function that is handed the job."""


class PlanQuestion(TypedDict, total=False):
    """What to plan; exactly one of the first four."""

    budget: float
    target_sales: float
    target_iroas: float
    marginal_iroas: float
    weeks: int
    rules: Mapping[str, Any]
    force: bool
    frontier: bool
    against: str | Mapping[str, Any]
    by_geo: bool
    actuals: Sequence[Mapping[str, Any]]


class FitOptions(TypedDict, total=False):
    """How to fit; `map`, `priors` and `experiments` are the texts of such files."""

    controls: Sequence[str]
    map: str | None
    priors: str | None
    experiments: str | None
    seed: int


class UploadOptions(TypedDict, total=False):
    """How a panel's file is to be read."""

    map: str
    controls: str
    purpose: str


class Listed(Generic[V]):
    """Things of one kind that can be found by id and listed."""

    def __init__(self, transport: Transport, path: str, value: Callable[[Mapping[str, Any]], V]) -> None:
        self._transport = transport
        self._path = path
        self._value = value

    def get(self, thing: str) -> V:
        """The thing of this id. Raises NotFound."""
        return self._value(self._transport.json("GET", f"{self._path}/{thing}"))

    def list(self, **filters: Any) -> Iterator[V]:
        """All of them, newest first, page by page as they are needed."""
        return map(self._value, self._pages("", filters))

    def _pages(self, part: str, filters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Items of a list that comes in pages, each page when it is needed."""
        cursor = None
        while True:
            asked = {**filters, **({} if cursor is None else {"cursor": cursor})}
            page = self._transport.json("GET", self._path + part, params=asked)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def _told(self, thing: str | Answer, part: str, **asked: Any) -> dict[str, Any]:
        """A part of a thing, as it is answered."""
        told: dict[str, Any] = self._transport.json("GET", f"{self._path}/{id_of(thing)}/{part}", params=asked)
        return told

    def _taken(self, part: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What a step answered."""
        told: dict[str, Any] = self._transport.json("POST", self._path + part, json=asked)
        return told


class Jobs(Listed[Job]):
    """Work that takes longer than a request."""

    def wait(self, job: str | Job, progress: Show = False, seconds: float | None = None) -> Job:
        """The job at its end. Raises JobFailed, JobCancelled, and StillRunning after so many seconds."""
        told = told_in_words if progress is True else progress or None
        return wait_for(self._transport, f"{self._path}/{id_of(job)}", told, seconds)

    def cancel(self, job: str | Job) -> Job:
        """End a job; one that has ended stays as it is."""
        return Job.of(self._transport.json("POST", f"{self._path}/{id_of(job)}/cancel"))


class Accounts(Listed[Account]):
    """Accounts; all but the key's own need a key of the installation."""

    def create(self, name: str, **given: Any) -> Account:
        """Make one; `currency`, `time_zone` and `retention_days` may be given."""
        return Account.of(self._transport.json("POST", self._path, json={"name": name, **given}))

    def delete(self, account: str | Account) -> None:
        """Delete one with all its rows and files, for good."""
        self._transport.send("DELETE", f"{self._path}/{id_of(account)}", params={"confirm": id_of(account)})


class Datasets(Listed[Dataset]):
    """Panels' files by name and version."""

    def upload(self, panel: str | Path | BinaryIO, name: str, **given: Unpack[UploadOptions]) -> Dataset:
        """Send a panel's file: the next version under this name, if it passes the check. Raises Invalid."""
        if isinstance(panel, str | Path):
            with Path(panel).open("rb") as file:
                return self._upload(file, Path(panel).name, {"name": name, **given})
        return self._upload(panel, "panel", {"name": name, **given})

    def _upload(self, file: BinaryIO, file_name: str, fields: Mapping[str, Any]) -> Dataset:
        answer = self._transport.json("POST", self._path, files={"file": (file_name, file)}, data=fields)
        return Dataset.of(answer)


class Models(Listed[Model]):
    """Fitted models."""

    def __init__(self, transport: Transport, path: str, jobs: Jobs) -> None:
        super().__init__(transport, path, Model.of)
        self._jobs = jobs

    def fit(self, dataset: str | Dataset, progress: Show = False, **given: Unpack[FitOptions]) -> Model:
        """Fit, wait, and answer the model; a refused one is answered too, its `status` says so. Raises JobFailed."""
        job = self._jobs.wait(self.begin_fit(dataset, **given), progress)
        return self.get(str((job.result or {})["model"]))

    def begin_fit(self, dataset: str | Dataset, **given: Unpack[FitOptions]) -> Job:
        """The job that fits; it goes on whether anybody waits or not."""
        return Job.of(self._transport.json("POST", self._path, json={"dataset": id_of(dataset), **given}))

    def report(self, model: str | Model) -> dict[str, Any]:
        """What `rmo report --json` says."""
        return self._told(model, "report")

    def diagnostics(self, model: str | Model) -> dict[str, Any]:
        """Whether to believe it."""
        return self._told(model, "diagnostics")

    def curves(self, model: str | Model, weeks: int = 13) -> dict[str, Any]:
        """What each channel's spend over so many weeks would sell."""
        return self._told(model, "curves", weeks=weeks)


class Plans(Listed[Plan]):
    """Budget plans."""

    def create(self, model: str | Model, **asked: Unpack[PlanQuestion]) -> Plan:
        """Plan; one that is not possible is answered too, its `status` says so and `conflicts` why. Raises Invalid."""
        return Plan.of(self._transport.json("POST", self._path, json={"model": id_of(model), **asked}))

    def compare(self, plan: str | Plan, other: str | Plan) -> dict[str, Any]:
        """What a plan is expected to sell more than another."""
        return self._told(plan, "compare", other=id_of(other))

    def export(self, plan: str | Plan, format: str = "csv", table: str = "lines") -> bytes:
        """The plan for a spreadsheet: `csv` of its `lines` or `schedule`, or `xlsx` of all."""
        path = f"{self._path}/{id_of(plan)}/export"
        return self._transport.send("GET", path, params={"format": format, "table": table}).content
