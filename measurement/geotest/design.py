"""A panel and a question in, designs of a geo test out, best first, or the limit that binds.

Candidates are rehearsed on past windows; the earlier windows choose, the later ones tell MDE, power and size.
"""

from dataclasses import replace

from measurement.errors import GeoTestError
from measurement.geotest.design_answer import DesignAnswer, GeoTestDesign, Limit, Refusal, TradeOff
from measurement.geotest.design_money import spend_notes
from measurement.geotest.design_question import DesignQuestion
from measurement.geotest.design_search import Finalist, search, sizes_note
from measurement.geotest.limits import binding
from measurement.geotest.market import Market, market_of, refused_channel
from measurement.reading import ReadPanel

SHOWN = 10
MOST_LENGTHS = 6


def design_geo_test(read: ReadPanel, question: DesignQuestion, weeks: tuple[int, ...] = ()) -> DesignAnswer:
    """Find designs.

    With an effect asked for, the least test that finds it comes first: by cost where that is known, else by geos times
    weeks. Otherwise the sharpest.

    Args:
        read: the panel, read for a geo test.
        question: what the test should be able to do.
        weeks: lengths to try; () for that of the question alone.

    Raises:
        GeoTestError: geos, outcome or channel that the panel does not have, wishes that contradict each other.
    """
    lengths = weeks or (question.weeks,)
    if len(lengths) > MOST_LENGTHS or len(set(lengths)) < len(lengths):
        raise GeoTestError(f"--weeks takes up to {MOST_LENGTHS} different lengths, such as 2,4,6")
    questions = [replace(question, weeks=length) for length in lengths]
    markets = [market_of(read, one) for one in questions]
    asked = DesignAnswer(questions[0], left_out=markets[0].left_out, warnings=read.warnings)
    reason = refused_channel(read.panel, question)
    if reason is not None:
        return replace(asked, refusal=Refusal(Limit.CHANNEL, reason))
    found: list[tuple[Finalist, Market, DesignQuestion]] = []
    refusals = []
    for one, market in zip(questions, markets, strict=True):
        searched = search(market, one)
        if isinstance(searched, Refusal):
            refusals.append(searched)
        else:
            found += [(finalist, market, one) for finalist in searched]
    if not found:
        return replace(asked, refusal=refusals[0])
    found.sort(key=lambda entry: _order(entry[0], question))
    rows = _trade_off([entry[0] for entry in found])
    best, market, one = found[0]
    looked = binding(best.design, one, market, rows) or binding(best.by_choice, one, market, rows)
    notes = tuple(f"not every length was tried: {refusal.reason}" for refusal in refusals)
    return replace(
        asked,
        designs=tuple(entry[0].design for entry in found[:SHOWN]),
        refusal=looked,
        trade_off=rows,
        warnings=(
            *asked.warnings,
            *_coins_note(best.design, question),
            *notes,
            *sizes_note(market, one),
            *spend_notes(best.design.money),
        ),
    )


def _coins_note(design: GeoTestDesign, question: DesignQuestion) -> tuple[str, ...]:
    """Whether the coins can vouch for a result by themselves."""
    if design.assignments is None or design.assignments * (1 - question.level) >= 1:
        return ()
    return (
        f"the coins could have fallen in {design.assignments} ways, too few for a randomisation test at "
        f"{question.level:.0%}: the default analysis does not need one; more geos give more coins",
    )


def _order(one: Finalist, question: DesignQuestion) -> tuple[float, ...]:
    """Designs that keep every limit first; then what is asked for least of, by the windows that choose."""
    if one.limit is not None or question.mde is None:
        return float(one.limit is not None), one.worth
    effort = one.design.money.cost if one.design.money.cost is not None else _effort(one)
    return 0.0, effort, one.worth


def _effort(one: Finalist) -> float:
    return float(len(one.design.treated) * one.design.weeks)


def _trade_off(found: list[Finalist]) -> tuple[TradeOff, ...]:
    """The first of each number of geos and length, in that order; `found` has the best first."""
    best: dict[tuple[int, int], Finalist] = {}
    for one in found:
        key = (one.design.weeks, len(one.design.treated))
        best.setdefault(key, one)
    return tuple(
        TradeOff(
            geos=geos,
            weeks=weeks,
            mde=one.design.mde,
            mde_difference=one.design.ability.mde_difference,
            size=one.design.ability.size,
            spend_change=one.design.money.spend_change,
            cost=one.design.money.cost,
            detectable_iroas=one.design.money.detectable_iroas,
            meets=one.limit is None,
        )
        for (weeks, geos), one in sorted(best.items())
    )
