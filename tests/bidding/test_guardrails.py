"""The guardrails on arrays: fixed order, properties over whatever bids and limits hypothesis thinks of."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidding.guardrails.apply_rules import guard
from bidding.guardrails.moves import Guarded, Moves
from bidding.guardrails.rules import RULES, Effect, Guard
from bidding.money import UNBOUNDED, UNKNOWN, micros_from_text, micros_of, money_of, text_of
from bidding.placements import worst_multiple
from bidding.snapshot import Strategy

CENT = 10_000


def moves(old: list[int], wanted: list[int], **changed: Any) -> Moves:
    """Bids in cents with the limits of Amazon in the United States, unless changed."""
    count = len(old)

    def full(micros: int) -> Any:
        return np.full(count, micros, dtype=np.int64)

    bids = np.array(old, dtype=np.int64) * CENT
    given: dict[str, Any] = {
        "old": bids,
        "wanted": np.array(wanted, dtype=np.int64) * CENT,
        "day_start": bids,
        "week_start": bids,
        "daily_change": np.full(count, 0.2),
        "weekly_change": np.full(count, 0.4),
        "account_low": full(0),
        "account_high": full(int(UNBOUNDED)),
        "ceiling": full(int(UNBOUNDED)),
        "platform_low": full(2 * CENT),
        "platform_high": full(100_000 * CENT),
        "step": full(CENT),
    }
    return Moves(**given | changed)


def test_the_order_in_code_is_the_order_of_the_document() -> None:
    assert [rule.guard for rule in RULES] == sorted(Guard)[1:]
    text = (Path(__file__).resolve().parents[2] / "docs" / "guardrails.md").read_text(encoding="utf-8")
    written = re.findall(r"^\| \d+ \| `(\w+)` \|", text, flags=re.MULTILINE)
    assert written == [*dict.fromkeys(rule.code for rule in RULES), "approval"]


@pytest.mark.parametrize(
    ("old", "wanted", "new", "binding"),
    [
        (100, 110, 110, Guard.NONE),
        (100, 200, 120, Guard.DAILY_CHANGE),
        (100, 10, 80, Guard.DAILY_CHANGE),
        (2, 50, 3, Guard.WEEKLY_CHANGE),
        (3, 1, 2, Guard.DAILY_CHANGE),
    ],
)
def test_bids_move_to_the_optimum_within_a_fifth_and_at_least_a_step(
    old: int, wanted: int, new: int, binding: Guard
) -> None:
    found = guard(moves([old], [wanted]))
    assert found.new[0] == new * CENT
    assert found.binding[0] == binding


def test_the_first_guardrail_that_holds_is_named() -> None:
    yes = np.array([True])
    flags = {Guard.COOL_DOWN: yes, Guard.STALE_DATA: yes, Guard.MANUAL_CHANGE: yes}
    found = guard(moves([100], [110], flags=flags))
    assert (found.new[0], found.held[0]) == (100 * CENT, Guard.STALE_DATA)


def test_what_may_not_rise_may_fall_and_is_held_where_it_would_rise() -> None:
    flags = {Guard.TRUST: np.array([True, True])}
    found = guard(moves([100, 100], [110, 90], flags=flags))
    assert found.new.tolist() == [100 * CENT, 90 * CENT]
    assert found.held.tolist() == [Guard.TRUST, Guard.NONE]


def test_a_limit_on_change_never_forces_a_bid_that_stands_outside_it_to_move() -> None:
    outside = {"week_start": np.array([50 * CENT]), "flags": {Guard.TRUST: np.array([True])}}
    assert guard(moves([100], [100], **outside)).new[0] == 100 * CENT


def test_a_ceiling_below_the_platforms_least_holds() -> None:
    found = guard(moves([5], [6], ceiling=np.array([CENT])))
    assert (found.new[0], found.held[0]) == (5 * CENT, Guard.CEILING)


def test_a_bid_that_is_not_known_is_not_touched() -> None:
    found = guard(replace(moves([1], [110]), old=np.array([UNKNOWN])))
    assert (found.new[0], found.held[0]) == (UNKNOWN, Guard.NO_BID)


def test_bids_that_are_on_no_step_are_set_to_one_when_they_move_and_not_before() -> None:
    odd = np.array([1_004_500])
    found = guard(replace(moves([100], [105]), old=odd))
    assert found.new[0] == 1_050_000
    assert guard(replace(moves([100], [100]), old=odd, wanted=odd)).new[0] == 1_004_500


def test_the_worst_click_multiplies_every_modifier() -> None:
    modifiers = np.array([[0.5, 0.0, 2.0], [0.5, 0.0, 2.0], [9.0, 0.0, 0.0]])
    strategy = np.array([Strategy.FIXED, Strategy.UP_AND_DOWN, Strategy.UP_AND_DOWN])
    assert worst_multiple(modifiers, strategy).tolist() == [3.0, 4.5, 20.0]


CENTS = st.integers(min_value=2, max_value=100_000)
SHARE = st.sampled_from([0.0, 0.01, 0.1, 0.2, 0.5])
CASE = st.fixed_dictionaries(
    {
        "old": CENTS,
        "wanted": st.integers(min_value=0, max_value=10_000_000),
        "day": CENTS,
        "week": CENTS,
        "daily": SHARE,
        "weekly": st.sampled_from([0.0, 0.01, 0.1, 0.2, 0.5, 1.0, 2.0]),
        "account": st.tuples(st.integers(0, 500), st.integers(500, 200_000)),
        "ceiling": st.integers(1, 300_000),
        "rise": st.booleans(),
        "fall": st.booleans(),
        "hold": st.sampled_from([None, *(rule.guard for rule in RULES if rule.effect is Effect.HOLD)]),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.lists(CASE, min_size=1, max_size=40))
def test_no_bid_leaves_its_limits_its_step_or_its_largest_change(cases: list[dict[str, Any]]) -> None:
    made = moves(
        [case["old"] for case in cases],
        [case["wanted"] for case in cases],
        day_start=np.array([case["day"] * CENT for case in cases]),
        week_start=np.array([case["week"] * CENT for case in cases]),
        daily_change=np.array([case["daily"] for case in cases]),
        weekly_change=np.array([case["weekly"] for case in cases]),
        account_low=np.array([case["account"][0] * CENT for case in cases]),
        account_high=np.array([case["account"][1] * CENT for case in cases]),
        ceiling=np.array([case["ceiling"] * CENT for case in cases]),
        flags={
            Guard.TRUST: np.array([case["rise"] for case in cases]),
            Guard.EVENT_RISES: np.array([case["fall"] for case in cases]),
        }
        | {
            rule.guard: np.array([case["hold"] is rule.guard for case in cases])
            for rule in RULES
            if rule.effect is Effect.HOLD and rule.guard is not Guard.NO_BID
        },
    )
    found = guard(made)
    for row in range(len(cases)):
        _keeps_its_limits(made, found, row)
        hold = cases[row]["hold"]
        if hold not in (None, Guard.NO_BID):
            assert found.new[row] == made.old[row]
            assert found.held[row] == hold


def _keeps_its_limits(made: Moves, found: Guarded, row: int) -> None:
    old, new, step = (int(column[row]) for column in (made.old, found.new, made.step))
    if new == old:
        return
    assert new % step == 0
    assert made.platform_low[row] <= new <= made.platform_high[row]
    assert new <= made.ceiling[row]
    # Only the hard limits, which come last, may carry a bid further than a day's or a week's change allows.
    hard_low = max(int(made.platform_low[row]), min(int(made.account_low[row]), int(made.ceiling[row])))
    hard_high = min(int(made.account_high[row]), int(made.ceiling[row]), int(made.platform_high[row]))
    for start, share in (
        (made.day_start[row], made.daily_change[row]),
        (made.week_start[row], made.weekly_change[row]),
    ):
        reach = max(int(start * share + 1e-6), step)
        assert min(start - reach, old, hard_high) <= new <= max(start + reach, old, hard_low)
    if made.flags[Guard.TRUST][row] and old >= hard_low:
        assert new <= old
    if made.flags[Guard.EVENT_RISES][row] and not made.flags[Guard.TRUST][row] and old <= hard_high:
        assert new >= old


@given(st.integers(min_value=0, max_value=10**13))
def test_money_survives_text(micros: int) -> None:
    assert micros_from_text(text_of(micros)) == micros


def test_money_is_written_with_the_currencys_decimals_or_more() -> None:
    assert [text_of(value) for value in (750_000, 755_000, 2_000_000, 0, UNKNOWN)] == [
        "0.75",
        "0.755",
        "2.00",
        "0.00",
        "",
    ]
    assert text_of(120_000_000, 0) == "120"
    assert micros_of(np.array([0.29, np.nan])).tolist() == [290_000, UNKNOWN]
    assert np.isnan(money_of(np.array([UNKNOWN]))[0])


@pytest.mark.parametrize("ceiling", [875_912, 880_000, 1_459_854, 364_963])
def test_a_ceiling_between_two_steps_brings_a_far_higher_bid_below_it(ceiling: int) -> None:
    """The day's change would leave a bid of 2.00 at 1.60; a ceiling is final, whether it lies on a step or not."""
    for wanted in (40, 120, 200, 240):
        found = guard(moves([200], [wanted], ceiling=np.array([ceiling])))
        assert found.new.tolist() == [ceiling // CENT * CENT]
        assert found.binding.tolist() == [int(Guard.CEILING)]
    below = guard(moves([200], [120], ceiling=np.array([15_000])))
    assert (below.new.tolist(), below.held.tolist()) == ([200 * CENT], [int(Guard.CEILING)]), "below the least bid"
