"""Distances or series of geos in, matched pairs, strata and supergeos out. The only room of OR-Tools in geo tests."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from measurement.errors import GeoTestError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Supergeos = tuple[tuple[int, ...], tuple[int, ...]]

NEIGHBOURS = 12
"""Pairs are looked for among that many nearest geos of each."""
EFFORT = 4.0
"""Deterministic time of the solver, about seconds; by the clock the answer would depend on the machine."""
SCALE = 10_000
LARGEST_GEOS = 40
"""Supergeos are made of that many largest geos: what they are for is geos too large to have a partner."""
COVERED = 0.7
"""Of the volume of the largest geos that could be used, the share that supergeos shall hold."""


def matched_blocks(
    distances: FloatArray, count: int, members: int, touching: BoolArray | None = None
) -> tuple[tuple[int, ...], ...]:
    """The `count` disjoint blocks of `members` geos with the least total distance to one geo of each block.

    Args:
        distances: symmetric, `(G, G)`.
        count, members: members count <= G, members >= 2.
        touching: geos of which not both may be used, `(G, G)`.

    Raises:
        GeoTestError: there are not so many.
    """
    geos = len(distances)
    kind = "pairs" if members == 2 else "strata"
    if members * count > geos:
        raise GeoTestError(f"{count} {kind} need {members * count} geos, and {geos} may be paired: ask for fewer geos")
    found = _pairs(distances, count, touching) if members == 2 else _strata(distances, count, members, touching)
    if not found:
        raise GeoTestError(f"{count} disjoint {kind} of like geos were not found: ask for fewer geos")
    return found


def _pairs(distances: FloatArray, count: int, touching: BoolArray | None) -> tuple[tuple[int, ...], ...]:
    geos, near = len(distances), _near(distances, 2 * count)
    edges = sorted({(min(row, int(other)), max(row, int(other))) for row in range(geos) for other in near[row]})
    model = cp_model.CpModel()
    chosen = {edge: model.new_bool_var(f"{edge[0]}-{edge[1]}") for edge in edges}
    used = [model.new_bool_var(f"used {row}") for row in range(geos)]
    for row in range(geos):
        model.add(sum(chosen[edge] for edge in edges if row in edge) == used[row])
    model.add(sum(chosen.values()) == count)
    _keep_apart(model, used, touching)
    _minimise_distance(model, distances, chosen)
    solver = _solved(model)
    return () if solver is None else tuple(edge for edge in edges if solver.value(chosen[edge]))


def _strata(distances: FloatArray, count: int, members: int, touching: BoolArray | None) -> tuple[tuple[int, ...], ...]:
    geos, near = len(distances), _near(distances, members * count)
    arcs = [(row, int(other)) for row in range(geos) for other in near[row]]
    model = cp_model.CpModel()
    centre = [model.new_bool_var(f"centre {row}") for row in range(geos)]
    joins = {arc: model.new_bool_var(f"{arc[1]} joins {arc[0]}") for arc in arcs}
    used = [model.new_bool_var(f"used {row}") for row in range(geos)]
    for row in range(geos):
        model.add(sum(joins[row, int(other)] for other in near[row]) == (members - 1) * centre[row])
        model.add(centre[row] + sum(joins[arc] for arc in arcs if arc[1] == row) == used[row])
    model.add(sum(centre) == count)
    _keep_apart(model, used, touching)
    _minimise_distance(model, distances, joins)
    solver = _solved(model)
    if solver is None:
        return ()
    return tuple(
        (row, *(int(other) for other in near[row] if solver.value(joins[row, int(other)])))
        for row in range(geos)
        if solver.value(centre[row])
    )


def _near(distances: FloatArray, wanted: int) -> "NDArray[np.int64]":
    """The geos among which partners are looked for, nearest first, `(G, n)`."""
    geos = len(distances)
    order = np.argsort(distances + np.diag(np.full(geos, np.inf)), axis=1)
    return order[:, : min(geos - 1, max(NEIGHBOURS, wanted))]


def _minimise_distance(
    model: cp_model.CpModel, distances: FloatArray, chosen: Mapping[tuple[int, int], cp_model.IntVar]
) -> None:
    largest = max(float(distances[edge]) for edge in chosen) or 1.0
    model.minimize(sum(round(SCALE * float(distances[edge]) / largest) * one for edge, one in chosen.items()))


def matched_supergeos(
    series: FloatArray, count: int, sizes: tuple[int, int], touching: BoolArray
) -> tuple[Supergeos, ...]:
    """Pairs of supergeos, sets of geos whose summed sales are most alike, after Chen et al. (arXiv 2301.12044).

    Geos that are too large to have a partner are matched with several others. Alike is the sum of absolute differences
    over parts of the past, so that movement counts as well as volume. The largest geo is among them.

    Args:
        series: sales of each geo in parts of the past, `(G, B)`.
        count: pairs of supergeos.
        sizes: least and most geos that may be treated, whatever side the coins fall on.
        touching: geos that may be used together only in one supergeo, `(G, G)`.

    Returns:
        Pairs of sides, as rows; () where there are none.
    """
    volumes = series.mean(axis=1)
    rows = np.sort(np.argsort(-volumes)[:LARGEST_GEOS])
    parts = np.round(SCALE * series[rows] / volumes[rows].max() / 10).astype(int)
    reachable = np.sort(volumes[rows])[::-1][: 2 * sizes[1]].sum()
    model = cp_model.CpModel()
    sides = [(pair, side) for pair in range(count) for side in range(2)]
    member = {(geo, *side): model.new_bool_var(f"{geo} in {side}") for geo in range(len(rows)) for side in sides}
    for geo in range(len(rows)):
        model.add_at_most_one(member[(geo, *side)] for side in sides)
    model.add_exactly_one(member[(int(np.argmax(volumes[rows])), *side)] for side in sides)
    most, least, differences = [], [], []
    for pair in range(count):
        held = [sum(member[geo, pair, side] for geo in range(len(rows))) for side in range(2)]
        largest, smallest = (model.new_int_var(1, sizes[1], f"{name} {pair}") for name in ("most", "least"))
        for side in held:
            model.add(side >= smallest)
            model.add(side <= largest)
        most.append(largest)
        least.append(smallest)
        for part in range(parts.shape[1]):
            differs = model.new_int_var(0, int(parts[:, part].sum()), f"difference {pair} {part}")
            gap = sum(int(parts[geo, part]) * (member[geo, pair, 0] - member[geo, pair, 1]) for geo in range(len(rows)))
            model.add(differs >= gap)
            model.add(differs >= -gap)
            differences.append(differs)
    model.add(sum(most) <= sizes[1])
    model.add(sum(least) >= sizes[0])
    shares = np.round(SCALE * volumes[rows] / reachable).astype(int)
    model.add(sum(int(shares[geo]) * joined for (geo, *_), joined in member.items()) >= round(SCALE * COVERED))
    _keep_supergeos_apart(model, member, sides, touching[np.ix_(rows, rows)])
    model.minimize(sum(differences))
    solver = _solved(model)
    if solver is None:
        return ()

    def held_by(pair: int, side: int) -> tuple[int, ...]:
        return tuple(int(rows[geo]) for geo in range(len(rows)) if solver.value(member[geo, pair, side]))

    return tuple((held_by(pair, 0), held_by(pair, 1)) for pair in range(count))


def _keep_apart(model: cp_model.CpModel, used: list[cp_model.IntVar], touching: BoolArray | None) -> None:
    if touching is None:
        return
    for one, other in _touching_pairs(touching):
        model.add_at_most_one([used[one], used[other]])


def _keep_supergeos_apart(
    model: cp_model.CpModel,
    member: dict[tuple[int, int, int], cp_model.IntVar],
    sides: list[tuple[int, int]],
    touching: BoolArray,
) -> None:
    for one, other in _touching_pairs(touching):
        for side in sides:
            elsewhere = [member[(other, *place)] for place in sides if place != side]
            model.add(member[(one, *side)] + sum(elsewhere) <= 1)


def _touching_pairs(touching: BoolArray) -> Iterable[tuple[int, int]]:
    return ((int(one), int(other)) for one, other in zip(*np.nonzero(np.triu(touching)), strict=True))


def _solved(model: cp_model.CpModel) -> cp_model.CpSolver | None:
    """The solver with the best answer within the effort, or None where there is none."""
    solver = cp_model.CpSolver()
    solver.parameters.max_deterministic_time = EFFORT
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    return solver if solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None
