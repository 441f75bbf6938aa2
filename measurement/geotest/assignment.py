"""Distances between geos in, matched pairs and coins' choice out. The only module of geo tests that knows OR-Tools."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from measurement.errors import GeoTestError

FloatArray = NDArray[np.float64]

NEIGHBOURS = 12
"""Pairs are looked for among that many nearest geos of each."""
EFFORT = 10.0
"""Deterministic time of the solver, about seconds; by the clock the answer would depend on the machine."""
SCALE = 10_000


@dataclass(frozen=True)
class Assignment:
    """Matched pairs `(first, second)` as rows, and which of each the coin chose, as rows."""

    pairs: tuple[tuple[int, int], ...]
    treated: tuple[int, ...]


def randomised_pairs(distances: FloatArray, count: int, generator: np.random.Generator) -> Assignment:
    """The `count` disjoint pairs with the least total distance, by CP-SAT, and one treated geo of each by a coin.

    Args:
        distances: symmetric, `(G, G)`.
        count: pairs, 2 count <= G.
        generator: throws the coins.

    Raises:
        GeoTestError: there are not so many disjoint pairs.
    """
    pairs = _pairs(distances, count)
    coins = generator.random(count) < 0.5
    return Assignment(pairs, tuple(sorted(pair[int(coin)] for pair, coin in zip(pairs, coins, strict=True))))


def _pairs(distances: FloatArray, count: int) -> tuple[tuple[int, int], ...]:
    geos = len(distances)
    if 2 * count > geos:
        raise GeoTestError(f"{count} pairs need {2 * count} geos, and {geos} may be paired: ask for fewer geos")
    near = np.argsort(distances + np.diag(np.full(geos, np.inf)), axis=1)[:, : max(NEIGHBOURS, 2 * count)]
    edges = sorted(
        {(min(row, int(other)), max(row, int(other))) for row in range(geos) for other in near[row][: geos - 1]}
    )
    largest = max(float(distances[edge]) for edge in edges) or 1.0
    model = cp_model.CpModel()
    chosen = {edge: model.new_bool_var(f"{edge[0]}-{edge[1]}") for edge in edges}
    for row in range(geos):
        model.add_at_most_one(chosen[edge] for edge in edges if row in edge)
    model.add(sum(chosen.values()) == count)
    model.minimize(sum(round(SCALE * float(distances[edge]) / largest) * chosen[edge] for edge in edges))
    solver = cp_model.CpSolver()
    solver.parameters.max_deterministic_time = EFFORT
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise GeoTestError(f"{count} disjoint pairs of like geos were not found: ask for fewer geos")
    return tuple(edge for edge in edges if solver.value(chosen[edge]))
