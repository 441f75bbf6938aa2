"""A geo test's questions and steps in, the test as it stands out; thin over the routes."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from api.client.resources import Jobs, Listed, Show
from api.client.transport import Transport
from api.client.values import Dataset, GeoTest, Job, Model, id_of


class NextQuestion(TypedDict, total=False):
    """The next plan, and how long what a test teaches is used."""

    weeks: int
    horizon_weeks: int
    rules: Mapping[str, Any]
    seed: int


class GeoTests(Listed[GeoTest]):
    """Geo tests from their design to their result."""

    def __init__(self, transport: Transport, path: str, jobs: Jobs) -> None:
        super().__init__(transport, path, GeoTest.of)
        self._jobs = jobs

    def design(self, dataset: str | Dataset, progress: Show = False, **question: Any) -> GeoTest:
        """Design a test, with the keys of `rmo geo design`, and wait for it."""
        return self._worked("", {"dataset": id_of(dataset), **question}, progress)

    def lock(self, test: str | GeoTest, **given: Any) -> GeoTest:
        """Fix a test before it runs."""
        self._taken(f"/{id_of(test)}/lock", given)
        return self.get(id_of(test))

    def lock_stated(self, dataset: str | Dataset, **given: Any) -> GeoTest:
        """Fix a test that was designed elsewhere, with the keys of `rmo geo lock`."""
        return self.get(self._taken("/lock", {"dataset": id_of(dataset), **given})["id"])

    def monitor(self, test: str | GeoTest, dataset: str | Dataset, **given: Any) -> dict[str, Any]:
        """Spend against plan, leakage and missing days of a test that runs; the outcome is not shown."""
        return self._taken(f"/{id_of(test)}/monitor", {"dataset": id_of(dataset), **given})

    def exclude(self, test: str | GeoTest, geo: str, reason: str) -> dict[str, Any]:
        """Log that a geo leaves the test. Raises Conflict once the result has been shown."""
        return self._taken(f"/{id_of(test)}/exclude", {"geo": geo, "reason": reason})

    def analyze(self, test: str | GeoTest, progress: Show = False, **given: Any) -> GeoTest:
        """Analyse a locked test as its lock says, and wait for it."""
        return self._worked(f"/{id_of(test)}/analyze", given, progress, id_of(test))

    def next(
        self, model: str | Model, budget: float, progress: Show = False, **given: Unpack[NextQuestion]
    ) -> dict[str, Any]:
        """Which test to run next, in money, with the keys of `rmo geo next --json`."""
        return dict(self._ended("/next", {"model": id_of(model), "budget": budget, **given}, progress).result or {})

    def _worked(self, step: str, asked: Mapping[str, Any], progress: Show, test: str | None = None) -> GeoTest:
        job = self._ended(step, asked, progress)
        return self.get(test or str((job.result or {})["geo_test"]))

    def _ended(self, step: str, asked: Mapping[str, Any], progress: Show) -> Job:
        return self._jobs.wait(Job.of(self._taken(step, asked)), progress)
