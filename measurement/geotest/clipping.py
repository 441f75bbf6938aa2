"""Odd days are cut back before a fit: a comparison in, the same without spikes out, and how many were cut.

A geo's series is judged against what all geos did on that day; the treated geos' window against its own median, so that
a lift is not taken for an outlier.
"""

from dataclasses import replace

import numpy as np

from measurement.geotest.comparison import Comparison, FloatArray

LARGEST_DEVIATION = 3.5
"""In standard deviations, estimated by the median absolute deviation."""
NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


def clipped(comparison: Comparison) -> tuple[Comparison, int]:
    """Cut geo-periods back to 3.5 robust standard deviations; returns how many were."""
    before = slice(0, comparison.periods_before)
    outcome = comparison.everyone()
    volumes = outcome[:, before].mean(axis=1, keepdims=True)
    relative = outcome / volumes
    first_donor = len(comparison.treated)
    shares = volumes[first_donor:, 0] / volumes[first_donor:].sum()
    shared = shares @ relative[first_donor:]
    deviations = relative - shared
    centre = np.median(deviations[:, before], axis=1, keepdims=True)
    reach = LARGEST_DEVIATION * NORMAL * np.median(np.abs(deviations[:, before] - centre), axis=1, keepdims=True)
    centres = np.broadcast_to(centre, deviations.shape).copy()
    window = deviations[:first_donor, comparison.periods_before :]
    centres[:first_donor, comparison.periods_before :] = np.median(window, axis=1, keepdims=True)
    # A series that hardly moves has no scale to judge by.
    kept: FloatArray = np.where(reach > 0, np.clip(deviations, centres - reach, centres + reach), deviations)
    cut = int((kept != deviations).sum())
    mended = (kept + shared) * volumes
    return replace(comparison, treated=mended[:first_donor], donors=mended[first_donor:]), cut


def without_spikes(outcome: FloatArray, periods_before: int) -> FloatArray:
    """The same for geos none of which is treated, `(G, T)`."""
    nobody = np.zeros((0, 2), dtype=np.int64)
    return clipped(Comparison(outcome[:0], outcome, periods_before, (), nobody))[0].donors
