"""The frontier: more budget sells more and returns less at the margin on concave curves."""

import numpy as np
import pytest

from optimizer.errors import BadProblem
from optimizer.frontier import sweep_budgets
from optimizer.plan import PlanStatus
from optimizer.problem import ChannelRule, PlanProblem, Rules


def test_sales_rise_and_returns_fall(concave_world):
    problem = PlanProblem(concave_world.with_(points=200).curves(), 100.0)
    points = sweep_budgets(problem, [50.0, 100.0, 200.0, 400.0])
    assert [point.budget for point in points] == [50.0, 100.0, 200.0, 400.0]
    sales = [point.plan.objective for point in points]
    assert (np.diff(sales) > 0).all()
    assert (np.diff([point.iroas for point in points]) < 0).all()
    assert (np.diff([point.next_unit_returns for point in points]) < 0).all()
    slope = (sweep_budgets(problem, [202.0])[0].plan.objective - sales[2]) / 2
    assert points[2].next_unit_returns == pytest.approx(slope, rel=0.03)


def test_a_budget_too_small_for_the_rules_is_a_point_without_a_plan(concave_world):
    problem = PlanProblem(concave_world.curves(), 100.0, Rules({"channel_0": ChannelRule(min=80.0)}))
    small, large = sweep_budgets(problem, [50.0, 90.0])
    assert small.plan.status is PlanStatus.INFEASIBLE
    assert small.iroas is None
    assert small.next_unit_returns is None
    assert large.plan.total.spend == 90.0


def test_an_absurd_budget_is_refused(concave_world):
    with pytest.raises(BadProblem):
        sweep_budgets(PlanProblem(concave_world.curves(), 100.0), [0.0])
