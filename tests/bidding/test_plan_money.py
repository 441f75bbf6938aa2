"""The plan's money around a day."""

from typing import Any

import numpy as np
import pytest

from bidding.errors import BidError
from bidding.plan_money import for_channels, from_day, money_around

START = np.datetime64("2026-01-05")


def plan(**changed: Any) -> dict[str, Any]:
    schedule = [{"week": week, "channel": "amazon", "spend": 100.0 * week} for week in range(1, 7)]
    return {"weeks": 6, "schedule": schedule, "flighting": {"starts": "2026-01-05"}} | changed


def test_the_block_of_four_weeks_around_today_and_its_shape() -> None:
    money = money_around(plan(), START + 10)
    assert (str(money.start), str(money.end)) == ("2026-01-05", "2026-02-01")
    assert money.planned == {"amazon": 1000.0}
    assert money.whole == {"amazon": 2100.0}
    assert money.shape["amazon"][[0, 7, 27]].tolist() == [0.4, 0.8, 1.6]


def test_the_last_block_is_as_long_as_the_plan() -> None:
    money = money_around(plan(flighting=None), START + 30, START)
    assert (str(money.start), str(money.end)) == ("2026-02-02", "2026-02-15")
    assert money.planned == {"amazon": 1100.0}


def test_days_that_no_report_reaches_take_their_money_with_them() -> None:
    later = from_day(money_around(plan(), START + 20), START + 14)
    assert str(later.start) == "2026-01-19"
    assert later.planned["amazon"] == pytest.approx(700.0)
    assert len(later.shape["amazon"]) == 14


def test_branded_and_generic_parts_of_a_plan_are_one_channels_money() -> None:
    rows = [
        {"week": week, "channel": name, "spend": spend * week}
        for week in range(1, 7)
        for name, spend in (("amazon_brand", 30.0), ("amazon_generic", 70.0), ("meta", 1.0))
    ]
    whole, parts = money_around(plan(), START + 10), money_around(plan(schedule=rows), START + 10)
    joined = for_channels(parts, ("amazon", "meta"))
    assert joined.planned["amazon"] == pytest.approx(whole.planned["amazon"])
    np.testing.assert_allclose(joined.shape["amazon"], whole.shape["amazon"])
    assert joined.planned["meta"] == parts.planned["meta"]
    assert for_channels(whole, ("amazon",)).planned == whole.planned


@pytest.mark.parametrize(
    ("changed", "today", "says"),
    [
        ({}, START - 1, "is not in the plan, which runs from 2026-01-05 to 2026-02-15"),
        ({"flighting": None}, START, "give --plan-start"),
        ({"schedule": []}, START, "has no schedule"),
        ({"schedule": [{"week": 9, "channel": "amazon", "spend": 1.0}]}, START, "names week 9, it has 6"),
        ({"schedule": [{"channel": "amazon"}]}, START, "is not an answer"),
    ],
)
def test_plans_that_cannot_be_bid_with(changed: dict[str, Any], today: np.datetime64, says: str) -> None:
    with pytest.raises(BidError, match=says):
        money_around(plan(**changed), today)
