"""The pages on tests say what the fits say; which test is drawn depends on nothing but the world's seed."""

from typing import Any

import pytest

from benchmarks import calibration, calibration_reweighted, next_test, next_test_reweighted
from benchmarks.tested_worlds import name_of, specs
from measurement.simulate import simulate
from optimizer.next_test import Worth


def case(gained: float, mean: float, tested: tuple[str, ...] = ()) -> dict[str, Any]:
    search = {"channel": "search", "truth": 1.0, "mean": mean, "low": mean - 0.5, "high": mean + 0.5, "verdict": "weak"}
    social = search | {"channel": "social", "mean": 1.5}
    return {
        "world": "demand-1",
        "tested": list(tested),
        "status": "accepted",
        "today": 900.0,
        "attainable": 100.0,
        "gained": gained,
        "claimed": 50.0,
        "spend": [1.0, 2.0],
        "channels": [search, social],
    }


WORLDS = [
    (case(40.0, 2.0), case(80.0, 1.2), case(90.0, 1.1)),
    (case(-20.0, 3.0), case(60.0, 1.4)),
]


def test_the_calibration_page_sums_up_errors_and_lost_gain() -> None:
    page = calibration.write_page(WORLDS)
    assert "| none | 2 | 150% | 150% | 0% | 1.00 | 50% | 90% | 90% | 1 of 2 |" in page
    assert "| one, on search | 2 | 30% | 30% | 100% | 1.00 | 50% | 30% | 30% | 0 of 2 |" in page
    assert "| two, on search and another | 1 | 10% |" in page
    assert "search's error changes by -120 points on average (standard error 40); it falls in 2 of 2 worlds" in page
    assert "gain lost changes by -60 points on average (standard error 20)" in page


def test_relative_errors_of_a_channel_that_sells_nothing_are_over_a_least_truth() -> None:
    nothing = case(0.0, 0.6)
    nothing["channels"][0]["truth"] = 0.0
    assert calibration.relative_error(nothing, "search") == pytest.approx(0.6 / calibration.LEAST_TRUTH)


def test_the_next_test_page_holds_the_recommended_test_against_the_other() -> None:
    trials = [
        (case(40.0, 2.0), case(80.0, 1.2, ("search",)), case(50.0, 2.0, ("social",))),
        (case(20.0, 2.0), case(60.0, 1.2, ("search",)), case(40.0, 2.0, ("social",))),
    ]
    worth = {"demand-1": {"search": Worth(30.0, 2.0), "social": Worth(5.0, 1.0)}}
    page = next_test.write_page(trials, worth)
    assert "| the recommended test | 70% | 70% |" in page
    assert "recommended test against the other: +25.0 points of the attainable gain (standard error 5.0)" in page
    assert "search 30% ± 2%, social 5% ± 1%" in page


def test_the_other_test_is_drawn_from_the_rest_and_always_the_same() -> None:
    worth = {"search": Worth(3.0, 0.1), "social": Worth(9.0, 0.1), "amazon": Worth(1.0, 0.1)}
    drawn = [next_test.choice(spec, worth) for spec in specs()]
    assert drawn == [next_test.choice(spec, worth) for spec in specs()]
    assert {best for best, _ in drawn} == {"social"}
    assert {other for _, other in drawn} == {"search", "amazon"}


def test_worlds_have_names_and_seeds_of_their_own_and_a_second_channel_to_test() -> None:
    assert len({name_of(spec) for spec in specs()}) == len(specs()) == len({spec.seed for spec in specs()})
    spec = specs()[0]
    assert calibration.arms(spec)[2][1] in set(simulate(spec).channels) - {"search"}


def test_the_reweighted_page_counts_worlds_with_room_and_means_over_the_other_tests() -> None:
    def told(name: str, attainable: float, search: float, others: tuple[float, float]) -> dict[str, Any]:
        gains = dict(zip(("search", "social", "amazon"), (search, *others), strict=True))
        worths = {"search": 9.0, "social": 1.0, "amazon": 2.0}
        tests = {key: {"worth": worths[key], "error": 0.1, "gained": gain, "wider": 1.0} for key, gain in gains.items()}
        return {"world": name, "kind": "plain", "today": 1000.0, "attainable": attainable, "none": 20.0, "tests": tests}

    cases = [
        told("one", 100.0, 60.0, (20.0, 40.0)),
        told("two", 50.0, 30.0, (30.0, 30.0)),
        told("flat", 1.0, 9.0, (0, 0)),
    ]
    page = next_test_reweighted.write_page(cases)
    assert "2 simulated advertisers" in page
    assert "| the recommended test | 60.0% | 60.0% |" in page
    assert "| another test, chosen by chance | 45.0% | 40.0% |" in page
    assert "As a mean over worlds, the recommended test improves the plan by +15.0 points more than another" in page
    assert "Pooled, the recommended test improves the plan by +20.0 points more than another" in page
    assert "better than another in 1 worlds, worse in 0, leaves the plan as good in 1" in page
    assert "flat" not in page


def test_the_first_look_compares_errors_before_and_after() -> None:
    looks = [
        calibration_reweighted.Look("demand-1", 1.0, 2.0, 1.2, 0.1, 0.6),
        calibration_reweighted.Look("demand-2", 0.1, 0.4, 0.1, 0.3, 0.8),
    ]
    page = calibration_reweighted.write_page(looks)
    assert "| none | 100% | 100% | 20% |" in page
    assert "| one, on search | 10% | 10% | 70% |" in page
