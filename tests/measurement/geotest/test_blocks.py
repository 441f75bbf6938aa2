"""Coins within strata and supergeos: every assignment that could have been drawn, and p-values that hold their size."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from measurement.errors import GeoTestError
from measurement.geotest.blocks import assign_in_blocks, assignments_in_blocks, rows_of_blocks
from measurement.geotest.comparison import Comparison
from measurement.geotest.randomisation import assignment_count, randomisation_finding, randomisation_placebos
from measurement.geotest.specification import GeoTest, Window

Simulated = Callable[..., Comparison]
STRATA = (((0,), (4,), (5,)), ((1,), (6,), (7,)))
SUPERGEOS = (((0, 1), (4,)), ((2,), (5, 6, 7)))


def blocked(comparison: Comparison, blocks: tuple[tuple[tuple[int, ...], ...], ...]) -> Comparison:
    return replace(comparison, blocks=blocks)


@pytest.mark.parametrize(
    ("blocks", "treated", "count"), [(STRATA, 2, 9), (SUPERGEOS, 3, 4), ((((0,), (1,), (4,)),), 2, 3)]
)
def test_all_that_could_have_been_drawn(
    simulated: Simulated, blocks: tuple[tuple[tuple[int, ...], ...], ...], treated: int, count: int
) -> None:
    comparison = blocked(simulated(1, geos=9, treated=treated), blocks)
    made = assign_in_blocks(comparison, 100, np.random.default_rng(0))
    assert assignments_in_blocks(comparison) == assignment_count(comparison) == len(made) == count
    assert len({tuple(row) for row in made}) == count
    assert (made == (np.arange(9) < treated)).all(axis=1).sum() == 1
    for block in blocks:
        drawn = sum(unit[0] < treated for unit in block)
        for row in made:
            assert [row[list(unit)].all() for unit in block].count(True) == drawn
            assert all(len({bool(row[geo]) for geo in unit}) == 1 for unit in block)
    inside = [row for block in blocks for unit in block for row in unit]
    outside = np.setdiff1d(np.arange(9), inside)
    assert not made[:, outside[outside >= treated]].any()
    few = assign_in_blocks(comparison, count - 1, np.random.default_rng(0))
    assert {tuple(row) for row in few} <= {tuple(row) for row in made}


def test_the_p_value_is_the_share_of_assignments_as_extreme(simulated: Simulated) -> None:
    """By hand, from the volume-weighted change of treated geos against all others."""
    comparison = blocked(simulated(2, geos=9, treated=2), STRATA)
    outcome, before = comparison.everyone(), comparison.periods_before
    volumes = outcome[:, :before].mean(axis=1)
    change = outcome[:, before:].mean(axis=1) / volumes
    made = assign_in_blocks(comparison, 100, np.random.default_rng(0))
    contrasts = [
        np.average(change[row], weights=volumes[row]) - np.average(change[~row], weights=volumes[~row]) for row in made
    ]
    actual = contrasts[int((made == (np.arange(9) < 2)).all(axis=1).argmax())]
    expected = np.mean(np.abs(contrasts) >= abs(actual) - 1e-12)
    finding = randomisation_finding(comparison, 0.9, 0)
    assert finding.p_value == pytest.approx(expected)
    assert "within the design's blocks" in finding.inference
    assert finding.notes == ()


def test_p_values_hold_their_size_where_coins_fell_in_strata(simulated: Simulated) -> None:
    """Strata of very unequal geos: drawing from all geos instead would be another rule."""
    called = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        panel = simulated(seed, geos=15, treated=3, before=20, periods=5).everyone()
        order = np.argsort(panel.mean(axis=1)).reshape(3, 5)
        chosen = np.array([rng.choice(stratum) for stratum in order])
        rest = np.setdiff1d(np.arange(15), chosen)
        place = {int(geo): row for row, geo in enumerate([*chosen, *rest])}
        blocks = tuple(tuple((place[int(geo)],) for geo in stratum) for stratum in order)
        none = np.zeros((0, 2), dtype=np.int64)
        comparison = Comparison(panel[chosen], panel[rest], 20, tuple(map(str, rest)), none, blocks=blocks)
        called.append(randomisation_finding(comparison, 0.8, 0).p_value <= 0.2)
    # Two standard errors of a share of 0.2 over 300 are 0.046; the rule makes it 0.2 exactly.
    assert np.mean(called) == pytest.approx(0.2, abs=0.05)


def test_placebos_draw_again_by_the_rule(simulated: Simulated) -> None:
    comparison = blocked(simulated(3, geos=12, treated=2), STRATA)
    placebos = randomisation_placebos(comparison, comparison.placebo_windows(), 0)
    assert placebos.windows == len(comparison.placebo_windows().starts)
    assert ((placebos.p_values >= 1 / 9 - 1e-9) & (placebos.p_values <= 1)).all()


TEST = GeoTest(Window(date(2024, 2, 1), date(2024, 2, 10)), ("a", "b"))


def test_blocks_become_rows_and_units_without_part_drop_out() -> None:
    blocks = ((("a",), ("c",), ("x",)), (("b",), ("d", "e")), (("y",), ("f",)), (("g",), ("x",)))
    rows = rows_of_blocks(replace(TEST, blocks=blocks[:3]), ("a", "b"), ("c", "d", "e", "f"))
    assert rows == (((0,), (2,)), ((1,), (3, 4)))


@pytest.mark.parametrize(
    ("blocks", "part"),
    [((("a", "c"), ("d",)), "a, c are one supergeo"), ((("a",), ("c",), ("a",)), "'a' is in two blocks")],
)
def test_blocks_that_contradict_the_test_are_refused(blocks: tuple[tuple[str, ...], ...], part: str) -> None:
    with pytest.raises(GeoTestError, match=part):
        rows_of_blocks(replace(TEST, blocks=(blocks,)), ("a", "b"), ("c", "d"))
