"""Hidden demand that spend may follow: doses and a first pass in; out, per channel at risk, a stand-in and its scale.

With a demand proxy of reliability r (given spend), least squares leaves (1 - r) / r of the demand that spend predicts
through the proxy on the channel: errors in variables. The stand-in is that prediction, from spend anomalies before and
after each week as well: demand lasts for weeks, advertising cannot sell before it runs. Where no proxy tells, the
stand-in is the anomaly itself, of a scale that is our judgement, and only for channels that capture demand by name or
by what the analyst states.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.first_pass import FirstPass, two_way_residual
from measurement.panel import Level, Panel
from measurement.priors import ChannelPrior, Priors

FloatArray = NDArray[np.float64]

DEMAND_WORDS = ("search", "brand", "shopping", "sponsored", "sem", "ppc")
DEFAULT_CONFOUNDING = 0.05
"""Relative sales per unit of the anomaly that may be demand, where no proxy tells: our judgement."""
NOTICEABLE_CORRELATION = 0.15
"""Least multiple correlation of the proxies with a channel's anomalies that says that its spend follows demand."""
LEADS = 4
"""Weeks before and after each week whose spend anomalies predict its demand."""
RIDGE = 1e-3
TELLING_SHARE = 0.05
"""Proxies whose share of sales varies less than this share of the noise tell nothing about demand."""


@dataclass(frozen=True)
class Confounders:
    """Stand-ins for hidden demand, in the terms of `ModelInputs`: J columns `(J, G, N)`, their channels and scales."""

    columns: FloatArray
    channels: NDArray[np.int64]
    scale: FloatArray
    by_proxy: NDArray[np.bool_]


def captures_demand(name: str, prior: ChannelPrior) -> bool:
    """Whether a channel follows demand by what the analyst states, else by its name."""
    if prior.follows_demand is not None:
        return prior.follows_demand
    return any(word in name.lower() for word in DEMAND_WORDS)


def find_confounders(
    panel: Panel, priors: Priors, dose: FloatArray, first: FirstPass, calendar: FloatArray
) -> Confounders:
    """The channels at risk with their stand-ins.

    Args:
        panel: the weekly panel.
        priors: what is stated of the channels.
        dose: doses per head in the fitted weeks, `(C, G, N)`.
        first: the first pass.
        calendar: season and holidays, `(N, H)`.
    """
    found = []
    for index, channel in enumerate(panel.channels):
        prior = priors.of(channel.name)
        if channel.level is Level.NATIONAL or len(panel.geos) < 3:
            column, scale, by_proxy = _time_residual(np.log1p(dose[index]), calendar), _stated_scale(prior), False
        else:
            column, scale, by_proxy = _between_geos(channel.name, prior, np.log1p(dose[index]), first)
        if scale > 0:
            found.append((index, column, scale, by_proxy))
    return Confounders(
        columns=np.array([column for _, column, _, _ in found]).reshape(-1, *dose.shape[1:]),
        channels=np.array([index for index, _, _, _ in found], dtype=np.int64),
        scale=np.array([scale for _, _, scale, _ in found]),
        by_proxy=np.array([by_proxy for _, _, _, by_proxy in found], dtype=bool),
    )


def _stated_scale(prior: ChannelPrior) -> float:
    """Only what is stated: in a series of its own no proxy separates demand, and a name alone would decide."""
    if prior.follows_demand is False:
        return 0.0
    if prior.confounding is not None:
        return prior.confounding
    return DEFAULT_CONFOUNDING if prior.follows_demand else 0.0


def _between_geos(name: str, prior: ChannelPrior, logs: FloatArray, first: FirstPass) -> tuple[FloatArray, float, bool]:
    """Stand-in, scale, and whether a proxy told them."""
    anomaly = two_way_residual(logs)
    if prior.follows_demand is False or prior.confounding is not None:
        return anomaly, _stated_scale(prior), False
    if first.demand_spread > TELLING_SHARE * first.typical_noise:
        predicted, correlation = predicted_demand(anomaly, two_way_residual(first.demand))
        if correlation >= NOTICEABLE_CORRELATION:
            return predicted, 1.0, True
        return anomaly, (DEFAULT_CONFOUNDING if prior.follows_demand else 0.0), False
    return anomaly, (DEFAULT_CONFOUNDING if captures_demand(name, prior) else 0.0), False


def predicted_demand(anomaly: FloatArray, demand: FloatArray) -> tuple[FloatArray, float]:
    """Demand `(G, N)` as a channel's anomalies of the weeks around predict it, and the multiple correlation."""
    weeks = anomaly.shape[1]
    padded = np.pad(anomaly, ((0, 0), (LEADS, LEADS)), mode="edge")
    shifted = np.stack([two_way_residual(padded[:, k : k + weeks]) for k in range(2 * LEADS + 1)], axis=2)
    flat = shifted.reshape(-1, shifted.shape[2])
    gram = flat.T @ flat
    gram += RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram)) + 1e-12 * np.eye(len(gram))
    predicted = shifted @ np.linalg.solve(gram, flat.T @ demand.ravel())
    correlation = float(np.sqrt((predicted**2).sum() / max(float((demand**2).sum()), 1e-12)))
    return predicted, correlation


def _time_residual(values: FloatArray, calendar: FloatArray) -> FloatArray:
    """What is left of the geos' mean after level, trend and calendar, the same in every geo, `(G, N)`."""
    series = values.mean(axis=0)
    weeks = len(series)
    basis = np.concatenate([np.ones((weeks, 1)), np.linspace(-1.0, 1.0, weeks)[:, None], calendar], axis=1)
    residual = series - basis @ np.linalg.lstsq(basis, series, rcond=1e-8)[0]
    return np.broadcast_to(residual, values.shape).copy()
