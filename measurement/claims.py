"""A fitted model and its panel's attributed sales in; per channel what is claimed beside what is incremental out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measurement.fitted import FittedModel
from measurement.interval import Interval, summarise
from measurement.panel import Panel
from measurement.posterior import current_spend, marginal_iroas
from measurement.preparation import window_length

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ELASTICITY_PRIOR = (0.85, 0.15)
"""Mean and sd of how claims grow with spend, both in logs: dearer clicks and broader terms claim a little less."""
ELASTICITY_FLOOR = 0.05
"""Least sd of what a panel says of it: spend that follows demand pulls the slope up, however long the panel."""
ELASTICITY_RANGE = (0.2, 1.5)
FEWEST_WEEKS = 4


@dataclass(frozen=True, eq=False)
class ChannelClaims:
    """What a platform claims for a channel, and how much of it is incremental.

    Attributes:
        channel: its name.
        weeks: weeks of the report's window in which the platform's claims are known; all figures are of these.
        spend, attributed: money spent and sales claimed in them.
        incremental: incremental sales in them, by draw, `(D,)`.
        elasticity: how claims grow with spend, in logs, by draw, `(D,)`.
        marginal_ratio: incremental sales per unit of claimed sales at the margin of today's spend, by draw, `(D,)`.
    """

    channel: str
    weeks: int
    spend: float
    attributed: float
    incremental: FloatArray
    elasticity: FloatArray
    marginal_ratio: FloatArray

    @property
    def ratio(self) -> FloatArray:
        """Incremental sales per unit of claimed sales, on average, by draw, `(D,)`."""
        shares: FloatArray = self.incremental / self.attributed
        return shares

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "attributed": self.attributed,
            "attributed_roas": self.attributed / self.spend,
            "weeks": self.weeks,
            "incremental": _summary(self.incremental),
            "ratio": _summary(self.ratio),
            "marginal_ratio": _summary(self.marginal_ratio),
            "elasticity": _summary(self.elasticity),
        }


def channel_claims(model: FittedModel) -> tuple[ChannelClaims | None, ...]:
    """Claims of every channel, in the panel's order; `None` where fewer than four weeks of them are known.

    At the margin the next unit of money claims `elasticity` times what the average one does, where claims grow with
    spend to that power. It is learnt from the panel's geo-weeks, after removing means of geos and weeks, under a prior
    of 0.85 ± 0.15. That is an assumption: demand that moves spend and claims together in one geo pulls it up, which
    makes the marginal ratio too small rather than too large.
    """
    marginal = None
    found: list[ChannelClaims | None] = []
    for index, name in enumerate(model.panel.channel_names):
        known = known_weeks(model.panel, index)
        if known.sum() < FEWEST_WEEKS or np.nansum(model.panel.attributed_sales[:, known, index]) <= 0:
            found.append(None)
            continue
        marginal = marginal_iroas(model.panel, model.draws) if marginal is None else marginal
        found.append(_claims_of(model, name, index, known, marginal[:, index]))
    return tuple(found)


def marginal_ratio_at(model: FittedModel, index: int, spend: float, weeks: int) -> FloatArray:
    """Incremental over claimed sales of the next unit of money where a plan spends `spend` in `weeks`, `(D,)`.

    Raises:
        ValueError: the channel has no claims (`channel_claims` says `None`).
    """
    claims = channel_claims(model)[index]
    if claims is None:
        raise ValueError(f"no claims are known of {model.panel.channel_names[index]}")
    planned = current_spend(model.panel, weeks)
    today = planned[index]
    planned[index] = spend
    slope = marginal_iroas(model.panel, model.draws, planned, weeks)[:, index]
    average = claims.attributed / claims.spend
    claimed = claims.elasticity * average * (max(spend, 1e-9) / max(today, 1e-9)) ** (claims.elasticity - 1.0)
    ratio: FloatArray = slope / claimed
    return ratio


def known_weeks(panel: Panel, index: int) -> BoolArray:
    """Weeks of the report's window, from the first to the last claim, in which every geo that spent has its claims."""
    spend, claims = panel.spend[:, :, index], panel.attributed_sales[:, :, index]
    claiming: BoolArray = np.asarray(np.isfinite(claims).any(axis=0))
    between = np.logical_or.accumulate(claiming) & np.logical_or.accumulate(claiming[::-1])[::-1]
    in_window = np.arange(len(panel.dates)) >= len(panel.dates) - window_length(len(panel.dates))
    known: BoolArray = np.all(np.isfinite(claims) | (spend <= 0), axis=0) & between & in_window
    return known


def claims_elasticity(panel: Panel, index: int, draws: int) -> FloatArray:
    """How a channel's claims grow with its spend, both in logs, `(draws,)`: quantiles of a normal, shuffled."""
    mean, sd = _posterior_elasticity(panel, index)
    generator = np.random.default_rng(index)
    return np.clip(mean + sd * generator.standard_normal(draws), *ELASTICITY_RANGE)


def _claims_of(model: FittedModel, name: str, index: int, known: BoolArray, marginal: FloatArray) -> ChannelClaims:
    panel = model.panel
    contribution = model.draws["contribution"][:, index]
    fitted = known[len(known) - contribution.shape[1] :]
    spend = float(panel.spend[:, known, index].sum())
    attributed = float(np.nansum(panel.attributed_sales[:, known, index]))
    elasticity = claims_elasticity(panel, index, len(marginal))
    return ChannelClaims(
        channel=name,
        weeks=int(known.sum()),
        spend=spend,
        attributed=attributed,
        incremental=contribution[:, fitted].sum(axis=1),
        elasticity=elasticity,
        marginal_ratio=marginal / (elasticity * attributed / spend),
    )


def _posterior_elasticity(panel: Panel, index: int) -> tuple[float, float]:
    """Normal prior times what the slope within geos and weeks says, its error clustered by geo."""
    prior_mean, prior_sd = ELASTICITY_PRIOR
    spend, claims = panel.spend[:, :, index], panel.attributed_sales[:, :, index]
    used = (spend > 0) & (np.nan_to_num(claims) > 0)
    if used.sum() < 20:
        return prior_mean, prior_sd
    x = _within(np.where(used, np.log(np.where(used, spend, 1.0)), 0.0), used)
    y = _within(np.where(used, np.log(np.where(used, claims, 1.0)), 0.0), used)
    moved = float((x**2).sum())
    if moved < 1e-6 * used.sum():
        return prior_mean, prior_sd
    slope = float((x * y).sum()) / moved
    error = x * (y - slope * x)
    clusters = error.sum(axis=1) if len(panel.geos) > 4 else error.ravel()
    variance = float((clusters**2).sum()) / moved**2 + ELASTICITY_FLOOR**2
    weight = prior_sd**2 / (prior_sd**2 + variance)
    return prior_mean + weight * (slope - prior_mean), prior_sd * float(np.sqrt(1.0 - weight))


def _within(values: FloatArray, used: BoolArray) -> FloatArray:
    """Values less the means of their geo and, where there are several geos, of their week; by alternating means."""
    rest = values * used
    for _ in range(20):
        for axis in (1, 0) if len(rest) > 1 else (1,):
            means = rest.sum(axis=axis, keepdims=True) / np.maximum(used.sum(axis=axis, keepdims=True), 1)
            rest = (rest - means) * used
    return rest


def _summary(draws: FloatArray) -> dict[str, float]:
    interval: Interval = summarise(draws)
    return interval.to_json()
