"""A small daily panel with a go-dark test, before, during and after it, for tests of locks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from measurement.geotest.design_question import ExperimentKind
from measurement.geotest.lock_file import LockFile, create_lock
from measurement.geotest.registration import Proposal, register
from measurement.geotest.specification import AnalysisSettings, GeoTest, Window
from measurement.panel import Channel, Control, ControlKind, Frequency, Outcome, Panel
from measurement.reading import ReadPanel

FIRST = np.datetime64("2024-01-01")
START = 63
"""Days before the test, nine whole weeks."""
WINDOW = Window(date(2024, 3, 4), date(2024, 3, 17), date(2024, 3, 24))
LOCKED_AT = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)
DAYS = 98


def _panel(days: int = START, **changes: float) -> ReadPanel:
    """14 geos; geos 0 to 3 go dark on days 63 to 76 and lose 10 %, the last two of them 4 %.

    Args:
        days: how many days the panel has.
        changes: `kept`, share of spend that the dark geos keep; `leak`, relative extra spend in controls; `other`, the
            same of another channel in treated geos; `price`, points added to the treated geos' price index.
    """
    rng = np.random.default_rng(5)
    noise = rng.standard_normal((4, 14, DAYS))
    level = np.arange(600, 2000, 100)[:, None]
    sales = level * (1 + 0.1 * np.sin(2 * np.pi * np.arange(DAYS) / 7) + 0.02 * noise[0])
    spend = np.stack([level / 50 * (1 + 0.05 * noise[1]), level / 80 * (1 + 0.05 * noise[2])], axis=2)
    price = 1 + 0.005 * noise[3]
    test = slice(START, START + 14)
    sales[:2, test] *= 0.9
    sales[2:4, test] *= 0.96
    spend[:4, test, 0] *= changes.get("kept", 0.0)
    spend[4:, test, 0] *= 1 + changes.get("leak", 0.0)
    spend[:4, test, 1] *= 1 + changes.get("other", 0.0)
    price[:4, test] += changes.get("price", 0.0)
    whole = Panel(
        dates=FIRST + np.arange(days),
        geos=tuple(f"geo {number}" for number in range(14)),
        outcomes=(Outcome("sales"),),
        outcome_values=sales[:, :days, None],
        channels=(Channel("tv"), Channel("social")),
        spend=spend[:, :days],
        exposure=spend[:, :days],
        attributed_sales=np.full((14, days, 2), np.nan),
        controls=(Control("price_index", ControlKind.PRICE), Control("queries", ControlKind.DEMAND)),
        control_values=np.stack([price[:, :days], np.log(sales[:, :days])], axis=2),
        population=sales.mean(axis=1),
        currency="USD",
        frequency=Frequency.DAILY,
    )
    return ReadPanel(whole)


def _proposal(**changes: object) -> Proposal:
    """A go-dark of four geos in tv."""
    test = GeoTest(WINDOW, ("geo 0", "geo 1", "geo 2", "geo 3"), spend="tv")
    made = Proposal("spring", test, AnalysisSettings(break_even_iroas=2.0), kind=ExperimentKind.GO_DARK)
    return replace(made, **changes)


def _restate(read: ReadPanel, geo: str, days: slice) -> ReadPanel:
    """The same panel with other sales of a geo on some days."""
    values = read.panel.outcome_values.copy()
    values[read.panel.geos.index(geo), days] *= 1.01
    return replace(read, panel=replace(read.panel, outcome_values=values))


def _without(read: ReadPanel, geo: str, gap: tuple[date, ...] = ()) -> ReadPanel:
    """The same panel as if a geo had been left out for a gap."""
    kept = np.array([name != geo for name in read.panel.geos])
    whole = read.panel
    cut = replace(
        whole,
        geos=tuple(name for name in whole.geos if name != geo),
        outcome_values=whole.outcome_values[kept],
        spend=whole.spend[kept],
        exposure=whole.exposure[kept],
        attributed_sales=whole.attributed_sales[kept],
        control_values=whole.control_values[kept],
        population=whole.population[kept],
    )
    return replace(read, panel=cut, left_out=(geo,), gaps={geo: gap})


@pytest.fixture(scope="session")
def panel() -> Callable[..., ReadPanel]:
    """Makes the panel, of so many days and with what went wrong in the test."""
    return _panel


@pytest.fixture(scope="session")
def proposal() -> Callable[..., Proposal]:
    """Makes the proposal, with some attributes changed."""
    return _proposal


@pytest.fixture(scope="session")
def restate() -> Callable[..., ReadPanel]:
    """Changes a geo's sales."""
    return _restate


@pytest.fixture(scope="session")
def without() -> Callable[..., ReadPanel]:
    """Leaves a geo out."""
    return _without


@pytest.fixture
def locked(tmp_path: Path) -> Callable[..., tuple[Path, LockFile]]:
    """Locks the test in a fresh folder, with some attributes of the proposal changed."""

    def make(name: str = "lock.json", **changes: object) -> tuple[Path, LockFile]:
        path = tmp_path / name
        return path, create_lock(path, register(_panel(), _proposal(**changes), LOCKED_AT))

    return make
