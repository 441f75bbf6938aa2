"""The tables of `make recovery` say what the worlds say."""

import pytest

from benchmarks.recovery import SIZES, specs
from benchmarks.recovery_tables import coverage_table, decision_table, interval_score, misses_table, write_tables
from measurement.simulate import WorldKind


def channel(truth: float, low: float, high: float, name: str = "search") -> dict[str, object]:
    return {
        "channel": name,
        "marked": True,
        "truth": truth,
        "mean": (low + high) / 2,
        "low": low,
        "high": high,
        "true_marginal": truth,
        "marginal": truth,
        "marginal_low": low,
        "marginal_high": high,
        "prior_low": 0.0,
        "prior_high": 5.0,
        "verdict": "weak",
    }


def world(kind: str, gained: float, claimed: float, followed: float, *channels: dict[str, object]) -> dict[str, object]:
    return {
        "kind": kind,
        "geos": 20,
        "weeks": 104,
        "seed": 1,
        "status": "accepted",
        "reasons": [],
        "seconds": 60.0,
        "rhat": 1.004,
        "ess": 900.0,
        "today": 1000.0,
        "attainable": 100.0,
        "gained": gained,
        "claimed": claimed,
        "advised": 0.5,
        "followed": followed,
        "channels": list(channels),
    }


WORLDS = [
    world("plain", 80.0, 90.0, 60.0, channel(1.0, 0.5, 1.5), channel(2.0, 2.1, 2.5, "social")),
    world("null", -10.0, 5.0, 0.0, channel(0.0, 0.0, 0.4)),
]


@pytest.mark.parametrize(("truth", "score"), [(1.0, 2.0), (0.0, 2.0), (-0.1, 4.0), (2.5, 12.0)])
def test_the_interval_score_is_width_plus_twenty_times_the_miss(truth: float, score: float) -> None:
    assert interval_score(truth, 0.0, 2.0) == pytest.approx(score)


def test_coverage_counts_an_interval_that_begins_at_the_truth() -> None:
    rows = coverage_table(WORLDS).splitlines()
    assert [row.split("|")[3].strip() for row in rows[2:]] == ["50%", "100%", "67%"]


def test_decisions_are_shares_of_what_could_be_gained() -> None:
    rows = [[cell.strip() for cell in row.split("|")] for row in decision_table(WORLDS).splitlines()[2:]]
    assert [row[4] for row in rows] == ["80%", "-10%", "35%"]
    assert [row[6] for row in rows] == ["0%", "100%", "50%"]
    assert rows[-1][9] == "+36%"
    assert [row[10] for row in rows] == ["60%", "0%", "30%"]
    assert [row[11] for row in rows] == ["0%", "0%", "0%"]


def test_every_miss_is_named() -> None:
    assert "social" in misses_table(WORLDS)
    assert "search" not in misses_table(WORLDS)


def test_the_page_holds_every_table() -> None:
    page = write_tables(WORLDS, {"mean": 0.2}, "two cores")
    assert page.count("|---|") >= 6
    assert "two cores" in page


def test_every_variant_is_tried_at_every_size_with_a_seed_of_its_own() -> None:
    wanted = specs()
    assert len(wanted) == len(SIZES) * len(WorldKind) >= 24
    assert len({spec.seed for spec in wanted}) == len(wanted)
