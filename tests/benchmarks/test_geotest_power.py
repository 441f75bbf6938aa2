"""The proof of designs: its page adds up, and a window is called when it should be."""

import numpy as np
import pytest

from benchmarks.geotest_panels import WINDOW, simulated, with_futures
from benchmarks.geotest_power import PAST, STUDIES, _called, write_page


def test_the_page_tells_claims_and_what_became_of_them_by_hand() -> None:
    study = STUDIES[0].name
    half = {"claimed": 0.8, "mde": 0.1, "size": 0.1, "rule": "pairs", "found": [[True, False], [False, False]]}
    full = {"claimed": 0.82, "mde": 0.2, "size": 0.2, "rule": "selected", "found": [[True, True], [True, False]]}
    stored = {f"{study}/{seed}": half if seed % 2 else full for seed in range(40)}
    stored["timing"] = {"seconds": 61.2, "processor": 55.0, "designs": 10}
    page = write_page(stored | {f"{study}/40": {"claimed": None}})
    # Achieved 0.5 and 1.0, so 0.75 on average; the claim is 0.81, false positives 0 and 0.5.
    gap = np.array([-30.0, 18.0] * 20)
    error = gap.std(ddof=1) / np.sqrt(40)
    claims, came = "40 | 15.0% | 0.810", f"0.750 (0.040) | -6.0 ({error:.1f}) | 0.150 | 0.250 (0.040) | yes"
    assert f"| {study} | {claims} | {came} |" in page
    assert "took 61 s by the clock" in page


@pytest.mark.parametrize(("lift", "called"), [(0.6, True), (-0.6, True)])
def test_a_large_effect_in_a_fresh_window_is_found(lift: float, called: bool) -> None:
    whole = simulated(STUDIES[0].cell, 0)[1].everyone()
    geos = ([0, 1, 2], list(range(3, len(whole))))
    assert _called(whole, geos, (PAST, 14), lift) is called


@pytest.mark.parametrize("study", STUDIES[:2], ids=lambda study: study.name)
def test_futures_share_a_past_and_go_on_from_it(study) -> None:
    first, second = with_futures(study.cell, 3, 2)
    assert first.shape == (study.cell.donors + 1, PAST + WINDOW)
    np.testing.assert_array_equal(first[:, :PAST], second[:, :PAST])
    assert not np.allclose(first[:, PAST:], second[:, PAST:])
    # Where the past ends, a day changes as much as on any other.
    many = np.stack([np.log(with_futures(study.cell, seed, 1)[0]) for seed in range(20)])
    changes = np.abs(np.diff(many, axis=2)).mean(axis=(0, 1))
    assert changes[PAST - 1] == pytest.approx(changes.mean(), rel=0.5)
    spread = many.std(axis=2).mean()
    like = np.log(simulated(study.cell, 3)[1].everyone()).std(axis=1).mean()
    assert spread == pytest.approx(like, rel=0.25)
