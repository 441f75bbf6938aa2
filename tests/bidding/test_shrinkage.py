"""Nested shrinkage: calibrated on drawn rates, and exact where the answer is known."""

import numpy as np
import pytest
from scipy.stats import gamma

from bidding.shrinkage import Nesting, nested, weighted

SHAPES = (2.0, 5.0, 4.0)


def nesting(campaigns: int, groups: int, targets: int) -> Nesting:
    group = np.repeat(np.arange(campaigns * groups), targets)
    count = len(group)
    return Nesting(
        ad_group=group,
        campaign=np.repeat(np.arange(campaigns), groups),
        channel=np.zeros(campaigns, dtype=np.int64),
        cell=np.arange(count) % 3,
        target_channel=np.zeros(count, dtype=np.int64),
        cell_channel=np.zeros(3, dtype=np.int64),
        channels=1,
    )


def drawn(tree: Nesting, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates, counts and exposures."""
    rng = np.random.default_rng(seed)
    bottom, middle, top = SHAPES
    groups, campaigns, count = len(tree.campaign), len(tree.channel), len(tree.ad_group)
    level = rng.gamma(top, 1 / top, campaigns)[tree.campaign] * rng.gamma(middle, 1 / middle, groups)
    rate = 0.03 * np.array([1.4, 1.0, 0.7])[tree.cell] * level[tree.ad_group] * rng.gamma(bottom, 1 / bottom, count)
    exposure = rng.poisson(rng.gamma(0.3, 80.0, count)).astype(float)
    return rate, rng.poisson(rate * exposure).astype(float), exposure


@pytest.mark.parametrize("seed", range(3))
def test_intervals_of_rates_cover_and_errors_shrink(seed: int) -> None:
    tree = nesting(60, 5, 15)
    rate, count, exposure = drawn(tree, seed)
    found = nested(count, exposure, tree, np.array([0.05]))
    shape = 1 / found.relative_variance
    low, high = (gamma.ppf(q, shape) * found.rate / shape for q in (0.1, 0.9))
    assert 0.75 < ((rate > low) & (rate < high)).mean() < 0.87
    naive = np.where(exposure > 0, count / np.maximum(exposure, 1), 0.03)
    assert ((found.rate - rate) ** 2).mean() < 0.5 * ((naive - rate) ** 2).mean()
    assert ((found.rate - rate) ** 2).mean() < 0.75 * rate.var()
    np.testing.assert_allclose(np.log(found.shapes[:, 0]), np.log(SHAPES), atol=0.6)


def test_without_siblings_that_differ_the_target_posterior_is_the_gamma_poisson_one() -> None:
    tree = nesting(40, 5, 50)
    rng = np.random.default_rng(1)
    rate = 0.1 * rng.gamma(2.0, 0.5, 10_000)
    exposure = np.full(10_000, 40.0)
    count = rng.poisson(rate * exposure).astype(float)
    found = nested(count, exposure, tree, np.array([0.05]))
    expected = (2.0 + count) / (20.0 + exposure)
    np.testing.assert_allclose(found.rate, expected, rtol=0.12)
    assert np.corrcoef(found.rate, expected)[0, 1] > 0.995


def test_a_target_without_data_takes_its_ad_groups_rate_with_more_doubt() -> None:
    tree = nesting(20, 4, 10)
    _, count, exposure = drawn(tree, 4)
    exposure = exposure + 50.0
    exposure[0], count[0] = 0.0, 0.0
    found = nested(count, exposure, tree, np.array([0.05]))
    siblings = tree.ad_group == 0
    assert found.rate[siblings].min() < found.rate[0] < found.rate[siblings].max()
    assert found.own[0] == 0
    assert found.relative_variance[0] > 0.8 * found.relative_variance[siblings].max()


def test_an_account_without_any_data_keeps_what_is_usual() -> None:
    tree = nesting(2, 2, 3)
    found = nested(np.zeros(12), np.zeros(12), tree, np.array([0.05]))
    np.testing.assert_allclose(found.rate, 0.05, rtol=0.3)
    assert (found.relative_variance > 0.2).all()


def test_weights_leave_the_rate_and_keep_counts_poisson() -> None:
    rng = np.random.default_rng(2)
    weight = 0.5 ** (np.arange(100) / 20)
    draws = np.array(
        [
            [
                each[0]
                for each in weighted(np.zeros(100, dtype=int), weight, rng.poisson(2.0, 100), np.full(100, 2.0), 1)
            ]
            for _ in range(4000)
        ]
    )
    count, exposure = draws.T
    assert count.mean() == pytest.approx(exposure[0], rel=0.02)
    assert count.var() == pytest.approx(exposure[0], rel=0.07)
