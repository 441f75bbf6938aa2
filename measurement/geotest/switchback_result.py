"""The answer to a switchback: lift, return, checks, placebo record and verdict, with the public JSON. Values only."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measurement.geotest.finding import Placebos, Range
from measurement.geotest.result import Effect
from measurement.geotest.switchback_schedule import Schedule

NO_ROW = (
    "A switchback is no row of experiments.csv: a row is one window against the same days without it, and this test's "
    "off-blocks were compared with on-blocks of the same series. A model fitted to a panel with these weeks already "
    "learns from the switched spend (rows would count the same sales twice), and blocks shorter than a week cannot be "
    "told in a weekly model. Fit the model to a panel that holds the test"
)


@dataclass(frozen=True)
class SwitchbackResult:
    """The analysed test.

    Attributes:
        effect: lift, its share and so on over the on-blocks' periods that count; `att` is per such period.
        plain: (share, p-value) of the mean difference within pairs, without adjustment.
        longer_washout: (periods left out, share) with twice the washout, or None where blocks are too short.
        outcomes: of the coins that were compared.
        placebos: the same schedule in the past.
        dates, observed, counted, on: of the test's periods, for plots.
    """

    outcome: str
    channel: str
    currency: str
    schedule: Schedule
    level: float
    effect: Effect
    plain: tuple[Range, float]
    longer_washout: tuple[int, Range] | None
    outcomes: int
    periods_counted: int
    periods_left_out: int
    placebos: Placebos
    warnings: tuple[str, ...]
    verdict: str
    dates: NDArray[np.datetime64] = field(repr=False)
    observed: NDArray[np.float64] = field(repr=False)
    counted: NDArray[np.bool_] = field(repr=False)
    on: NDArray[np.bool_] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON; series are for plots and stay out."""
        effect = self.effect.to_json()
        longer = self.longer_washout
        return {
            "estimator": "switchback",
            "inference": f"randomisation test over {self.outcomes:,} outcomes of the coins within pairs of blocks",
            "outcome": self.outcome,
            "channel": self.channel,
            "currency": self.currency,
            "window": {"start": self.schedule.start, "end": self.schedule.end, "cooldown_end": None},
            "level": self.level,
            "pairs": self.schedule.pairs,
            "periods_counted": self.periods_counted,
            "periods_left_out": self.periods_left_out,
            **{("lift_per_period" if name == "att" else name): value for name, value in effect.items()},
            "unadjusted": {"percent_lift": self.plain[0].to_json(), "p_value": self.plain[1]},
            "longer_washout": {"washout": longer[0], "percent_lift": longer[1].to_json()} if longer else None,
            "placebo": {
                "placements": len(self.placebos.p_values),
                "false_positive_rate": self.placebos.false_positive_rate(self.level),
                "windows": self.placebos.windows,
                "periods": self.periods_counted + self.periods_left_out,
            },
            "experiments": [],
            "experiments_refused_because": NO_ROW,
            "warnings": list(self.warnings),
            "verdict": self.verdict,
        }
