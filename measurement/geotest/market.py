"""A panel and a question in, what designs are made of out: sales and spend by geo, and what each geo may become."""

from dataclasses import dataclass

import numpy as np

from measurement.errors import GeoTestError
from measurement.geotest.arrangement import LEAST_CONTROLS, outcome_of, spend_channel
from measurement.geotest.comparison import BoolArray, FloatArray, IntArray
from measurement.geotest.design_question import DesignQuestion, ExperimentKind
from measurement.panel import Frequency, Panel
from measurement.panel_checks import name_list
from measurement.panel_map import nearest
from measurement.reading import ReadPanel


@dataclass(frozen=True)
class Market:
    """The geos that take part, G of them.

    Attributes:
        geos: names.
        outcome: sales, `(G, T)`.
        spend: of the channel, `(G, T)`, or None without one.
        eligible: rows that may be treated; `include`: rows of them that must be.
        adjacent: whether two geos touch, `(G, G)`, symmetric.
        periods: length of the test in periods of the panel.
        left_out: geos that take no part.
    """

    geos: tuple[str, ...]
    outcome: FloatArray
    spend: FloatArray | None
    eligible: IntArray
    include: IntArray
    adjacent: BoolArray
    periods: int
    left_out: tuple[str, ...]

    def set_apart(self, cells: tuple[IntArray, ...]) -> IntArray:
        """Rows next to a treated geo that are not treated themselves."""
        treated = np.concatenate(cells)
        touched: BoolArray = np.any(self.adjacent[treated], axis=0)
        touched[treated] = False
        return np.flatnonzero(touched)

    def controls(self, cells: tuple[IntArray, ...]) -> IntArray:
        """Rows that are compared with: neither treated nor next to a treated geo."""
        return np.setdiff1d(np.arange(len(self.geos)), np.concatenate([*cells, self.set_apart(cells)]))

    def feasible(self, cells: tuple[IntArray, ...]) -> bool:
        """Whether enough controls are left and no two cells touch."""
        apart = all(
            not self.adjacent[np.ix_(one, other)].any()
            for place, one in enumerate(cells)
            for other in cells[place + 1 :]
        )
        return apart and len(self.controls(cells)) >= LEAST_CONTROLS

    def names(self, rows: IntArray) -> tuple[str, ...]:
        """Names of rows."""
        return tuple(self.geos[row] for row in rows)


def market_of(read: ReadPanel, question: DesignQuestion) -> Market:
    """Check the question against the panel and cut the arrays.

    Raises:
        GeoTestError: geos, outcome or channel that the panel does not have, or wishes that contradict each other.
    """
    panel = read.panel
    _refuse_unknown(read, question)
    _, values, _ = outcome_of(panel, question.outcome)
    sells = values.mean(axis=1) > 0
    used = sells & np.array([geo not in question.exclude for geo in panel.geos])
    geos = tuple(geo for geo, kept in zip(panel.geos, used, strict=True) if kept)
    _refuse_too_few(geos, question)
    spend = None if question.channel is None else panel.spend[used][:, :, spend_channel(panel, question.channel)]
    periods = question.weeks * (7 if panel.frequency is Frequency.DAILY else 1)
    adjacent = _adjacency(geos, question)
    include = _rows(geos, question.include)
    keep = _rows(geos, question.keep)
    _refuse_touching(geos, adjacent, include, keep)
    barred = adjacent[keep].any(axis=0) | _idle(geos, spend, periods, question)
    barred[keep] = True
    return Market(
        geos=geos,
        outcome=values[used],
        spend=spend,
        eligible=np.flatnonzero(~barred),
        include=include,
        adjacent=adjacent,
        periods=periods,
        left_out=tuple(sorted({*read.left_out, *(geo for geo in panel.geos if geo not in geos)})),
    )


def market_without_wishes(outcome: FloatArray, eligible: IntArray, periods: int) -> Market:
    """Geos without names, channel or neighbours: sales `(G, T)`, rows that may be treated, and a test's length."""
    count = len(outcome)
    none = np.zeros(0, dtype=np.int64)
    names = tuple(str(row) for row in range(count))
    return Market(names, outcome, None, eligible, none, np.zeros((count, count), dtype=bool), periods, ())


def _refuse_unknown(read: ReadPanel, question: DesignQuestion) -> None:
    panel = read.panel
    if len(panel.geos) < 2:
        raise GeoTestError(
            "the panel has one geo, so there is nothing to compare it with: give a panel by geo, with a column 'geo' "
            "or one named in a map"
        )
    touching = tuple(geo for pair in question.adjacent for geo in pair)
    wishes = (
        ("--include", question.include),
        ("--keep", question.keep),
        ("--exclude", question.exclude),
        ("--adjacent", touching),
    )
    for option, names in wishes:
        for name in names:
            if name in read.left_out and option in ("--include", "--keep"):
                raise GeoTestError(
                    f"{option} names geo {name!r}, which lacks a row or a number in some period: complete its rows"
                )
            if name not in panel.geos and name not in read.left_out:
                raise GeoTestError(f"{option} names geo {name!r}, which the panel lacks: {nearest(name, panel.geos)}")


def _refuse_too_few(geos: tuple[str, ...], question: DesignQuestion) -> None:
    if len(geos) < 2:
        raise GeoTestError("fewer than two geos are left: a test needs geos to treat and geos to compare them with")
    for option, names in (("--include", question.include), ("--keep", question.keep)):
        silent = [geo for geo in names if geo not in geos]
        if silent:
            raise GeoTestError(f"{option} names {name_list(silent)}, which sold nothing: leave it out")
    if set(question.include) == set(geos):
        raise GeoTestError(
            f"all {len(geos)} geos shall be treated, so there is no control: take geos out of --include, or mark them "
            "control"
        )


def _adjacency(geos: tuple[str, ...], question: DesignQuestion) -> BoolArray:
    place = {geo: row for row, geo in enumerate(geos)}
    adjacent = np.zeros((len(geos), len(geos)), dtype=bool)
    for one, other in question.adjacent:
        if one in place and other in place:
            adjacent[place[one], place[other]] = adjacent[place[other], place[one]] = True
    return adjacent


def _refuse_touching(geos: tuple[str, ...], adjacent: BoolArray, include: IntArray, keep: IntArray) -> None:
    for row in include:
        touched = keep[adjacent[row, keep]]
        if len(touched):
            raise GeoTestError(
                f"geo {geos[row]!r} must be treated and its neighbour {geos[touched[0]]!r} must be a control: what "
                "happens in the one reaches the other; free one of the two"
            )


def _idle(geos: tuple[str, ...], spend: FloatArray | None, periods: int, question: DesignQuestion) -> BoolArray:
    """Geos in which there is no spend to withhold."""
    if spend is None or question.kind is ExperimentKind.HEAVY_UP:
        return np.zeros(len(geos), dtype=bool)
    idle: BoolArray = spend[:, -periods:].sum(axis=1) <= 0
    if idle.all():
        raise GeoTestError(
            f"{question.channel} spent nothing in the last {question.weeks} weeks of the panel, so a "
            f"{question.kind.value} changes nothing: name a channel that spends, or ask for --kind heavy_up"
        )
    dark = [geo for row, geo in enumerate(geos) if idle[row] and geo in question.include]
    if dark:
        raise GeoTestError(
            f"{question.channel} spent nothing lately in {name_list(dark)}, so it cannot be withheld there: take it "
            "out of --include"
        )
    return idle


def _rows(geos: tuple[str, ...], names: tuple[str, ...]) -> IntArray:
    return np.array([geos.index(name) for name in names], dtype=np.int64)


def refused_channel(panel: Panel, question: DesignQuestion) -> str | None:
    """Why the channel cannot be tested by geo, and what can be done instead; None where it can."""
    channel = next((one for one in panel.channels if one.name == question.channel), None)
    if channel is None or channel.geo_targetable:
        return None
    return (
        f"{channel.name} cannot be targeted by geo. Take product groups as units instead (a panel whose geo column "
        f"holds them; rmo geo spillover PANEL --channel {channel.name} looks for spillover between them), or switch "
        f"it on and off in time with washout: rmo geo switchback-design PANEL --channel {channel.name} "
        "--block-weeks N --washout N --weeks TOTAL, then rmo geo switchback-analyze"
    )
