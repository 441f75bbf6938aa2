"""Trimmed match: differences of response and spend within pairs in, the ratio of their effects out.

Chen and Au (2022), arXiv 1908.02922: the return is the value at which the pairs' residuals, the most extreme trimmed on
both sides, average to zero; the interval holds the values at which their studentised trimmed mean is small.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import stats

from measurement.geotest.comparison import FloatArray, IntArray
from measurement.geotest.finding import Range

LARGEST_TRIM = 0.25
"""Share of the pairs trimmed on each side, at most."""
LEAST_PAIRS = 4


@dataclass(frozen=True)
class TrimmedMatch:
    """The ratio with its interval.

    Attributes:
        ratio: response caused per unit of spend change, estimate and interval.
        standard_error: of the ratio, at its estimate.
        trimmed_per_side: how many pairs were trimmed on each side.
        trimmed: rows of the trimmed pairs.
        p_value: of a ratio of zero, which is that of no effect on the response.
    """

    ratio: Range
    standard_error: float
    trimmed_per_side: int
    trimmed: tuple[int, ...]
    p_value: float


def trimmed_match(response: FloatArray, spend: FloatArray, level: float, trim: int | None = None) -> TrimmedMatch:
    """Estimate the ratio from P pairs.

    Args:
        response, spend: treated minus control over the window, `(P,)`; spend of ones gives a trimmed mean difference.
        level: of the interval.
        trim: pairs trimmed on each side; None takes the fewest whose standard error is close to the least.
    """
    pairs = _Pairs(np.asarray(response, dtype=np.float64), np.asarray(spend, dtype=np.float64))
    most = int(LARGEST_TRIM * pairs.count + 1e-9)
    tried = [(m, *_estimate(pairs, m)) for m in ([trim] if trim is not None else range(most + 1))]
    least = min(error for _, _, error in tried)
    # Within a quarter of the root of the number of pairs counts as a tie, which goes to the lighter trimming.
    close = (1 + 0.25 / np.sqrt(pairs.count)) * least
    chosen, ratio, error = next(found for found in tried if found[2] <= close)
    order = np.argsort(pairs.residuals(ratio), kind="stable")
    odd = np.concatenate([order[:chosen], order[pairs.count - chosen :]])
    statistic = _SquaredStatistic.of(pairs, chosen)
    low, high = statistic.hull(float(stats.norm.ppf(0.5 + level / 2)))
    return TrimmedMatch(
        ratio=Range(ratio, min(low, ratio), max(high, ratio)),
        standard_error=error,
        trimmed_per_side=chosen,
        trimmed=tuple(sorted(int(row) for row in odd)),
        p_value=float(2 * stats.norm.sf(np.sqrt(statistic.least_beyond_zero(ratio)))),
    )


@dataclass(frozen=True)
class _Pairs:
    response: FloatArray
    spend: FloatArray

    @property
    def count(self) -> int:
        return len(self.response)

    def residuals(self, ratio: float) -> FloatArray:
        left: FloatArray = self.response - ratio * self.spend
        return left

    def edges(self) -> FloatArray:
        """Every ratio at which two residuals change places, with both infinities: between them the order is fixed."""
        first, second = np.triu_indices(self.count, 1)
        run = self.spend[first] - self.spend[second]
        rise = self.response[first] - self.response[second]
        return np.concatenate([[-np.inf], np.unique(rise[run != 0] / run[run != 0]), [np.inf]])

    def orders(self, edges: FloatArray) -> IntArray:
        """Rows by size of residual, one order for every piece between two edges, `(pieces, P)`."""
        inside = _inside(edges[:-1], edges[1:])
        order: IntArray = np.argsort(self.response - inside[:, None] * self.spend, axis=1, kind="stable")
        return order


def _inside(low: FloatArray, high: FloatArray) -> FloatArray:
    """A ratio within each piece, of which an end may be infinite."""
    left, right = np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)
    left = np.where(np.isfinite(low), left, right - 2 * np.maximum(1.0, np.abs(right)))
    right = np.where(np.isfinite(high), right, left + 2 * np.maximum(1.0, np.abs(left)))
    middle: FloatArray = (left + right) / 2
    return middle


def _estimate(pairs: _Pairs, trim: int) -> tuple[float, float]:
    """The ratio at which the trimmed mean is zero, and its standard error; infinite where there is none."""
    roots = _roots(pairs, trim)
    if not len(roots):
        return 0.0, np.inf
    ratio = min(roots.tolist(), key=lambda root: _asymmetry(pairs.residuals(root), trim))
    return ratio, _standard_error(pairs, trim, ratio)


def _roots(pairs: _Pairs, trim: int) -> FloatArray:
    edges = pairs.edges()
    kept = pairs.orders(edges)[:, trim : pairs.count - trim]
    run, rise = pairs.spend[kept].sum(axis=1), pairs.response[kept].sum(axis=1)
    there = run != 0
    roots = rise[there] / run[there]
    slack = 1e-9 * np.maximum(np.abs(roots), 1.0)
    inside = (edges[:-1][there] - slack <= roots) & (roots <= edges[1:][there] + slack)
    return np.unique(roots[inside])


def _asymmetry(residuals: FloatArray, trim: int) -> float:
    """How far the kept residuals are from lying symmetrically around zero."""
    ordered = np.sort(residuals)[trim : len(residuals) - trim]
    return float(np.abs(ordered + ordered[::-1]).sum())


def _standard_error(pairs: _Pairs, trim: int, ratio: float) -> float:
    residuals = pairs.residuals(ratio)
    order = np.argsort(residuals, kind="stable")
    ordered = residuals[order]
    kept = order[trim : pairs.count - trim]
    squares = float((np.clip(ordered, ordered[trim], ordered[pairs.count - 1 - trim]) ** 2).sum())
    run = abs(float(pairs.spend[kept].sum()))
    return float(np.sqrt(squares)) / run if run > 0 else np.inf


@dataclass(frozen=True)
class _SquaredStatistic:
    """Trimmed mean over its standard error, squared, as a function of the ratio: two quadratics on every piece.

    `numerator` and `denominator` hold their coefficients, highest power first, `(pieces, 3)`.
    """

    edges: FloatArray
    numerator: FloatArray
    denominator: FloatArray

    @classmethod
    def of(cls, pairs: _Pairs, trim: int) -> "_SquaredStatistic":
        edges = pairs.edges()
        order, count = pairs.orders(edges), pairs.count
        kept = order[:, trim : count - trim]
        level, slope = pairs.response[kept].mean(axis=1), -pairs.spend[kept].mean(axis=1)
        winsorised = order[:, np.clip(np.arange(count), trim, count - 1 - trim)]
        y, x = pairs.response[winsorised], -pairs.spend[winsorised]
        y, x = y - y.mean(axis=1, keepdims=True), x - x.mean(axis=1, keepdims=True)
        size = (count - 2 * trim - 1) * (count - 2 * trim)
        squares = np.stack([(x * x).sum(axis=1), 2 * (x * y).sum(axis=1), (y * y).sum(axis=1)], axis=1) / size
        return cls(edges, np.stack([slope**2, 2 * slope * level, level**2], axis=1), squares)

    def hull(self, quantile: float) -> tuple[float, float]:
        """Smallest and largest ratio whose statistic is at most the quantile's square; crossed where there is none."""
        accepted: list[float] = []
        difference = self.numerator - quantile**2 * self.denominator
        for piece, (low, high) in enumerate(zip(self.edges[:-1].tolist(), self.edges[1:].tolist(), strict=True)):
            cuts = [low, *(root for root in _real_roots(difference[piece]) if low < root < high), high]
            for left, right in pairwise(cuts):
                if np.polyval(difference[piece], _inside(np.array(left), np.array(right))) <= 0:
                    accepted += [left, right]
        return (min(accepted), max(accepted)) if accepted else (np.inf, -np.inf)

    def least_beyond_zero(self, ratio: float) -> float:
        """The least value at zero and at all ratios on its far side from the estimate, to agree with the hull."""
        least = np.inf
        for piece, (low, high) in enumerate(zip(self.edges[:-1].tolist(), self.edges[1:].tolist(), strict=True)):
            low, high = (low, min(high, 0.0)) if ratio > 0 else (max(low, 0.0), high)
            if low > high:
                continue
            turning = _real_roots(_slope_of_ratio(self.numerator[piece], self.denominator[piece]))
            for point in (low, high, *(root for root in turning if low < root < high)):
                least = min(least, _ratio_at(self.numerator[piece], self.denominator[piece], point))
        return least


def _ratio_at(numerator: FloatArray, denominator: FloatArray, point: float) -> float:
    if np.isinf(point):
        above, below = float(numerator[0]), float(denominator[0])
    else:
        above, below = float(np.polyval(numerator, point)), float(np.polyval(denominator, point))
    if below > 0:
        return max(above, 0.0) / below
    return 0.0 if above <= 0 else np.inf


def _slope_of_ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Coefficients of a quadratic with the sign of the slope of numerator / denominator."""
    (a, b, c), (d, e, f) = numerator, denominator
    return np.array([a * e - b * d, 2 * (a * f - c * d), b * f - c * e])


def _real_roots(coefficients: FloatArray) -> list[float]:
    """Real roots of a quadratic, in order; none of a constant."""
    a, b, c = (float(coefficient) for coefficient in coefficients)
    if a == 0:
        return [-c / b] if b else []
    discriminant = b * b - 4 * a * c
    if discriminant < 0:
        return []
    half = -(b + np.copysign(np.sqrt(discriminant), b)) / 2
    return sorted({half / a, c / half} if half else {0.0})
