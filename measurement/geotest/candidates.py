"""A market in, sets of geos worth rehearsing out: drawn within pairs, strata or pairs of supergeos, or selected."""

from dataclasses import dataclass

import numpy as np

from measurement.errors import GeoTestError
from measurement.geotest.assignment import matched_blocks, matched_supergeos
from measurement.geotest.comparison import FloatArray, IntArray
from measurement.geotest.design_question import Rule
from measurement.geotest.market import Market

SELECTED_PER_SIZE = 12
VOLUME_WEIGHT = 0.5
"""How much a pair's log ratio of volumes counts against the distance of its movements."""
LARGEST_STRATUM = 4
UNEQUAL = 3.0
"""Supergeos are tried where the largest geo that may be treated sells that many times what the median one does."""
PARTS = 8
"""Of the past, in which supergeos are compared."""


@dataclass(frozen=True)
class Candidate:
    """Sets that could be treated, one a cell, as rows; `blocks` hold the units among which coins fell, each of rows."""

    cells: tuple[IntArray, ...]
    rule: Rule
    blocks: tuple[tuple[tuple[int, ...], ...], ...] = ()

    @property
    def rows(self) -> IntArray:
        """All treated rows in order."""
        return np.sort(np.concatenate(self.cells))

    @property
    def drawn(self) -> bool:
        """Whether coins chose the treated geos."""
        return self.rule is not Rule.SELECTED


def candidates(market: Market, size: int, cells: int, seed: int) -> list[Candidate]:
    """Sets of `size` geos for each cell that leave enough controls: drawn where no geo must be treated, and selected.

    A selected set is a geo with those most correlated with it; those that best follow their controls are kept. Further
    cells are sets that neither share geos with the first nor touch it, of like volume.
    """
    drawn = [] if len(market.include) else _drawn(market, size, cells, seed)
    found = [one for one in [*drawn, *_selected(market, size, cells)] if market.feasible(one.cells)]
    return list({tuple(tuple(cell) for cell in one.cells): one for one in reversed(found)}.values())[::-1]


def supergeo_candidates(market: Market, sizes: tuple[int, int], seed: int) -> list[Candidate]:
    """One set of between `sizes` geos, drawn within pairs of supergeos; or none."""
    least, most = sizes
    if len(market.include) or most < 3 or len(market.eligible) < 4:
        return []
    parts = np.array_split(market.outcome[market.eligible], min(PARTS, market.outcome.shape[1]), axis=1)
    series = np.stack([part.mean(axis=1) for part in parts], axis=1)
    touching = market.adjacent[np.ix_(market.eligible, market.eligible)]
    pairs = matched_supergeos(series, (most + 1) // 2, (least, most), touching)
    if not pairs:
        return []
    coins = np.random.default_rng([seed, len(pairs), most]).random(len(pairs)) < 0.5
    blocks = tuple(tuple(tuple(int(market.eligible[row]) for row in side) for side in pair) for pair in pairs)
    treated = np.sort([row for block, coin in zip(blocks, coins, strict=True) for row in block[int(coin)]])
    found = Candidate((treated,), Rule.SUPERGEOS, blocks)
    return [found] if market.feasible(found.cells) else []


def very_unequal(market: Market) -> bool:
    """Whether the largest geo that may be treated is too large to have a partner."""
    volumes = market.outcome[market.eligible].mean(axis=1)
    return bool(volumes.max() >= UNEQUAL * np.median(volumes))


def follows(outcome: FloatArray, rows: IntArray, controls: IntArray | None = None) -> float:
    """Correlation of the set's sales with those of its controls, by default all other geos."""
    rest = np.setdiff1d(np.arange(len(outcome)), rows) if controls is None else controls
    return float(_correlations(np.stack([outcome[rows].sum(axis=0), outcome[rest].sum(axis=0)]))[0, 1])


def _drawn(market: Market, size: int, cells: int, seed: int) -> list[Candidate]:
    """By coins within pairs and within strata; with several cells a stratum has one geo for each and a control."""
    members = [cells + 1] if cells > 1 else [2, min(LARGEST_STRATUM, len(market.eligible) // size)]
    return [
        one for count in dict.fromkeys(members) if count >= 2 for one in _of_blocks(market, size, count, cells, seed)
    ]


def _of_blocks(market: Market, size: int, members: int, cells: int, seed: int) -> list[Candidate]:
    touching = market.adjacent[np.ix_(market.eligible, market.eligible)]
    try:
        matched = matched_blocks(_distances(market.outcome[market.eligible]), size, members, touching)
    except GeoTestError:
        return []
    generator = np.random.default_rng([seed, size, members])
    blocks = tuple(tuple(int(market.eligible[row]) for row in block) for block in matched)
    drawn = np.array([generator.permutation(block)[:cells] for block in blocks])
    rule = Rule.PAIRS if members == 2 else Rule.STRATA
    return [Candidate(tuple(np.sort(drawn.T)), rule, tuple(tuple((row,) for row in block) for block in blocks))]


def _selected(market: Market, size: int, cells: int) -> list[Candidate]:
    first = _ranked(market, size, market.eligible, market.include)
    if cells == 1:
        return [Candidate((rows,), Rule.SELECTED) for rows in first[:SELECTED_PER_SIZE]]
    free = np.setdiff1d(market.eligible, market.include)
    others = _ranked(market, size, free, np.zeros(0, dtype=np.int64))
    volumes = market.outcome.mean(axis=1)
    found = []
    for rows in first:
        chosen = [rows]
        by_volume = sorted(others, key=lambda other: abs(np.log(volumes[other].sum() / volumes[rows].sum())))
        for other in by_volume:
            if len(chosen) < cells and _apart(market, chosen, other):
                chosen.append(other)
        if len(chosen) == cells:
            found.append(Candidate(tuple(chosen), Rule.SELECTED))
    return found[:SELECTED_PER_SIZE]


def _apart(market: Market, chosen: list[IntArray], other: IntArray) -> bool:
    return all(not np.intersect1d(one, other).size and not market.adjacent[np.ix_(one, other)].any() for one in chosen)


def _ranked(market: Market, size: int, eligible: IntArray, include: IntArray) -> list[IntArray]:
    """Sets of a geo and those most like it, those that best follow their controls first."""
    if len(eligible) < size or len(include) > size:
        return []
    correlation = _correlations(market.outcome[eligible])
    sets = set()
    for place in range(len(eligible)):
        nearest = eligible[np.argsort(-correlation[place], kind="stable")]
        order = dict.fromkeys([*include.tolist(), *nearest.tolist()])
        sets.add(tuple(sorted(list(order)[:size])))
    found = [np.array(rows) for rows in sorted(sets)]
    feasible = [rows for rows in found if market.feasible((rows,))]
    return sorted(feasible, key=lambda rows: -follows(market.outcome, rows, market.controls((rows,))))


def _correlations(series: FloatArray) -> FloatArray:
    """Between all rows; 0 with a series that never changes."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.atleast_2d(np.corrcoef(series))
    return np.nan_to_num(found, nan=0.0)


def _distances(outcome: FloatArray) -> FloatArray:
    """How unlike two geos move, relative to the usual, plus how unlike their volumes are, `(G, G)`."""
    volumes = outcome.mean(axis=1)
    relative = outcome / volumes[:, None]
    norms = (relative**2).sum(axis=1)
    squares = np.maximum(norms[:, None] + norms[None, :] - 2 * relative @ relative.T, 0.0) / outcome.shape[1]
    apart = np.sqrt(squares)
    usual = float(np.median(apart[np.triu_indices(len(apart), 1)])) or 1.0
    ratio = np.abs(np.log(volumes[:, None] / volumes[None, :]))
    total: FloatArray = apart / usual + VOLUME_WEIGHT * ratio
    return total
