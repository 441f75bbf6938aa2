"""A market and a question of one length in, finalists of every size out: chosen in some windows, judged in others."""

from dataclasses import dataclass, replace

import numpy as np

from measurement.geotest.candidates import Candidate, candidates, follows, supergeo_candidates, very_unequal
from measurement.geotest.comparison import FloatArray, IntArray
from measurement.geotest.design_answer import Ability, GeoTestDesign, Refusal
from measurement.geotest.design_money import money_of
from measurement.geotest.design_question import DesignQuestion, ExperimentKind, Rule
from measurement.geotest.limits import broken, no_room, no_sets, sizes_allowed
from measurement.geotest.market import Market
from measurement.geotest.power import (
    CURVE,
    LEAST_PLACEMENTS,
    Rehearsal,
    RehearsalSettings,
    rehearse,
    sets_for,
)
from measurement.geotest.rehearsal_windows import LEAST_WINDOWS, RehearsalWindows, rehearsal_windows
from measurement.geotest.synthetic_control import plain_weights

LEAST_FINALISTS, MOST_FINALISTS = 3, 10
"""Candidates of each size whose ability is told: of one size alone the most, of many sizes the least."""
DRAWN_ADVANTAGE = 0.9
"""A design drawn by coins may be a tenth less sharp than a selected one and still come first: chance vouches for it."""


@dataclass(frozen=True)
class Finalist:
    """A design with its ability, the same as it looked in the windows that chose, and what it is ordered by.

    Attributes:
        design: with figures from windows held back.
        by_choice: with MDE and money from the windows that choose.
        worth: least is best: the return, the cost or the effect that is found.
        limit: that it breaks in either kind of windows, or None.
    """

    design: GeoTestDesign
    by_choice: GeoTestDesign
    worth: float
    limit: Refusal | None


def search(market: Market, question: DesignQuestion) -> list[Finalist] | Refusal:
    """The best candidates of every size that is allowed, or why there are none."""
    windows = rehearsal_windows(market.outcome, market.periods)
    if not windows.enough:
        return no_room(market, windows.count, 2 * LEAST_WINDOWS)
    sizes = sizes_allowed(market, question)
    if isinstance(sizes, Refusal):
        return sizes
    # What is told later comes from windows held back, so sets are not made by looking at them either.
    seen = replace(market, outcome=market.outcome[:, : min(windows.held_back.starts)])
    found = {
        size: [one for one in candidates(seen, size, question.cells, question.seed) if question.admits(one.rule)]
        for size in sizes
    }
    if question.cells == 1 and (Rule.SUPERGEOS in question.rules or (not question.rules and very_unequal(seen))):
        for one in supergeo_candidates(seen, (sizes[0], sizes[-1]), question.seed):
            found.setdefault(len(one.rows), []).append(one)
    heat = _Heat(market, question, windows, max(LEAST_FINALISTS, MOST_FINALISTS // len(sizes)))
    finalists = [finalist for of_size in found.values() if of_size for finalist in heat.finalists(of_size)]
    return finalists or no_sets(question, market)


def sizes_note(market: Market, question: DesignQuestion) -> tuple[str, ...]:
    """Which sizes were tried, where some were passed over."""
    sizes = sizes_allowed(market, question)
    if isinstance(sizes, Refusal) or len(sizes) == sizes[-1] - sizes[0] + 1:
        return ()
    tried = ", ".join(map(str, sizes))
    return (
        f"of {sizes[0]} to {sizes[-1]} geos, {tried} were tried: narrow --geos-min and --geos-max for those between",
    )


@dataclass(frozen=True)
class _Heat:
    """Candidates of one size against each other."""

    market: Market
    question: DesignQuestion
    windows: RehearsalWindows
    kept: int

    def finalists(self, found: list[Candidate]) -> list[Finalist]:
        choosing = self._rehearse(found, held_back=False)
        chosen_by = [choosing.mde(number, self.question.power) for number in range(len(found))]
        worths = np.array([self._worth(one, mde) for one, mde in zip(found, chosen_by, strict=True)])
        order = np.argsort(worths, kind="stable").tolist()
        drawn = [place for place in order if found[place].drawn]
        places = list(dict.fromkeys([*order[: self.kept], *drawn[:1]]))
        held_back = self._rehearse([found[place] for place in places], held_back=True)
        return [
            self._finalist(found[place], (held_back, number), chosen_by[place], float(worths[place]))
            for number, place in enumerate(places)
        ]

    def _rehearse(self, found: list[Candidate], *, held_back: bool) -> Rehearsal:
        windows = self.windows.held_back if held_back else self.windows.choosing
        wanted = sets_for(LEAST_PLACEMENTS if held_back else 0, len(windows.starts))
        asked = self.question
        settings = RehearsalSettings(asked.level, asked.kind.sign, asked.seed, wanted)
        return rehearse(self.market, [one.cells for one in found], windows, settings)

    def _worth(self, candidate: Candidate, mde: float | None) -> float:
        if mde is None:
            return np.inf
        money = money_of(self.market, self.question, candidate.rows, mde)
        by_cost = self.question.kind is ExperimentKind.HEAVY_UP and self.question.iroas is not None
        told = money.cost if by_cost else money.detectable_iroas
        # Without spend in question, the effect itself.
        return (DRAWN_ADVANTAGE if candidate.drawn else 1.0) * (mde if told is None else told)

    def _finalist(
        self, candidate: Candidate, scores: tuple[Rehearsal, int], chosen_by: float | None, worth: float
    ) -> Finalist:
        rehearsal, number = scores
        ability = _ability(rehearsal, number, self.question)
        design = _design(self.market, self.question, candidate, ability)
        looked = replace(
            design,
            ability=replace(ability, mde=chosen_by),
            money=money_of(self.market, self.question, candidate.rows, chosen_by),
        )
        limit = broken(design, self.question, self.market) or broken(looked, self.question, self.market)
        return Finalist(design, looked, worth, limit)


def _ability(rehearsal: Rehearsal, number: int, question: DesignQuestion) -> Ability:
    mde = rehearsal.mde(number, question.power)
    effect = question.mde if question.mde is not None else mde
    cells = range(rehearsal.half_widths.shape[1])
    placebos = rehearsal.placebos(number)
    effects = CURVE * max(effect or 0.0, mde or 0.5)
    curve = np.min([rehearsal.power(number, effects, cell) for cell in cells], axis=0)
    return Ability(
        mde=mde,
        cell_mdes=rehearsal.cell_mdes(number, question.power),
        mde_difference=rehearsal.mde_of_difference(number, question.power),
        power=0.0 if effect is None else min(float(rehearsal.power(number, effect, cell)[0]) for cell in cells),
        power_curve=tuple(zip(effects.tolist(), curve.tolist(), strict=True)),
        size=rehearsal.size(number),
        placements=len(placebos),
        windows=len(rehearsal.noise),
        placebo_ratios=tuple(placebos.tolist()),
    )


def _design(market: Market, question: DesignQuestion, candidate: Candidate, ability: Ability) -> GeoTestDesign:
    controls, outcome = market.controls(candidate.cells), market.outcome
    return GeoTestDesign(
        cells=tuple(market.names(rows) for rows in candidate.cells),
        control=market.names(controls),
        set_apart=market.names(market.set_apart(candidate.cells)),
        rule=candidate.rule,
        blocks=tuple(tuple(market.names(np.array(unit)) for unit in block) for block in candidate.blocks),
        assignment_seed=question.seed if candidate.drawn else None,
        weeks=question.weeks,
        duration=market.periods,
        ability=ability,
        money=money_of(market, question, candidate.rows, ability.mde),
        scaled_l2=max(_scaled_l2(outcome, rows, controls) for rows in candidate.cells),
        correlation=min(follows(outcome, rows, controls) for rows in candidate.cells),
        share=float(outcome[candidate.rows].sum() / outcome.sum()),
    )


def _scaled_l2(outcome: FloatArray, treated: IntArray, rest: IntArray) -> float:
    """Gap between the treated geos and the donors' best simplex, against that to their plain mean."""
    target = outcome[treated].mean(axis=0)
    donors = outcome[rest] - outcome[rest].mean(axis=1, keepdims=True)
    centred = target - target.mean()
    gap = centred - plain_weights(donors, centred) @ donors
    plain = centred - donors.mean(axis=0)
    return float(np.sqrt((gap**2).sum() / (plain**2).sum()))
