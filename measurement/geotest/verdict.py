"""An effect and a break-even in, one plain verdict out. A test that finds nothing is an interval, never "no effect"."""

from measurement.geotest.finding import Range
from measurement.geotest.result import Effect
from measurement.geotest.specification import AnalysisSettings

SMALL = 0.01
"""Shares below this are told to a hundredth of a percent."""


def verdict(effect: Effect, outcome: str, settings: AnalysisSettings) -> str:
    """What the test says about paying back, or about the lift alone where there is no return."""
    level = settings.level
    if not effect.lift.bounded:
        return (
            f"The data do not bound the effect at {_level(level)}: there are too few comparisons. The estimate is "
            f"{_percent(effect.percent_lift.estimate)}; test longer, or in more geos."
        )
    if effect.iroas is not None:
        return _against_break_even(effect.iroas, level, settings.break_even_iroas)
    return _of_lift(effect.percent_lift, outcome, level)


def _against_break_even(returned: Range, level: float, break_even: float) -> str:
    figures = (
        f"a unit of spend returned {_number(returned.estimate)} ({_level(level)} interval {_number(returned.low)} to "
        f"{_number(returned.high)}), break-even is {break_even:,.2f}"
    )
    if returned.low > break_even:
        return f"It paid: {figures}, and the whole interval lies above it."
    if returned.high < break_even:
        return f"It did not pay: {figures}, and the whole interval lies below it."
    if returned.touches(0.0):
        return (
            f"Open: {figures}. Both a loss of all that was spent and a return above break-even are possible; a "
            "longer or larger test would tell."
        )
    return f"It sold, but whether it paid is open: {figures}, inside the interval."


def _of_lift(lift: Range, outcome: str, level: float) -> str:
    figures = f"{_percent(lift.estimate)} ({_level(level)} interval {_percent(lift.low)} to {_percent(lift.high)})"
    if lift.low > 0:
        return f"{_subject(outcome)} rose by {figures}."
    if lift.high < 0:
        interval = f"{_level(level)} interval {_percent(-lift.high)} to {_percent(-lift.low)}"
        return f"{_subject(outcome)} fell by {_percent(-lift.estimate)} ({interval})."
    return (
        f"Open: the change in {outcome} is {figures}. The test rules out more than {_percent(lift.high)} up or "
        f"{_percent(-lift.low)} down, and cannot tell smaller effects from none."
    )


def _subject(outcome: str) -> str:
    return outcome[:1].upper() + outcome[1:]


def _percent(fraction: float) -> str:
    return f"{_minus(fraction)}{abs(100 * fraction):.{1 if abs(fraction) >= SMALL else 2}f} %"


def _number(value: float) -> str:
    return f"{_minus(value)}{abs(value):,.2f}"


def _minus(value: float) -> str:
    return "−" if value < 0 else ""


def _level(level: float) -> str:
    return f"{100 * level:.0f} %"
