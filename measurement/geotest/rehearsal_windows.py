"""Sales by geo and a test's length in, past windows out: some to choose a design by, others to say what it can do."""

from dataclasses import dataclass

import numpy as np

from measurement.geotest.comparison import LEAST_BEFORE, FloatArray, PlaceboWindows

MOST_WINDOWS = 5
LEAST_WINDOWS = 2


@dataclass(frozen=True)
class RehearsalWindows:
    """Windows that share no period: the earlier ones choose, the later ones, most like the test, are held back."""

    choosing: PlaceboWindows
    held_back: PlaceboWindows

    @property
    def count(self) -> int:
        """How many there are in all."""
        return len(self.choosing.starts) + len(self.held_back.starts)

    @property
    def enough(self) -> bool:
        """Whether there are enough of both."""
        return min(len(self.choosing.starts), len(self.held_back.starts)) >= LEAST_WINDOWS


def rehearsal_windows(outcome: FloatArray, periods: int) -> RehearsalWindows:
    """Windows of the test's length within each half of the past that leaves enough before it.

    Windows of one half lie at least half a length apart, evenly where there is room for more than are used, and every
    geo has sold something before each.

    Args:
        outcome: `(G, T)`.
        periods: length of the test.
    """
    total = outcome.shape[1]
    earliest = max(LEAST_BEFORE, periods, total // 3)
    middle = earliest + (total - earliest) // 2
    sold = np.cumsum(outcome, axis=1).min(axis=0) > 0
    halves = []
    for first, end in ((earliest, middle), (middle, total)):
        starts = [start for start in range(end - periods, first - 1, -max(1, periods // 2)) if sold[start - 1]]
        if len(starts) > MOST_WINDOWS:
            chosen = np.linspace(0, len(starts) - 1, MOST_WINDOWS).round().astype(int)
            starts = [starts[place] for place in chosen]
        halves.append(PlaceboWindows(tuple(starts), periods))
    return RehearsalWindows(*halves)
