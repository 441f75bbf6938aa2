"""A panel and a question in, designs of a geo test out, best first, or the limit that binds.

Candidates are rehearsed on past windows; half of the windows choose, the other half tell MDE, power and size.
"""

from dataclasses import dataclass, replace

import numpy as np

from measurement.errors import GeoTestError
from measurement.geotest.arrangement import outcome_of, spend_channel
from measurement.geotest.candidates import Candidate, candidates, follows
from measurement.geotest.comparison import LEAST_BEFORE, FloatArray, IntArray, PlaceboWindows
from measurement.geotest.design_question import DesignAnswer, DesignQuestion, ExperimentKind, GeoTestDesign
from measurement.geotest.power import Rehearsal, rehearse
from measurement.geotest.synthetic_control import plain_weights
from measurement.panel import Frequency, Panel
from measurement.panel_map import nearest
from measurement.reading import ReadPanel

LARGEST_SHARE = 1 / 3
MOST_WINDOWS = 10
LEAST_WINDOWS = 4
SHOWN = 10
DRAWN_ADVANTAGE = 0.9
"""A design drawn by a coin may be a tenth less sharp than a selected one and still come first: its test is exact."""


@dataclass(frozen=True)
class _Market:
    """What designs are made of: sales and spend by geo `(G, T)`, names, and rows that may and that must be treated."""

    geos: tuple[str, ...]
    outcome: FloatArray
    spend: FloatArray | None
    eligible: IntArray
    include: IntArray
    periods: int


@dataclass(frozen=True)
class _Scored:
    """A design with the MDE on the windows that choose."""

    design: GeoTestDesign
    chosen_by: float


def design_geo_test(read: ReadPanel, question: DesignQuestion) -> DesignAnswer:
    """Find designs.

    Raises:
        GeoTestError: geos, outcome or channel that the panel does not have.
    """
    market = _market(read.panel, question)
    reason = _refused_channel(read.panel, question)
    windows = _windows(market)
    if reason is None and len(windows.starts) < LEAST_WINDOWS:
        reason = (
            f"the panel has {market.outcome.shape[1]} periods, which leaves {len(windows.starts)} past windows of "
            f"{market.periods} to rehearse in; {LEAST_WINDOWS} are needed: plan a shorter test or add earlier rows"
        )
    most = min(question.geos_max, int(LARGEST_SHARE * len(market.geos)), len(market.eligible))
    if reason is None and most < max(question.geos_min, len(market.include)):
        reason = (
            f"at least {max(question.geos_min, len(market.include))} geos shall be treated, and of {len(market.geos)} "
            f"at most {most} can be: no more than a third, and only those that may"
        )
    if reason is not None:
        return DesignAnswer((), reason, read.warnings)
    scored: list[_Scored] = []
    for size in range(max(question.geos_min, len(market.include), 1), most + 1):
        scored += _of_size(market, question, windows, size)
    ranked = sorted(scored, key=lambda one: (_breaks_a_limit(one, question, market), one.chosen_by))
    designs = tuple(one.design for one in ranked[:SHOWN])
    return DesignAnswer(designs, _binding(designs, question, market), read.warnings)


def _market(panel: Panel, question: DesignQuestion) -> _Market:
    for option, names in (("include", question.include), ("keep", question.keep), ("exclude", question.exclude)):
        for name in names:
            if name not in panel.geos:
                raise GeoTestError(f"--{option} names geo {name!r}, which the panel lacks: {nearest(name, panel.geos)}")
    _, values, _ = outcome_of(panel, question.outcome)
    used = np.array(
        [geo not in question.exclude and series.mean() > 0 for geo, series in zip(panel.geos, values, strict=True)]
    )
    geos = tuple(geo for geo, kept in zip(panel.geos, used, strict=True) if kept)
    if len(geos) < 2:
        raise GeoTestError("fewer than two geos are left: a test needs geos to treat and geos to compare them with")
    spend = None if question.channel is None else panel.spend[used][:, :, spend_channel(panel, question.channel)]
    return _Market(
        geos=geos,
        outcome=values[used],
        spend=spend,
        eligible=np.array([row for row, geo in enumerate(geos) if geo not in question.keep], dtype=np.int64),
        include=np.array([row for row, geo in enumerate(geos) if geo in question.include], dtype=np.int64),
        periods=question.weeks * (7 if panel.frequency is Frequency.DAILY else 1),
    )


def _refused_channel(panel: Panel, question: DesignQuestion) -> str | None:
    channel = next((one for one in panel.channels if one.name == question.channel), None)
    if channel is None or channel.geo_targetable:
        return None
    return (
        f"{channel.name} cannot be targeted by geo. Take product groups as units instead (a panel whose geo column "
        f"holds them; rmo geo spillover PANEL --channel {channel.name} looks for spillover between them), or switch "
        f"it on and off in time with washout: rmo geo switchback-design PANEL --channel {channel.name} "
        "--block-weeks N --washout N --weeks TOTAL, then rmo geo switchback-analyze"
    )


def _windows(market: _Market) -> PlaceboWindows:
    """Past windows of the test's length, half a length apart, with enough sales before each in every geo."""
    periods, total = market.periods, market.outcome.shape[1]
    earliest = max(LEAST_BEFORE, periods, total // 3)
    starts = list(range(total - periods, earliest - 1, -max(1, periods // 2)))
    starts = [start for start in starts if (market.outcome[:, :start].mean(axis=1) > 0).all()]
    return PlaceboWindows(tuple(starts[:MOST_WINDOWS]), periods)


def _of_size(market: _Market, question: DesignQuestion, windows: PlaceboWindows, size: int) -> list[_Scored]:
    found = candidates(market.outcome, market.eligible, market.include, size, question.seed)
    rehearsal = rehearse(market.outcome, [one.rows for one in found], windows, question.level, question.seed)
    choosing, held_back = np.arange(0, len(windows.starts), 2), np.arange(1, len(windows.starts), 2)
    scored = []
    for number, candidate in enumerate(found):
        chosen_by = rehearsal.mde(number, choosing, question.power)
        design = _design(market, question, candidate, (rehearsal, number, held_back))
        advantage = DRAWN_ADVANTAGE if candidate.drawn else 1.0
        scored.append(_Scored(design, np.inf if chosen_by is None else chosen_by * advantage))
    return scored


def _design(
    market: _Market, question: DesignQuestion, candidate: Candidate, scores: tuple[Rehearsal, int, IntArray]
) -> GeoTestDesign:
    rehearsal, number, windows = scores
    mde = rehearsal.mde(number, windows, question.power)
    effect = question.mde if question.mde is not None else mde
    rest = np.setdiff1d(np.arange(len(market.geos)), candidate.rows)
    design = GeoTestDesign(
        treated=tuple(market.geos[row] for row in candidate.rows),
        control=tuple(market.geos[row] for row in rest),
        assignment_seed=question.seed if candidate.drawn else None,
        duration=market.periods,
        mde=mde,
        power=float(rehearsal.power(number, windows, effect)[0]) if effect is not None else 0.0,
        size=rehearsal.size(number, windows),
        spend_change=None,
        cost=None,
        scaled_l2=_scaled_l2(market.outcome, candidate.rows, rest),
        correlation=follows(market.outcome, candidate.rows),
        share=float(market.outcome[candidate.rows].sum() / market.outcome.sum()),
    )
    return _with_money(design, market, question, candidate.rows)


def _with_money(design: GeoTestDesign, market: _Market, question: DesignQuestion, rows: IntArray) -> GeoTestDesign:
    """Spend change and cost: extra spend of a heavy-up; else spend withheld, and the sales it is thought to bring."""
    recent = slice(-market.periods, None)
    if question.kind is ExperimentKind.HEAVY_UP:
        if question.iroas is None or design.mde is None:
            return design
        extra = design.mde * float(market.outcome[rows][:, recent].sum()) / question.iroas
        return replace(design, spend_change=extra, cost=extra)
    if market.spend is None:
        return design
    withheld = float(market.spend[rows][:, recent].sum())
    return replace(design, spend_change=-withheld, cost=None if question.iroas is None else question.iroas * withheld)


def _scaled_l2(outcome: FloatArray, treated: IntArray, rest: IntArray) -> float:
    """Gap between the treated geos and the donors' best simplex, against that to their plain mean."""
    target = outcome[treated].mean(axis=0)
    donors = outcome[rest] - outcome[rest].mean(axis=1, keepdims=True)
    centred = target - target.mean()
    gap = centred - plain_weights(donors, centred) @ donors
    plain = centred - donors.mean(axis=0)
    return float(np.sqrt((gap**2).sum() / (plain**2).sum()))


def _expected(design: GeoTestDesign, question: DesignQuestion, market: _Market) -> float | None:
    """The effect that withholding the spend is thought to have, as a share of sales; None where it is not known."""
    if question.kind is ExperimentKind.HEAVY_UP or design.spend_change is None or question.iroas is None:
        return None
    rows = [market.geos.index(geo) for geo in design.treated]
    return -design.spend_change * question.iroas / float(market.outcome[rows][:, -market.periods :].sum())


def _breaks_a_limit(one: _Scored, question: DesignQuestion, market: _Market) -> bool:
    """By the windows that choose: those that are held back play no part in the order."""
    mde = one.chosen_by if np.isfinite(one.chosen_by) else None
    return _limit(replace(one.design, mde=mde), question, market) is not None


def _limit(design: GeoTestDesign, question: DesignQuestion, market: _Market) -> str | None:
    """The limit that a design breaks, in words."""
    if design.mde is None:
        return "no effect short of all sales would be found"
    if question.mde is not None and design.mde > question.mde:
        return f"the least effect it finds is {design.mde:.1%}, and {question.mde:.1%} is asked for"
    expected = _expected(design, question, market)
    if expected is not None and expected < design.mde:
        return (
            f"without the spend sales are thought to change by {expected:.1%}, and the least effect it finds is "
            f"{design.mde:.1%}: the spend is too small for this test"
        )
    if question.budget is not None and design.cost is not None and design.cost > question.budget:
        return f"it costs {design.cost:,.0f}, and the budget is {question.budget:,.0f}"
    return None


def _binding(designs: tuple[GeoTestDesign, ...], question: DesignQuestion, market: _Market) -> str | None:
    limit = _limit(designs[0], question, market)
    if limit is None:
        return None
    remedy = "test longer, in more geos, or accept a larger effect"
    return f"no design will do; of the best ({', '.join(designs[0].treated)}): {limit}; {remedy}"
