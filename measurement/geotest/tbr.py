"""Time-based regression: treated and control totals in, the window's cumulative effect with its t distribution out.

Kerman, Wang and Vaver (2017). Errors are taken as independent from period to period; where they are not, intervals are
too narrow, which the placebo record shows.
"""

from dataclasses import dataclass

import numpy as np

from measurement.geotest.comparison import FloatArray


@dataclass(frozen=True)
class CumulativeEffect:
    """The effect summed over the window: `estimate` plus `standard_error` times t with `degrees_of_freedom`.

    `counterfactual` is the treated total as the controls predict it, `(T,)`.
    """

    estimate: float
    standard_error: float
    degrees_of_freedom: int
    counterfactual: FloatArray


def time_based_regression(treated: FloatArray, control: FloatArray, periods_before: int) -> CumulativeEffect:
    """Regress treated totals on control totals before the window, and predict the window.

    Args:
        treated, control: totals by period, `(T,)`.
        periods_before: T0, at least 3.
    """
    x, y = control[:periods_before], treated[:periods_before]
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread > 0 else 0.0
    counterfactual = y.mean() + slope * (control - x.mean())
    degrees = periods_before - 2
    variance = float(((y - counterfactual[:periods_before]) ** 2).sum()) / degrees
    window = control[periods_before:]
    periods = len(window)
    leverage = periods**2 / periods_before
    if spread > 0:
        leverage += float((window - x.mean()).sum()) ** 2 / spread
    return CumulativeEffect(
        estimate=float((treated - counterfactual)[periods_before:].sum()),
        standard_error=float(np.sqrt(variance * (periods + leverage))),
        degrees_of_freedom=degrees,
        counterfactual=counterfactual,
    )
