"""Two plans held against each other, draw by draw."""

import numpy as np
import pytest

from optimizer.comparison import compare_plans
from optimizer.errors import BadProblem


def test_differences_are_those_of_the_draws_own_curves(hill_world):
    curves = hill_world(3, 3).with_(noise=0.6).curves()
    first, second = (50.0, 120.0, 30.0), (100.0, 60.0, 55.5)
    found = compare_plans(
        curves, dict(zip(curves.channels, first, strict=True)), dict(zip(curves.channels, second, strict=True))
    )
    sold = [
        sum(np.array([np.interp(x, curves.spend_grid[c], draw[c]) for draw in curves.incremental]) for c, x in plan)
        for plan in (enumerate(first), enumerate(second))
    ]
    assert found.gain.mean == pytest.approx((sold[0] - sold[1]).mean())
    assert found.gain.p5 == pytest.approx(np.percentile(sold[0] - sold[1], 5))
    assert found.probability_better == pytest.approx((sold[0] > sold[1]).mean())
    assert sum(line.gain.mean for line in found.lines) == pytest.approx(found.gain.mean)
    assert found.spend == 200.0
    assert found.other_spend == 215.5
    assert "16 less spent" in found.advice


def test_a_plan_against_itself_is_a_tie(concave_world):
    plan = {"channel_0": 50.0, "channel_1": 60.0, "channel_2": 70.0}
    found = compare_plans(concave_world.curves(), plan, plan)
    assert found.gain.mean == 0.0
    assert found.probability_better == 0.5
    assert "do not tell them apart" in found.advice


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"channel_0": 1.0, "channel_1": 1.0}, "no line for channel_2"),
        ({"channel_0": 1.0, "channel_1": 1.0, "channel_2": 1.0, "chanel_2": 2.0}, 'Did you mean "channel_2"'),
        ({"channel_0": -1.0, "channel_1": 1.0, "channel_2": 1.0}, "no amount of money"),
        ({"channel_0": float("nan"), "channel_1": 1.0, "channel_2": 1.0}, "no amount of money"),
    ],
)
def test_plans_that_do_not_fit_the_curves_are_refused(concave_world, other, said):
    plan = dict.fromkeys(concave_world.curves().channels, 10.0)
    with pytest.raises(BadProblem, match=said):
        compare_plans(concave_world.curves(), plan, other)
