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
        (Rules(plan=PlanRules(risk=Risk.CVAR)), "cvar.*not yet supported"),
        (Rules(plan=PlanRules(risk_level=0.2)), "cvar.*not yet supported"),
        (Rules(plan=PlanRules(target_iroas=2.0)), "target_iroas is not yet supported"),
        (Rules(plan=PlanRules(margins={"sales": 0.3})), "margins .* not yet supported"),
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
