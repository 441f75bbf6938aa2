"""Answers of the service as JSON in, values with types out; `raw` is the whole answer, with the commands' keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """Something with an id that was made at a moment."""

    id: str
    created: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """The value that an answer is; keys that the service leaves out of lists are None."""
        known: dict[str, Any] = {each.name: answer.get(each.name) for each in fields(cls) if each.name != "raw"}
        return cls(**known, raw=answer)


@dataclass(frozen=True)
class Account(Answer):
    """An account."""

    name: str
    currency: str
    time_zone: str
    retention_days: int | None


@dataclass(frozen=True)
class Dataset(Answer):
    """A version of a dataset; `report` is what `rmo check --json` says, None in lists."""

    name: str
    version: int
    file_name: str
    rows: int
    sha256: str
    report: Mapping[str, Any] | None


@dataclass(frozen=True)
class Model(Answer):
    """A fitted model; `channels` is what the report says of each, None in lists."""

    status: str
    dataset: str | None
    job: str | None
    channels: list[dict[str, Any]] | None


@dataclass(frozen=True)
class Plan(Answer):
    """A plan with the keys of `rmo plan --json`; lines, total and schedule are None in lists."""

    model: str
    status: str
    budget: float | None
    weeks: int
    lines: list[dict[str, Any]] | None
    total: dict[str, Any] | None
    schedule: list[dict[str, Any]] | None
    binding: list[dict[str, Any]] | None
    conflicts: list[dict[str, Any]] | None
    advice: list[str] | None


@dataclass(frozen=True)
class GeoTest(Answer):
    """A geo test, as far as it has come."""

    state: str
    dataset: str | None
    job: str | None
    design: Mapping[str, Any] | None
    lock: Mapping[str, Any] | None
    result: Mapping[str, Any] | None


@dataclass(frozen=True)
class BidRun(Answer):
    """A night's bids."""

    state: str
    plan: str | None
    job: str | None


@dataclass(frozen=True)
class Job(Answer):
    """Work that takes longer than a request."""

    kind: str
    state: str
    progress: Mapping[str, Any] | None
    result: Mapping[str, Any] | None
    problem: Mapping[str, Any] | None
    attempts: int

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("done", "failed", "cancelled")


def id_of(value: "str | Answer") -> str:
    """An id, whether the id or the value was given."""
    return value if isinstance(value, str) else value.id
