"""Planning truth against brute force and an independent solver."""

import numpy as np
import pytest
from scipy.optimize import minimize

from measurement.errors import BadInput
from measurement.simulate import World, WorldKind, WorldSpec, simulate, true_optimum


def sales_by_recursion(world: World, index: int, planned_total: float, weeks: int) -> float:
    """Sales of one channel after the panel, week by week, by the recursive form of the adstock."""
    truth, population = world.media.channels[index], world.market.population
    past = world.media.spend[:, :, index]
    shares = past[:, -world.spec.window_weeks :].sum(axis=1)
    plan = np.outer(shares / shares.sum(), np.full(weeks, planned_total / weeks))
    spend = np.concatenate([past, plan, np.zeros((len(past), 150))], axis=1) / population[:, None]
    fast, slow = truth.carry_over.build_up, truth.carry_over.decay
    first, second = np.zeros(len(past)), np.zeros(len(past))
    sold = 0.0
    for week in range(spend.shape[1]):
        first = fast * first + (1 - fast) * spend[:, week]
        second = slow * second + (1 - slow) * first
        if week >= past.shape[1]:
            response = 1 / (1 + (truth.half_saturation / np.maximum(second, 1e-300)) ** truth.slope)
            sold += float(population * truth.geo_effects * truth.effectiveness[-1] @ (truth.ceiling * response))
    return sold


@pytest.mark.parametrize("kind", [WorldKind.PLAIN, WorldKind.DELAYED, WorldKind.DRIFT])
@pytest.mark.parametrize("weeks", [1, 13])
def test_a_plan_is_worth_sales_with_it_less_sales_without(kind: WorldKind, weeks: int) -> None:
    world = simulate(WorldSpec(kind, geos=6, weeks=60, channels=3, seed=4))
    plan = world.current_spend(weeks) * np.array([0.6, 1.0, 1.4])
    expected = [
        sales_by_recursion(world, index, total, weeks) - sales_by_recursion(world, index, 0.0, weeks)
        for index, total in enumerate(plan)
    ]
    np.testing.assert_allclose(world.plan_incremental(plan, weeks), expected, rtol=1e-8)


@pytest.mark.parametrize("kind", list(WorldKind))
def test_no_plan_sells_nothing_and_more_spend_sells_more(kind: WorldKind) -> None:
    world = simulate(WorldSpec(kind, seed=1))
    assert not world.plan_incremental(np.zeros(4), 13).any()
    for index, channel in enumerate(world.channels):
        curve = world.response_curve(channel, world.current_spend(13)[index] * np.linspace(0, 3, 31), 13)
        assert curve[0] == 0
        assert (np.diff(curve) > 0).all() or world.iroas[index] == 0


def test_current_spend_scales_the_window() -> None:
    world = simulate(WorldSpec(WorldKind.PLAIN, weeks=40))
    np.testing.assert_allclose(world.current_spend(40), world.spend_last_52_weeks)
    np.testing.assert_allclose(world.current_spend(10), world.spend_last_52_weeks / 4)


def test_marginal_iroas_is_the_slope_of_the_curve() -> None:
    world = simulate(WorldSpec(WorldKind.PLAIN, seed=2))
    current = world.current_spend(52)
    for index, channel in enumerate(world.channels):
        below, above = world.response_curve(channel, current[index] * np.array([0.99, 1.01]), 52)
        slope = (above - below) / (0.02 * current[index])
        assert world.marginal_iroas()[index] == pytest.approx(slope, rel=1e-3)
        assert world.marginal_iroas(np.zeros(4), 52)[index] >= 0


@pytest.mark.parametrize("seed", range(4))
def test_dynamic_programming_agrees_with_a_gradient_solver_where_curves_are_concave(seed: int) -> None:
    """Slopes near 1 and carried-in spend leave the range within 50 % of today concave in most worlds."""
    world = simulate(WorldSpec(WorldKind.PLAIN, geos=12, weeks=60, seed=seed))
    current = world.current_spend(13)
    budget = float(current.sum())
    spend, incremental = true_optimum(world, budget, 13)
    scale = world.plan_incremental(current, 13).sum()
    solved = [
        minimize(
            lambda change: -world.plan_incremental(np.clip(change, 0.5, 1.5) * current, 13).sum() / scale,
            start,
            method="SLSQP",
            bounds=[(0.5, 1.5)] * 4,
            constraints={"type": "eq", "fun": lambda change: change @ current / budget - 1},
            options={"ftol": 1e-9},
        )
        for start in (np.ones(4), spend / current)
    ]
    best = max(-float(each.fun) * scale for each in solved)
    assert incremental.sum() == pytest.approx(best, rel=2e-5)
    assert spend.sum() == pytest.approx(budget)
    np.testing.assert_allclose(incremental, world.plan_incremental(spend, 13))


def test_dynamic_programming_beats_every_random_split_of_s_shapes() -> None:
    world = simulate(WorldSpec(WorldKind.S_SHAPE, geos=10, weeks=60, seed=3))
    current = world.current_spend(8)
    spend, incremental = true_optimum(world, float(current.sum()), 8, max_change=0.9)
    assert (spend >= 0.1 * current - 1e-6).all()
    assert (spend <= 1.9 * current + 1e-6).all()
    rng = np.random.default_rng(0)
    tried = 0
    for split in rng.dirichlet(np.ones(4), size=3000) * current.sum():
        if ((split >= 0.1 * current) & (split <= 1.9 * current)).all():
            tried += 1
            assert world.plan_incremental(split, 8).sum() <= incremental.sum() * (1 + 1e-6)
    assert tried > 50


def test_a_budget_at_the_edge_is_placed_and_one_beyond_it_refused() -> None:
    world = simulate(WorldSpec(WorldKind.PLAIN, geos=6, weeks=60))
    current = world.current_spend(4)
    for factor in (0.5, 0.501, 1.499, 1.5):
        spend, _ = true_optimum(world, factor * float(current.sum()), 4)
        assert spend.sum() == pytest.approx(factor * current.sum())
        assert (spend <= 1.5 * current * (1 + 1e-9)).all()
    with pytest.raises(BadInput, match="cannot be placed"):
        true_optimum(world, 1.6 * float(current.sum()), 4)


@pytest.mark.parametrize("plan", [[1.0, 2.0], [1.0, -1.0, 1.0, 1.0], [1.0, np.nan, 1.0, 1.0]])
def test_plans_that_make_no_sense_are_refused(plan: list[float]) -> None:
    with pytest.raises(BadInput):
        simulate(WorldSpec(WorldKind.PLAIN, geos=3)).plan_incremental(plan, 13)
    with pytest.raises(BadInput, match="at least one week"):
        simulate(WorldSpec(WorldKind.PLAIN, geos=3)).current_spend(0)
