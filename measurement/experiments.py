"""Finished tests run anywhere: `experiments.csv` in, checked `Experiment` values out."""

import csv
import difflib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from measurement.errors import ExperimentsError
from measurement.panel import Level, Panel

NEEDED = ("name", "channels", "outcome", "start", "end", "geos", "spend_change", "lift", "lift_sd")
OPTIONAL = ("cooldown_end",)
TOTAL = "total"
SPENT_TOLERANCE = 0.01
"""A test that added spend may have added at most what was spent, give or take this share."""


@dataclass(frozen=True)
class Experiment:
    """One finished test.

    Attributes:
        name: as in the file; unique.
        channels: what was changed; the lift of several is that of their sum.
        outcome: what was measured, in money.
        start, end: first and last day of the change, inclusive.
        cooldown_end: last day that the lift counts; None: the lift counts to `end`.
        geos: the treated regions.
        spend_change: spend in treated regions, actual less counterfactual, in money; below 0 where it was held back.
        lift: sales in treated regions over the whole window, actual less counterfactual.
        lift_sd: standard error of that total.
    """

    name: str
    channels: tuple[str, ...]
    outcome: str
    start: date
    end: date
    cooldown_end: date | None
    geos: tuple[str, ...]
    spend_change: float
    lift: float
    lift_sd: float

    @property
    def last_day(self) -> date:
        """Last day whose sales count."""
        return self.cooldown_end or self.end


def read_experiments(path: Path, panel: Panel) -> tuple[Experiment, ...]:
    """Read `experiments.csv` and check every row against a weekly panel.

    Raises:
        ExperimentsError: the file cannot be read, or a row cannot be used; the message names row, column and remedy.
    """
    rows = _rows(path)
    tests = tuple(_experiment(row, f"{path}, row {number}") for number, row in rows)
    for (number, _), test in zip(rows, tests, strict=True):
        check_experiment(test, panel, f"{path}, row {number}")
    names = [test.name for test in tests]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ExperimentsError(f"{path}: two rows are called {twice!r}; give each test a name of its own")
    return tests


def check_experiment(test: Experiment, panel: Panel, where: str) -> None:
    """Whether the test speaks of this panel's channels, geos, outcome and weeks.

    Raises:
        ExperimentsError: it does not; the message says how to mend it.
    """
    _known(test.channels, panel.channel_names, f"{where}, column channels")
    _known(test.geos, panel.geos, f"{where}, column geos")
    national = [c.name for c in panel.channels if c.name in test.channels and c.level is Level.NATIONAL]
    if national and set(test.geos) != set(panel.geos):
        raise ExperimentsError(
            f"{where}, column geos: {', '.join(national)} is known only nationally, so its test must name all geos"
        )
    measured = (panel.outcomes[0].name,) if len(panel.outcomes) == 1 else (TOTAL,)
    if test.outcome not in (*measured, TOTAL):
        raise ExperimentsError(
            f"{where}, column outcome: the model's outcome is {measured[0]!r}, not {test.outcome!r}; "
            "leave the test out, or fit a panel with that outcome alone"
        )
    first, last = panel.dates[0].item(), (panel.dates[-1] + np.timedelta64(6, "D")).item()
    if test.start < first or test.last_day > last:
        raise ExperimentsError(
            f"{where}, columns start to cooldown_end: the test runs from {test.start} to {test.last_day}, the panel "
            f"from {first} to {last}; add the panel's weeks, or leave the test out"
        )
    if test.spend_change > 0:
        _check_added_spend(test, panel, where)


def _check_added_spend(test: Experiment, panel: Panel, where: str) -> None:
    geos = [panel.geos.index(name) for name in test.geos]
    channels = [panel.channel_names.index(name) for name in test.channels]
    weeks = week_shares(panel, test.start, test.end) > 0
    spent = float(panel.spend[geos][:, weeks][:, :, channels].sum())
    if test.spend_change > (1 + SPENT_TOLERANCE) * spent:
        raise ExperimentsError(
            f"{where}, column spend_change: {test.spend_change:,.2f} more was spent than without the test, but the "
            f"panel holds only {spent:,.2f} in these weeks and geos; correct one of the two"
        )


def week_shares(panel: Panel, start: date, end: date) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Share of each of the panel's weeks that lies between two days, inclusive, `(T,)`."""
    first = panel.dates.astype("datetime64[D]").astype(np.int64)
    begin, finish = (np.datetime64(day, "D").astype(np.int64) for day in (start, end))
    days = np.minimum(first + 6, finish) - np.maximum(first, begin) + 1
    shares: np.ndarray[tuple[int], np.dtype[np.float64]] = np.clip(days, 0, 7) / 7.0
    return shares


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ExperimentsError(f"{path}: cannot be read ({error}); give the path of an experiments.csv") from error
    reader = csv.DictReader(io.StringIO(text))
    header = tuple(name.strip() for name in reader.fieldnames or ())
    reader.fieldnames = list(header)
    for name in header:
        if name not in (*NEEDED, *OPTIONAL):
            near = difflib.get_close_matches(name, (*NEEDED, *OPTIONAL), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join((*NEEDED, *OPTIONAL))}"
            raise ExperimentsError(f"{path}: column {name!r} is not known; {hint}")
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise ExperimentsError(f"{path}: column {missing[0]!r} is missing; the columns are {', '.join(NEEDED)}")
    rows = list(enumerate(reader, 2))
    for number, row in rows:
        if None in row:
            raise ExperimentsError(f"{path}, row {number}: has more cells than the header; part names by ; not by ,")
    if not rows:
        raise ExperimentsError(f"{path}: holds no test; leave --experiments out to fit without tests")
    return [(number, {key: (value or "").strip() for key, value in row.items()}) for number, row in rows]


def _experiment(row: dict[str, str], where: str) -> Experiment:
    if not row["name"]:
        raise ExperimentsError(f"{where}, column name: is empty; give the test a name")
    start, end = _day(row, "start", where), _day(row, "end", where)
    cooldown = _day(row, "cooldown_end", where) if row.get("cooldown_end") else None
    if not start <= end <= (cooldown or end):
        raise ExperimentsError(f"{where}: start, end and cooldown_end must follow each other")
    change, lift, sd = (_number(row, key, where) for key in ("spend_change", "lift", "lift_sd"))
    if change == 0:
        raise ExperimentsError(f"{where}, column spend_change: is 0, so the test changed nothing; leave it out")
    if sd <= 0:
        raise ExperimentsError(f"{where}, column lift_sd: must be above 0, the standard error of the whole lift")
    return Experiment(
        row["name"],
        _names(row, "channels", where),
        row["outcome"],
        start,
        end,
        cooldown,
        _names(row, "geos", where),
        change,
        lift,
        sd,
    )


def _names(row: dict[str, str], key: str, where: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in row[key].split(";") if name.strip())
    if not names:
        raise ExperimentsError(f"{where}, column {key}: is empty; name at least one, several parted by ;")
    if len(set(names)) < len(names):
        raise ExperimentsError(f"{where}, column {key}: a name stands there twice")
    return names


def _known(names: Sequence[str], known: Sequence[str], where: str) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known[:10])}"
            raise ExperimentsError(f"{where}: {name!r} is not in the panel; {hint}")


def _day(row: dict[str, str], key: str, where: str) -> date:
    try:
        return date.fromisoformat(row[key])
    except ValueError:
        raise ExperimentsError(f"{where}, column {key}: {row[key]!r} is no date; write YYYY-MM-DD") from None


def _number(row: dict[str, str], key: str, where: str) -> float:
    try:
        value = float(row[key])
    except ValueError:
        raise ExperimentsError(f"{where}, column {key}: {row[key]!r} is not a number") from None
    if not math.isfinite(value):
        raise ExperimentsError(f"{where}, column {key}: {row[key]!r} is not a finite number")
    return value
