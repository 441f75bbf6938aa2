"""Designs and a question in, the limit that a design breaks or that binds all of them out, in words."""

from collections.abc import Sequence

import numpy as np

from measurement.geotest.design_answer import GeoTestDesign, Limit, Refusal, TradeOff
from measurement.geotest.design_question import DesignQuestion, ExperimentKind
from measurement.geotest.market import Market

LARGEST_SHARE = 1 / 3
MOST_SIZES = 6


def broken(design: GeoTestDesign, question: DesignQuestion, market: Market) -> Refusal | None:
    """The limit that a design breaks."""
    mde = design.mde
    if mde is None:
        return Refusal(Limit.MDE, "no effect short of all sales would be found")
    if question.mde is not None and mde > question.mde:
        return Refusal(Limit.MDE, f"the least effect it finds is {mde:.1%}, and {question.mde:.1%} is asked for")
    expected = _expected(design, question, market)
    if expected is not None and expected < mde:
        return Refusal(
            Limit.IROAS,
            f"without the spend sales are thought to change by {expected:.1%}, and the least effect it finds is "
            f"{mde:.1%}: the spend is too small for this test, which would need an iROAS of "
            f"{design.money.detectable_iroas or 0:.2f}",
        )
    cost = design.money.cost
    if question.budget is not None and cost is not None and cost > question.budget * (1 + 1e-9):
        return Refusal(Limit.BUDGET, f"it costs {cost:,.0f}, and the budget is {question.budget:,.0f}")
    return None


def _expected(design: GeoTestDesign, question: DesignQuestion, market: Market) -> float | None:
    """The effect that withholding the spend is thought to have, as a share of sales; None where it is not known."""
    change = design.money.spend_change
    if question.kind is ExperimentKind.HEAVY_UP or change is None or question.iroas is None:
        return None
    rows = [market.geos.index(geo) for geo in design.treated]
    return -change * question.iroas / float(market.outcome[rows][:, -market.periods :].sum())


def sizes_allowed(market: Market, question: DesignQuestion) -> tuple[int, ...] | Refusal:
    """Numbers of geos that each cell may have, a few of them evenly where there are many, or why there are none."""
    geos, cells, eligible = len(market.geos), question.cells, len(market.eligible)
    least = max(question.geos_min, len(market.include), 1)
    most = min(question.geos_max, int(LARGEST_SHARE * geos) // cells, eligible // cells)
    if most >= least:
        return tuple(
            dict.fromkeys(np.linspace(least, most, min(MOST_SIZES, most - least + 1)).round().astype(int).tolist())
        )
    forced = len(market.include) > max(question.geos_max * cells, int(LARGEST_SHARE * geos))
    where = f" in each of {cells} cells" if cells > 1 else ""
    few = eligible // cells < least
    return Refusal(
        Limit.ELIGIBILITY if forced or few else Limit.GEOS,
        f"at least {least} geos shall be treated{where}, and of {geos} at most {most} can be: no more than a third, "
        f"and only those that may ({eligible}); "
        + ("force fewer geos" if forced else "allow more of them or ask for fewer geos"),
    )


def binding(best: GeoTestDesign, question: DesignQuestion, market: Market, rows: Sequence[TradeOff]) -> Refusal | None:
    """The limit that binds where not even the best design will do."""
    limit = broken(best, question, market)
    if limit is None:
        return None
    reason = f"no design will do; of the best ({', '.join(best.treated)}): {limit.reason}; {_remedy(limit, rows)}"
    return Refusal(limit.limit, reason)


def _remedy(limit: Refusal, rows: Sequence[TradeOff]) -> str:
    known = [row for row in rows if row.mde is not None]
    if limit.limit is Limit.BUDGET:
        costs = [(row.cost, row) for row in rows if row.cost is not None]
        if costs:
            cost, row = min(costs, key=lambda pair: pair[0])
            return f"the cheapest that was tried costs {cost:,.0f} ({row.geos} geos, {row.weeks} weeks)"
        return "raise --budget"
    other = "or design a heavy-up" if limit.limit is Limit.IROAS else "or accept a larger effect"
    if not known:
        return f"test longer (--weeks), in more geos (--geos-max), {other}"
    least = min(known, key=lambda row: row.mde or 0.0)
    reached = (
        ("longer (--weeks)", least.weeks == max(row.weeks for row in rows)),
        ("in more geos (--geos-max)", least.geos == max(row.geos for row in rows)),
    )
    grow = [word for word, at_end in reached if at_end]
    tried = f"the best of all sizes and lengths finds {least.mde:.1%} ({least.geos} geos, {least.weeks} weeks)"
    return f"{tried}; test {' or '.join(grow)}, {other}" if grow else f"{tried}; {other.removeprefix('or ')}"


def no_room(market: Market, windows: int, needed: int) -> Refusal:
    """The panel is too short for windows to rehearse in."""
    return Refusal(
        Limit.PANEL,
        f"the panel has {market.outcome.shape[1]} periods, which leaves {windows} past windows of {market.periods} to "
        f"rehearse in; {needed} are needed: plan a shorter test or add earlier rows",
    )


def no_sets(question: DesignQuestion, market: Market) -> Refusal:
    """No set of geos leaves enough controls."""
    if market.adjacent.any():
        apart = " and cells that do not touch" if question.cells > 1 else ""
        return Refusal(
            Limit.ADJACENCY,
            f"with the neighbours of treated geos set apart, no choice of {question.geos_min} to {question.geos_max} "
            f"geos leaves three controls{apart}: ask for fewer geos or cells, or free neighbours",
        )
    how = f" by {', '.join(rule.value for rule in question.rules)}" if question.rules else ""
    return Refusal(
        Limit.ELIGIBILITY,
        f"no choice of geos{how} leaves three controls: ask for fewer geos or let more geos take part",
    )
