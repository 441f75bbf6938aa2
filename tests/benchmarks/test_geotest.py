"""The proof of geo-test inference: panels carry the lift they claim, records resume, tables count what they say."""

import numpy as np
import pytest

from benchmarks.geotest import judged, placebo_records
from benchmarks.geotest_panels import CELLS, simulated
from benchmarks.geotest_tables import write_tables


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_a_simulated_panel_has_the_lift_it_claims(cell) -> None:
    lifted, untouched, truth = simulated(cell, 3)
    assert lifted.treated.shape == (cell.treated, cell.before + 15)
    np.testing.assert_array_equal(lifted.donors, untouched.donors)
    assert truth == pytest.approx(0.075 * untouched.treated[:, cell.before :].sum())
    again, _, _ = simulated(cell, 3)
    np.testing.assert_array_equal(lifted.treated, again.treated)


def test_a_replicate_is_judged_by_all_three() -> None:
    record = judged(*simulated(CELLS[3], 1))
    assert record.keys() == {"default", "geolift", "sum"}
    assert record["geolift"]["error"] == record["sum"]["error"]
    assert record["default"]["width"] > 0


def test_placements_do_not_depend_on_how_many_there_are() -> None:
    outcome = np.random.default_rng(1).uniform(50, 100, (12, 80))
    few, many = (dict(placebo_records("x", outcome, (2,), count)) for count in (1, 2))
    assert few.keys() == {"x/0"}
    assert few["x/0"]() == many["x/0"]()


def test_the_table_counts_what_it_says() -> None:
    def one(covers: bool, p: float, width: float) -> dict[str, object]:
        return {"error": 0.01, "width": width, "covers": [covers, False], "p": p, "p_null": p}

    stored = {
        f"A1/{seed}": {"default": one(seed > 0, 0.01, 0.2), "geolift": one(True, 0.2, 0.4), "sum": one(True, 0.07, 0.1)}
        for seed in range(4)
    }
    stored |= {f"half/{seed}": {"window": seed, "p_null": 0.04 * (seed + 1)} for seed in range(4)}
    table = write_tables(stored, "About.", "a machine")
    row = next(line for line in table.splitlines() if line.startswith("| A1 "))
    assert "| 4 | 75.0 (21.7) / 0.0 | 100.0 (0.0) / 0.0 | 0.50 | 2.00 |" in row
    assert "| 1.00 | 0.00 |" in row
    assert "| half | 4 | 25.0 (21.7) | 50.0 (25.0) |" in table
