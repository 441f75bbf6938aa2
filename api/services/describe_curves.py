"""Response curves in, their mean and intervals by channel as plain JSON out."""

from typing import Any

import numpy as np

from api.plain_json import plain
from measurement.curves import ResponseCurves

_QUANTILES = {"p5": 0.05, "p50": 0.5, "p95": 0.95}


def describe_curves(curves: ResponseCurves) -> dict[str, Any]:
    """Per channel the grid of spend over the planned weeks, and the incremental sales there."""
    return {
        "weeks": curves.weeks,
        "currency": curves.currency,
        "channels": [_channel(curves, index) for index in range(len(curves.channels))],
    }


def _channel(curves: ResponseCurves, index: int) -> dict[str, Any]:
    draws = curves.incremental[:, index]
    quantiles = np.quantile(draws, list(_QUANTILES.values()), axis=0)
    told: dict[str, Any] = plain(
        {
            "channel": curves.channels[index],
            "verdict": curves.verdicts[index],
            "current_spend": float(curves.current_spend[index]),
            "largest_observed_spend": float(curves.largest_observed_spend[index]),
            "spend": curves.spend_grid[index],
            "incremental": {"mean": draws.mean(axis=0), **dict(zip(_QUANTILES, quantiles, strict=True))},
        }
    )
    return told
