"""Sales by geo and who may be treated in, sets of geos worth rehearsing out: drawn within pairs, or selected."""

from dataclasses import dataclass

import numpy as np

from measurement.errors import GeoTestError
from measurement.geotest.assignment import randomised_pairs
from measurement.geotest.comparison import FloatArray, IntArray

SELECTED_PER_SIZE = 12
VOLUME_WEIGHT = 0.5
"""How much a pair's log ratio of volumes counts against the distance of its movements."""


@dataclass(frozen=True)
class Candidate:
    """A set of geos that could be treated, as rows; `drawn` where a coin chose it within matched pairs."""

    rows: IntArray
    drawn: bool


def candidates(outcome: FloatArray, eligible: IntArray, include: IntArray, size: int, seed: int) -> list[Candidate]:
    """Sets of `size` geos: one drawn within matched pairs where no geo must be treated, and selected ones.

    A selected set is a geo with those most correlated with it; those that best follow all other geos are kept.

    Args:
        outcome: `(G, T)`.
        eligible: rows that may be treated; `include`: rows of them that must be.
    """
    found = [] if len(include) else _drawn(outcome, eligible, size, seed)
    correlation = np.atleast_2d(np.corrcoef(outcome[eligible]))
    sets = set()
    for place in range(len(eligible)):
        nearest = eligible[np.argsort(-correlation[place], kind="stable")]
        order = dict.fromkeys([*include.tolist(), *nearest.tolist()])
        sets.add(tuple(sorted(list(order)[:size])))
    ranked = sorted(sets, key=lambda rows: (-follows(outcome, np.array(rows)), rows))
    return found + [Candidate(np.array(rows), drawn=False) for rows in ranked[:SELECTED_PER_SIZE]]


def follows(outcome: FloatArray, rows: IntArray) -> float:
    """Correlation of the set's sales with those of all other geos."""
    rest = np.setdiff1d(np.arange(len(outcome)), rows)
    return float(np.corrcoef(outcome[rows].sum(axis=0), outcome[rest].sum(axis=0))[0, 1])


def _drawn(outcome: FloatArray, eligible: IntArray, size: int, seed: int) -> list[Candidate]:
    chosen = outcome[eligible]
    try:
        assignment = randomised_pairs(_distances(chosen), size, np.random.default_rng(seed))
    except GeoTestError:
        return []
    return [Candidate(eligible[list(assignment.treated)], drawn=True)]


def _distances(outcome: FloatArray) -> FloatArray:
    """How unlike two geos move, relative to the usual, plus how unlike their volumes are, `(G, G)`."""
    volumes = outcome.mean(axis=1)
    relative = outcome / volumes[:, None]
    squares = ((relative[:, None, :] - relative[None, :, :]) ** 2).mean(axis=2)
    apart = np.sqrt(squares)
    usual = float(np.median(apart[np.triu_indices(len(apart), 1)])) or 1.0
    ratio = np.abs(np.log(volumes[:, None] / volumes[None, :]))
    total: FloatArray = apart / usual + VOLUME_WEIGHT * ratio
    return total
