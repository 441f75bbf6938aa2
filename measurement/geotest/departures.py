"""A series before and during a test in, how far it departs from what was usual out, against its own past.

What was usual is the mean of the eight weeks before; how far such a mean is usually missed is told from blocks of the
elapsed length before the test, each held against its own eight weeks.
"""

from dataclasses import dataclass

import numpy as np

from measurement.geotest.comparison import FloatArray

NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
SPREADS = 3.0
LEAST_BLOCKS = 4


@dataclass(frozen=True)
class Departure:
    """What was usual per period, what is now, and the change from which it is worth a word.

    Attributes:
        usual, now: means per period.
        change: relative; infinite where there was nothing before.
        notable: the size from which the change is no usual one.
    """

    usual: float
    now: float
    change: float
    notable: float

    @property
    def stands_out(self) -> bool:
        """Whether the change is larger than usual ones."""
        return bool(abs(self.change) > self.notable)


def departure(series: FloatArray, periods_before: int, reference: int, least: float) -> Departure:
    """How far a series departs from its usual level.

    Args:
        series: `(T,)`, to the last period known.
        periods_before: periods before the test.
        reference: periods that tell what is usual.
        least: relative change below which nothing stands out.
    """
    elapsed = len(series) - periods_before
    usual, now = _level(series, periods_before, reference), float(series[periods_before:].mean())
    past = [
        _relative(_level(series, start, reference), float(series[start : start + elapsed].mean()))
        for start in range(periods_before - elapsed, min(reference, periods_before) - 1, -elapsed)
    ]
    known = np.array([change for change in past if np.isfinite(change)])
    spread = NORMAL * float(np.median(np.abs(known))) if len(known) >= LEAST_BLOCKS else 0.0
    return Departure(usual, now, _relative(usual, now), max(least, SPREADS * spread))


def _level(series: FloatArray, end: int, reference: int) -> float:
    return float(series[max(0, end - reference) : end].mean())


def _relative(usual: float, now: float) -> float:
    if usual == 0:
        return 0.0 if now == 0 else float(np.inf)
    return (now - usual) / abs(usual)
