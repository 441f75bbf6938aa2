"""The frontier: more budget sells more and returns less at the margin on concave curves."""

import numpy as np
import pytest

from optimizer.errors import BadProblem
from optimizer.frontier import draw_frontier, sweep_budgets
from optimizer.plan import PlanStatus
from optimizer.problem import ChannelRule, PlanProblem, PlanRules, Rules


def test_sales_rise_and_returns_fall(concave_world):
    problem = PlanProblem(concave_world.with_(points=200).curves(), 100.0)
    points = sweep_budgets(problem, [50.0, 100.0, 200.0, 400.0])
    assert [point.budget for point in points] == [50.0, 100.0, 200.0, 400.0]
    sales = [point.objective for point in points]
    assert (np.diff(sales) > 0).all()
    assert (np.diff([point.iroas for point in points]) < 0).all()
    assert (np.diff([point.marginal_iroas for point in points]) < 0).all()
    slope = (sweep_budgets(problem, [202.0])[0].objective - sales[2]) / 2
    assert points[2].marginal_iroas == pytest.approx(slope, rel=0.03)


def test_a_budget_too_small_for_the_rules_is_a_point_without_a_plan(concave_world):
    problem = PlanProblem(concave_world.curves(), 100.0, Rules({"channel_0": ChannelRule(min=80.0)}))
    small, large = sweep_budgets(problem, [50.0, 90.0])
    assert small.status is PlanStatus.INFEASIBLE
    assert small.iroas is None
    assert small.marginal_iroas is None
    assert large.spend == 90.0


def test_an_absurd_budget_is_refused(concave_world):
    with pytest.raises(BadProblem):
        sweep_budgets(PlanProblem(concave_world.curves(), 100.0), [0.0])


@pytest.mark.parametrize("seed", range(4))
def test_return_or_scale_against_a_search(hill_world, seed):
    """The highest average and the break-even of two S-curves, from all pairs of spends on a fine grid."""
    curves = hill_world(600 + seed, 2, slopes=(1.5, 3.0)).curves()
    margin = 0.4
    mean = curves.incremental.mean(axis=0)
    x = np.arange(0.0, 400.01, 2.0)
    one, other = (np.interp(x, curves.spend_grid[c], mean[c]) for c in range(2))
    sold, spent = one[:, None] + other[None, :], x[:, None] + x[None, :]
    average = np.divide(sold, spent, out=np.zeros_like(sold), where=spent > 0)
    profit = margin * sold - spent
    found = draw_frontier(PlanProblem(curves, 200.0, Rules(plan=PlanRules(margin=margin))), 200.0)
    assert found.highest_iroas >= average.max() - 1e-9
    assert found.highest_iroas == pytest.approx(average.max(), rel=5e-3)
    assert [point.budget for point in found.points][:2] == [20.0, 40.0]
    assert found.points[-1].budget == 400.0
    if found.break_even:
        at = np.unravel_index(profit.argmax(), profit.shape)
        assert found.break_even == pytest.approx(spent[at], abs=12.0)
    else:
        assert profit.max() <= 1e-9
    assert all(point.iroas <= found.highest_iroas + 1e-9 for point in found.points)
    assert f"{found.highest_iroas:.2f} on average" in found.advice


def test_the_frontier_keeps_the_rules(concave_world):
    curves = concave_world.with_(unmeasurable=(2,)).curves()
    rules = Rules({"channel_0": ChannelRule(min=80.0)})
    found = draw_frontier(PlanProblem(curves, 250.0, rules), 250.0)
    assert found.points[0].status is PlanStatus.INFEASIBLE
    assert found.diminishing_returns >= 200.0 - 0.01
    json = found.to_json()
    assert json["points"][0] | {"budget": 0} == dict.fromkeys(json["points"][0]) | {"budget": 0, "status": "infeasible"}
