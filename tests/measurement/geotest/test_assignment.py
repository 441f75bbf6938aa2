"""Pairs, strata and supergeos: the best there are by going through all, and nothing that touches is torn apart."""

from itertools import combinations, product

import numpy as np
import pytest

from measurement.errors import GeoTestError
from measurement.geotest.assignment import COVERED, matched_blocks, matched_supergeos


def distances_of(seed: int, geos: int) -> np.ndarray:
    points = np.random.default_rng(seed).standard_normal((geos, 2))
    return np.asarray(np.linalg.norm(points[:, None] - points[None], axis=2))


def total(distances: np.ndarray, block: tuple[int, ...]) -> float:
    """Distance of a block's geos to the one that is nearest to the others."""
    return float(min(sum(distances[centre, other] for other in block) for centre in block))


def best_of_all(distances: np.ndarray, count: int, members: int, allowed: set[tuple[int, ...]]) -> float:
    blocks = [block for block in combinations(range(len(distances)), members) if block in allowed]
    return min(
        sum(total(distances, block) for block in chosen)
        for chosen in combinations(blocks, count)
        if len({row for block in chosen for row in block}) == members * count
    )


@pytest.mark.parametrize(("geos", "count", "members"), [(8, 3, 2), (9, 2, 3), (9, 2, 4)])
def test_blocks_have_the_least_total_distance(geos: int, count: int, members: int) -> None:
    distances = distances_of(1, geos)
    found = matched_blocks(distances, count, members)
    assert len(found) == count
    assert len({row for block in found for row in block}) == members * count
    every = set(combinations(range(geos), members))
    assert sum(total(distances, block) for block in found) == pytest.approx(
        best_of_all(distances, count, members, every), rel=1e-3
    )


def test_geos_that_touch_are_not_used_together() -> None:
    distances = distances_of(2, 8)
    free = matched_blocks(distances, 2, 2)
    touching = np.zeros((8, 8), dtype=bool)
    one, other = free[0][0], free[1][0]
    touching[one, other] = touching[other, one] = True
    found = matched_blocks(distances, 2, 2, touching)
    used = {row for block in found for row in block}
    assert not {one, other} <= used
    assert {one, other} <= {row for block in free for row in block}


def test_too_many_pairs_are_refused() -> None:
    with pytest.raises(GeoTestError, match="3 pairs need 6 geos"):
        matched_blocks(np.ones((5, 5)), 3, 2)
    with pytest.raises(GeoTestError, match="disjoint pairs of like geos were not found"):
        matched_blocks(np.ones((5, 5)), 2, 2, ~np.eye(5, dtype=bool))


def imbalance(series: np.ndarray, pairs: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]) -> float:
    return float(sum(np.abs(series[list(a)].sum(axis=0) - series[list(b)].sum(axis=0)).sum() for a, b in pairs))


def test_supergeos_match_a_large_geo_with_several() -> None:
    """Against every way to make two supergeos of at most three geos each out of seven."""
    rng = np.random.default_rng(3)
    volumes = np.array([50.0, 21.0, 19.0, 11.0, 6.0, 5.0, 4.0])
    series = volumes[:, None] * (1 + 0.05 * rng.standard_normal((7, 4)))
    found = matched_supergeos(series, 1, (1, 3), np.zeros((7, 7), dtype=bool))
    needed = COVERED * np.sort(series.mean(axis=1))[::-1][:6].sum()
    best = min(
        imbalance(series, ((a, b),))
        for large, small in product(range(1, 4), repeat=2)
        for a in combinations(range(7), large)
        for b in combinations(range(7), small)
        if not set(a) & set(b) and 0 in (*a, *b) and series[[*a, *b]].mean(axis=1).sum() >= needed
    )
    assert imbalance(series, found) == pytest.approx(best, rel=0.02)
    assert max(len(side) for side in found[0]) > 1


def test_supergeos_keep_within_the_number_of_geos_on_either_side_and_apart() -> None:
    rng = np.random.default_rng(4)
    series = rng.lognormal(2, 1, (12, 1)) * (1 + 0.05 * rng.standard_normal((12, 6)))
    touching = np.zeros((12, 12), dtype=bool)
    touching[0, 1:6] = touching[1:6, 0] = True
    pairs = matched_supergeos(series, 2, (2, 4), touching)
    assert len(pairs) == 2
    units = [side for pair in pairs for side in pair]
    assert len({row for unit in units for row in unit}) == sum(len(unit) for unit in units)
    for coins in product((0, 1), repeat=2):
        assert 2 <= sum(len(pair[coin]) for pair, coin in zip(pairs, coins, strict=True)) <= 4
    for one, other in combinations(units, 2):
        assert not touching[np.ix_(one, other)].any()
    # One geo as large as all others has no match among any.
    lonely = matched_supergeos(np.ones((2, 4)), 2, (2, 4), np.zeros((2, 2), dtype=bool))
    assert lonely == ()
