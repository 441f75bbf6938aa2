"""Blocks within which coins fell in, the assignments that could have been drawn out: strata and pairs of supergeos."""

from itertools import combinations, product
from math import comb, prod

import numpy as np

from measurement.errors import GeoTestError
from measurement.geotest.comparison import BoolArray, Comparison
from measurement.geotest.specification import GeoTest


def rows_of_blocks(
    test: GeoTest, treated: tuple[str, ...], controls: tuple[str, ...]
) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Blocks as rows, treated geos first; units that take no part drop out, and blocks that have no control left.

    Raises:
        GeoTestError: some geos of a supergeo are treated and others are not, or a treated geo is in two blocks.
    """
    place = {name: row for row, name in enumerate((*treated, *controls))}
    seen: set[str] = set()
    found = []
    for block in test.blocks:
        units = []
        for unit in block:
            inside = [geo in treated for geo in unit]
            if any(inside) and not all(inside):
                raise GeoTestError(
                    f"{', '.join(unit)} are one supergeo of the design, and only some of them are treated: treat all "
                    "of them or none"
                )
            if seen & set(unit):
                raise GeoTestError(f"geo {min(seen & set(unit))!r} is in two blocks of the design: correct its file")
            seen |= set(unit)
            if all(geo in place for geo in unit):
                units.append(tuple(place[geo] for geo in unit))
        drawn = sum(unit[0] < len(treated) for unit in units)
        if 0 < drawn < len(units):
            found.append(tuple(units))
    return tuple(found)


def assignments_in_blocks(comparison: Comparison) -> int:
    """How many assignments the coins could have drawn."""
    return prod(comb(len(block), _drawn(comparison, block)) for block in comparison.blocks)


def assign_in_blocks(comparison: Comparison, most: int, generator: np.random.Generator) -> BoolArray:
    """Assignments that the coins could have drawn, all where there are at most `most`, else as many at random.

    Geos outside of blocks stay as they were. Shape `(R, N + J)`, geos in the order of `everyone()`.
    """
    treated, geos = len(comparison.treated), len(comparison.treated) + len(comparison.donors)
    ways = [list(combinations(block, _drawn(comparison, block))) for block in comparison.blocks]
    if assignments_in_blocks(comparison) <= most:
        chosen = list(product(*(range(len(way)) for way in ways)))
    else:
        chosen = list(zip(*(generator.integers(len(way), size=most).tolist() for way in ways), strict=True))
    made = np.tile(np.arange(geos) < treated, (len(chosen), 1))
    made[:, [row for block in comparison.blocks for unit in block for row in unit]] = False
    for place, choice in enumerate(chosen):
        for way, number in zip(ways, choice, strict=True):
            made[place, [row for unit in way[number] for row in unit]] = True
    return made


def _drawn(comparison: Comparison, block: tuple[tuple[int, ...], ...]) -> int:
    """How many units of the block are treated."""
    return sum(unit[0] < len(comparison.treated) for unit in block)
