"""Cells, neighbours, eligibility and coins: who may be treated, with whom, and how chance chose."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from measurement.errors import GeoTestError
from measurement.geotest.candidates import candidates, follows, supergeo_candidates, very_unequal
from measurement.geotest.design import design_geo_test
from measurement.geotest.design_question import DesignQuestion, Rule
from measurement.geotest.eligibility import Eligibility, narrowed, read_eligibility, read_neighbours
from measurement.geotest.market import Market, market_of
from measurement.reading import ReadPanel

Made = Callable[..., ReadPanel]
LINE = tuple((f"geo {number}", f"geo {number + 1}") for number in range(19))
"""Geos in a row, each next to the one before."""


def question(**changes: Any) -> DesignQuestion:
    return DesignQuestion(**({"weeks": 1, "geos_min": 2, "geos_max": 2} | changes))


def market(read: ReadPanel, **changes: Any) -> Market:
    return market_of(read, question(**changes))


def test_candidates_hold_who_must_be_treated_and_nobody_who_must_not(market_panel: Made) -> None:
    kept = tuple(f"geo {number}" for number in range(4))
    forced = candidates(market(market_panel(3), keep=kept, include=("geo 5",)), 3, 1, 0)
    assert all(5 in one.rows and min(one.rows) >= 4 and not one.drawn for one in forced)
    free = market(market_panel(3), keep=kept)
    found = candidates(free, 3, 1, 0)
    assert [one.rule for one in found if one.drawn] == [Rule.PAIRS]
    assert all(len(set(one.rows)) == 3 for one in found)
    ranked = [follows(free.outcome, one.rows) for one in found if not one.drawn]
    assert ranked == sorted(ranked, reverse=True)


@pytest.mark.parametrize(("cells", "rules"), [(1, {Rule.PAIRS, Rule.STRATA}), (2, {Rule.STRATA})])
def test_coins_choose_one_geo_for_each_cell_in_each_block(market_panel: Made, cells: int, rules: set[Rule]) -> None:
    free, seen = market(market_panel(4, geos=20)), set()
    for seed in range(12):
        drawn = [one for one in candidates(free, 3, cells, seed) if one.drawn]
        assert {one.rule for one in drawn} == rules
        for one in drawn:
            seen.add(tuple(map(tuple, one.cells)))
            assert len(one.blocks) == 3
            for cell in one.cells:
                assert [len({row for (row,) in block} & set(cell)) for block in one.blocks] == [1, 1, 1]
    assert len(seen) > 8


def test_very_unequal_geos_are_matched_as_supergeos(market_panel: Made) -> None:
    read = market_panel(5, geos=14)
    values = read.panel.outcome_values.copy()
    assert not very_unequal(market(read))
    values[0] *= 4
    unequal = market(replace(read, panel=replace(read.panel, outcome_values=values)))
    assert very_unequal(unequal)
    both: set[bool] = set()
    for seed in range(8):
        (found,) = supergeo_candidates(unequal, (2, 4), seed)
        volumes = unequal.outcome.mean(axis=1)
        sides = {unit: volumes[list(unit)].sum() for block in found.blocks for unit in block}
        large = next(block for block in found.blocks if any(0 in unit for unit in block))
        assert 0.5 < sides[large[0]] / sides[large[1]] < 2
        assert all(set(unit) <= set(found.rows) or not set(unit) & set(found.rows) for unit in sides)
        both.add(0 in found.rows)
    assert both == {True, False}


@pytest.mark.parametrize("rule", list(Rule))
def test_how_geos_are_found_can_be_asked_for(market_panel: Made, rule: Rule) -> None:
    answer = design_geo_test(market_panel(6, geos=20), question(geos_max=4, rules=(rule,)))
    assert answer.recommended is not None
    assert {design.rule for design in answer.designs} == {rule}
    for design in answer.designs:
        assert bool(design.blocks) == (design.assignment_seed is not None) == (rule is not Rule.SELECTED)
        ways = {Rule.PAIRS: 2, Rule.STRATA: 4, Rule.SUPERGEOS: 2}
        assert design.assignments == (ways[rule] ** len(design.blocks) if rule in ways else None)
    few = answer.recommended.assignments is not None and answer.recommended.assignments < 10
    assert any("too few for a randomisation test" in note for note in answer.warnings) == few


def test_who_must_be_treated_cannot_be_drawn() -> None:
    with pytest.raises(GeoTestError, match="cannot be drawn by coins"):
        question(include=("geo 1",), rules=(Rule.PAIRS,))
    with pytest.raises(GeoTestError, match="supergeos come in pairs"):
        question(cells=2, rules=(Rule.SUPERGEOS,))


def test_neighbours_of_treated_geos_are_no_controls(market_panel: Made) -> None:
    answer = design_geo_test(market_panel(6, geos=20), question(adjacent=LINE))
    assert answer.recommended is not None
    for design in answer.designs:
        touched = {
            neighbour
            for pair in LINE
            for geo, neighbour in (pair, pair[::-1])
            if geo in design.treated and neighbour not in design.treated
        }
        assert set(design.set_apart) == touched
        assert len(design.treated) + len(design.control) + len(touched) == 20
        assert not touched & set(design.control)
        paired = [geo for block in design.blocks for unit in block for geo in unit]
        assert not any(set(pair) <= set(paired) for pair in LINE)


def test_where_everything_touches_no_control_is_left(market_panel: Made) -> None:
    star = tuple((f"geo {one}", f"geo {other}") for one in range(12) for other in range(one))
    answer = design_geo_test(market_panel(6), question(adjacent=star))
    assert answer.refusal is not None
    assert answer.refusal.limit.value == "adjacency"
    assert "neighbours of treated geos set apart" in answer.refusal.reason


def test_must_treat_and_must_control_cannot_touch(market_panel: Made) -> None:
    wishes = question(adjacent=LINE, include=("geo 4",), keep=("geo 5",))
    with pytest.raises(GeoTestError, match="'geo 4' must be treated and its neighbour 'geo 5' must be a control"):
        design_geo_test(market_panel(6, geos=20), wishes)
    for design in design_geo_test(market_panel(6, geos=20), question(adjacent=LINE, keep=("geo 5",))).designs:
        assert not {"geo 4", "geo 5", "geo 6"} & set(design.treated)


def test_cells_are_disjoint_apart_and_compared_with_the_same_controls(market_panel: Made) -> None:
    asked = question(cells=2, adjacent=LINE, include=("geo 3",))
    answer = design_geo_test(market_panel(7, geos=24), asked)
    assert answer.recommended is not None
    for design in answer.designs:
        first, second = design.cells
        assert "geo 3" in first
        assert len(first) == len(second) == 2
        assert not set(first) & set(second)
        assert not any({one, other} in [set(pair) for pair in LINE] for one in first for other in second)
        ability = design.ability
        assert ability.mde == max(mde for mde in ability.cell_mdes if mde is not None)
        assert ability.mde_difference is not None
        assert ability.mde_difference > max(mde for mde in ability.cell_mdes if mde is not None)


def test_a_geo_with_gaps_or_without_sales_takes_no_part_and_is_named(market_panel: Made) -> None:
    read = market_panel(8)
    values = read.panel.outcome_values.copy()
    values[2] = 0.0
    dead = replace(read, panel=replace(read.panel, outcome_values=values), left_out=("geo 77",))
    assert design_geo_test(dead, question(exclude=("geo 4",))).left_out == ("geo 2", "geo 4", "geo 77")
    with pytest.raises(GeoTestError, match="'geo 77', which lacks a row or a number"):
        design_geo_test(dead, question(include=("geo 77",)))
    with pytest.raises(GeoTestError, match="geo 2, which sold nothing"):
        design_geo_test(dead, question(include=("geo 2",)))


def test_a_geo_whose_sales_never_change_is_no_obstacle(market_panel: Made) -> None:
    read = market_panel(8)
    values = read.panel.outcome_values.copy()
    values[3] = 500.0
    answer = design_geo_test(replace(read, panel=replace(read.panel, outcome_values=values)), question())
    assert answer.recommended is not None
    assert answer.recommended.mde is not None


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_files_say_the_same_as_options(market_panel: Made, tmp_path: Path) -> None:
    read = replace(market_panel(8), left_out=("geo 77",))
    lines = ("geo,eligibility", "geo 1,Treat", "geo 2,control", "geo 3,either", "geo 4, exclude", "geo 77,treat")
    path = written(tmp_path / "who.csv", *lines[:-1], "geo 77,exclude", "geo 1,treat")
    told = read_eligibility(path, read)
    assert told["geo 1"] is Eligibility.TREAT
    narrow = narrowed(question(include=("geo 5",), keep=("geo 2",)), told, path)
    assert (narrow.include, narrow.keep, narrow.exclude) == (("geo 5", "geo 1"), ("geo 2",), ("geo 4", "geo 77"))
    near = written(tmp_path / "near.csv", "geo,neighbour", "geo 2,geo 1", "geo 1,geo 2", "geo 3,geo 77")
    assert read_neighbours(near, read) == (("geo 1", "geo 2"), ("geo 3", "geo 77"))


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        (["geo,eligibility", "geo 99,treat"], "row 2: geo 'geo 99' is not in the panel"),
        (["geo,eligibility", "GEO 1,treat"], "did you mean 'geo 1'"),
        (["geo,eligibility", "geo 1,maybe"], "'maybe' is not known: write one of treat, control, either, exclude"),
        (["geo,eligibility", "geo 1,treat", "geo 1,control"], "row 3: geo 'geo 1' is control, and treat further up"),
        (["geo,status", "geo 1,treat"], "no column 'eligibility'"),
    ],
)
def test_a_wrong_eligibility_names_row_and_remedy(
    market_panel: Made, tmp_path: Path, lines: list[str], part: str
) -> None:
    with pytest.raises(GeoTestError, match=part):
        read_eligibility(written(tmp_path / "who.csv", *lines), market_panel(8))


def test_an_option_against_the_file_is_told(market_panel: Made, tmp_path: Path) -> None:
    path = written(tmp_path / "who.csv", "geo,eligibility", "geo 1,control")
    told = read_eligibility(path, market_panel(8))
    with pytest.raises(GeoTestError, match=r"--include names geo 'geo 1', which .* marks control"):
        narrowed(question(include=("geo 1",)), told, path)


@pytest.mark.parametrize(
    ("row", "part"), [("geo 1,geo 99", "row 2: geo 'geo 99'"), ("geo 1,geo 1", "its own neighbour")]
)
def test_wrong_neighbours_name_row_and_remedy(market_panel: Made, tmp_path: Path, row: str, part: str) -> None:
    with pytest.raises(GeoTestError, match=part):
        read_neighbours(written(tmp_path / "near.csv", "geo,neighbour", row), market_panel(8))
