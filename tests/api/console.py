"""What the consoles of all platforms share, for tests: terms that were searched for, values in force, files read back.

A console's state is what a person would see there: values in force by kind and by the id that a run names. `upload`
finds rows as the platform does (by ids or by names) and refuses what it cannot find, so that a wrong file shows.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np

TODAY = np.datetime64("2026-05-11", "D")
DAYS = 40
Key = tuple[str, str]
"""Kind of a change and the id that a run names."""


@dataclass(frozen=True)
class Term:
    """A keyword, a target or an ad set: ids as the platform has them, its bid, orders per click, clicks a day."""

    id: str
    text: str
    campaign: str
    group: str
    bid: str
    rate: float
    clicks: float


@dataclass
class Console:
    """One platform's console.

    Attributes:
        terms: what is bid for.
        state: values in force.
        smart: campaigns whose bids the platform sets.
    """

    terms: list[Term]
    state: dict[Key, str]
    smart: tuple[str, ...] = ()
    platform: str = ""
    report: str = "keywords.csv"
    names: dict[str, str] = field(default_factory=dict)

    def export(self, folder: Path, today: np.datetime64 = TODAY) -> None:
        """Write the console's exports of the forty days before a day."""
        raise NotImplementedError

    def upload(self, files: Sequence[Path]) -> None:
        """Take bulk files as the platform does."""
        raise NotImplementedError

    def main(self, folder: Path) -> Path:
        """The report of results by target."""
        return next(folder.glob(self.report))

    def set(self, kind: str, entity: str, value: str) -> None:
        """A value as a bulk file gives it; it must be one that the console has."""
        assert (kind, entity) in self.state, f"{self.platform} has no {kind} of {entity}"
        self.state[kind, entity] = value

    def days(self, today: np.datetime64 = TODAY) -> Iterator[tuple[np.datetime64, Term, int, float, int, float]]:
        """Day, term, clicks, cost, orders, sales: the same for the same console, whatever is in force now."""
        rng = np.random.default_rng(11)
        for term in self.terms:
            for day in np.arange(TODAY - DAYS, TODAY + 7):
                weekday = int((day.astype("datetime64[D]").astype(np.int64) + 3) % 7)
                clicks = int(rng.poisson(term.clicks * (1.2 if weekday >= 5 else 0.92)))
                orders = int(rng.binomial(clicks, term.rate))
                if day < today:
                    yield day, term, clicks, round(0.6 * float(term.bid) * clicks, 2), orders, 40.0 * orders


def same(first: dict[Key, str], second: dict[Key, str]) -> bool:
    """Whether two states hold the same values, however they are written."""
    return first.keys() == second.keys() and all(Decimal(first[key]) == Decimal(second[key]) for key in first)


def terms_of(
    ids: Callable[[int], str], campaigns: Sequence[str], groups: Sequence[str], bid: str, count: int = 24
) -> list[Term]:
    """Terms that differ in what they sell, dealt to campaigns in turn; each campaign has one group."""
    return [
        Term(
            ids(number),
            f"running shoe {number}",
            campaigns[number % len(campaigns)],
            groups[number % len(groups)],
            bid,
            0.02 + 0.01 * (number % 7),
            8.0,
        )
        for number in range(count)
    ]


def state_of(terms: Sequence[Term], key: Callable[[Term], str] = lambda term: term.id) -> dict[Key, str]:
    return {("bid", key(term)): term.bid for term in terms}


def rows_of(path: Path) -> list[dict[str, str]]:
    """A CSV file's rows."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
