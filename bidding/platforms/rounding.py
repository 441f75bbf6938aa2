"""Bids and budgets onto a platform's steps and into its limits, in exact decimals: no binary fraction in a file."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_DOWN, Decimal

import numpy as np

from bidding.errors import BidError
from bidding.platforms.limits import PlatformLimits
from bidding.snapshot import FloatArray, IntArray

NO_LARGEST = np.iinfo(np.int64).max


def round_bid(value: Decimal | float | str, limits: PlatformLimits) -> Decimal:
    """The multiple of the step that is nearest to the value, the lower one of two, within the limits.

    Raises:
        BidError: the value is no number, or not above zero.
    """
    exact = _decimal(value)
    if not exact > 0:
        raise BidError(f"a bid must be above 0, not {value}")
    steps = (exact / limits.step).to_integral_value(ROUND_HALF_DOWN)
    return _clamped(steps * limits.step, limits.min_bid, limits.max_bid, limits.step)


def round_budget(value: Decimal | float | str, limits: PlatformLimits) -> Decimal:
    """The multiple of the step at or below the value, within the limits of daily budgets.

    Raises:
        BidError: the value is no number, or below zero.
    """
    exact = _decimal(value)
    if exact < 0:
        raise BidError(f"a budget must not be below 0, not {value}")
    steps = (exact / limits.step).to_integral_value(ROUND_FLOOR)
    return _clamped(steps * limits.step, limits.min_daily_budget or limits.step, limits.max_daily_budget, limits.step)


def keeps(value: Decimal, limits: PlatformLimits) -> str | None:
    """None where a bid keeps step and limits, else what it breaks, in words."""
    if value % limits.step != 0:
        return f"{value} is no multiple of {limits.step}"
    if value < limits.min_bid:
        return f"{value} is below the least bid of {limits.min_bid}"
    if limits.max_bid is not None and value > limits.max_bid:
        return f"{value} is above the largest bid of {limits.max_bid}"
    return None


def in_steps(values: FloatArray, limits: PlatformLimits) -> IntArray:
    """`round_bid` of many values at once, as whole numbers of steps, `(N,)`; every value above zero and finite.

    A value within a millionth of a step of the half between two counts as the half, so that binary fractions of exact
    amounts round as the amounts do.
    """
    scaled = np.asarray(values, dtype=np.float64) / float(limits.step)
    steps = np.ceil(scaled - 0.5 - 1e-6).astype(np.int64)
    least = int((limits.min_bid / limits.step).to_integral_value(ROUND_CEILING))
    largest = NO_LARGEST if limits.max_bid is None else int(limits.max_bid // limits.step)
    return np.clip(steps, least, largest)


def text_of_steps(steps: int, limits: PlatformLimits) -> str:
    """The exact decimal text of a whole number of steps, such as "0.75"."""
    return format(int(steps) * limits.step, "f")


def _decimal(value: Decimal | float | str) -> Decimal:
    try:
        exact = value if isinstance(value, Decimal) else Decimal(str(value))
    except ArithmeticError:
        raise BidError(f"{value!r} is not a number") from None
    if not exact.is_finite():
        raise BidError(f"{value!r} is not a finite number")
    return exact


def _clamped(value: Decimal, least: Decimal, largest: Decimal | None, step: Decimal) -> Decimal:
    """Within the limits, themselves moved inwards onto the step."""
    floor = (least / step).to_integral_value(ROUND_CEILING) * step
    ceiling = None if largest is None else (largest / step).to_integral_value(ROUND_FLOOR) * step
    raised = max(value, floor)
    return (raised if ceiling is None else min(raised, ceiling)).quantize(step)
