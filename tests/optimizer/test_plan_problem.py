"""Questions that cannot be asked."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.errors import BadProblem, BadRules
from optimizer.problem import ChannelRule, GroupRule, PlanProblem, PlanRules, Risk, Rules


@pytest.mark.parametrize("budget", [0, -1.0, float("nan"), float("inf"), 0.001, 1e15])
def test_absurd_budgets_are_refused(concave_world, budget):
    with pytest.raises(BadProblem, match="budget"):
        PlanProblem(concave_world.curves(), budget)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (Rules({"chanel_0": ChannelRule()}), 'Did you mean "channel_0"'),
        (Rules(groups=(GroupRule(("channel_9", "nobody"), min=1.0),)), 'unknown channel "channel_9"'),
        (Rules(plan=PlanRules(margins={"sale": 0.3})), 'unknown outcome "sale".*Did you mean "sales"'),
    ],
)
def test_rules_that_cannot_be_used_are_refused(concave_world, rules, said):
    with pytest.raises(BadRules, match=said):
        PlanProblem(concave_world.curves(), 100.0, rules)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: {"spend_grid": c.spend_grid[:, ::-1]},
        lambda c: {"spend_grid": c.spend_grid[:, :1]},
        lambda c: {"spend_grid": c.spend_grid + 1},
        lambda c: {"incremental": c.incremental + 1},
        lambda c: {"incremental": c.incremental * np.nan},
        lambda c: {"incremental": c.incremental[:0]},
        lambda c: {"current_spend": -c.current_spend},
        lambda c: {"channels": ("a", "a", "b")},
    ],
)
def test_malformed_curves_are_refused(concave_world, change):
    curves = concave_world.curves()
    with pytest.raises(BadProblem):
        PlanProblem(replace(curves, **change(curves)), 100.0)


def test_margins_weigh_the_outcomes(concave_world):
    curves = concave_world.curves()
    shops = np.stack([0.7 * curves.incremental, 0.3 * curves.incremental])
    both = replace(curves, outcomes=("amazon", "stores"), by_outcome=shops)
    rules = Rules(plan=PlanRules(margins={"amazon": 0.4, "stores": 0.1}))
    assert PlanProblem(both, 100.0, rules).mean_values == pytest.approx(0.31 * curves.incremental.mean(axis=0))
    one = PlanProblem(curves, 100.0, Rules(plan=PlanRules(margins={"sales": 0.4})))
    assert one.mean_values == pytest.approx(0.4 * curves.incremental.mean(axis=0))
    with pytest.raises(BadRules, match="margin for stores as well"):
        PlanProblem(both, 100.0, Rules(plan=PlanRules(margins={"amazon": 0.4})))
    with pytest.raises(BadProblem, match="by_outcome"):
        PlanProblem(replace(curves, outcomes=("amazon", "stores")), 100.0)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"risk_level": 0.2}, "says nothing without"),
        ({"risk": Risk.CVAR, "risk_level": 0.0}, "risk_level must be above 0"),
        ({"target_iroas": 0.0}, "target_iroas must be above 0"),
        ({"margin": 0.5, "margins": {"sales": 0.3}}, "not both"),
    ],
)
def test_rules_of_the_plan_are_checked_against_each_other(plan, said):
    with pytest.raises(BadRules, match=said):
        Rules(plan=PlanRules(**plan))
