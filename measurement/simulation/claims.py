"""What platforms claim for a simulated advertiser: a spec, spend and demand in, attributed sales out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.simulation.spec import RETAIL_CHANNELS, Stream, WorldSpec, generator

FloatArray = NDArray[np.float64]

_CLAIM_FOR_NOTHING = 0.02
"""Share of sales claimed that even a channel which sells nothing is held to have caused, to set its scale."""


@dataclass(frozen=True)
class ClaimTruth:
    """How one platform claims sales.

    Attributes:
        total: sales claimed in the report's window, money, before noise.
        elasticity: how claims grow with spend, in logs.
        demand: how claims follow hidden demand at equal spend: organic buyers who clicked on the way.
        noise_sd: of a geo-week's claims, in logs.
    """

    total: float
    elasticity: float
    demand: float
    noise_sd: float


def draw_claims(spec: WorldSpec, incremental: FloatArray) -> tuple[ClaimTruth, ...]:
    """Claims of every channel, given its true incremental sales in the window, `(C,)`.

    Search takes credit for buyers who would have come anyway (10 to 45 % of its claims are incremental); retail media
    35 to 90 %; what is seen rather than clicked claims too little (60 to 180 %).
    """
    scale = max(float(incremental.mean()), 1.0)
    return tuple(
        _draw(spec, index, max(float(sold), _CLAIM_FOR_NOTHING * scale)) for index, sold in enumerate(incremental)
    )


def claimed_sales(spec: WorldSpec, claims: tuple[ClaimTruth, ...], spend: FloatArray, demand: FloatArray) -> FloatArray:
    """Claims by geo and week, `(G, T, C)`, whole cents; zero where nothing is spent.

    Args:
        spec: whose random numbers are used.
        claims: one per channel.
        spend: `(G, T, C)`.
        demand: hidden demand, about standard normal, `(G, T)`.
    """
    made = np.zeros_like(spend)
    for index, truth in enumerate(claims):
        noise = generator(spec, Stream.CLAIMS, 100 + index).standard_normal(demand.shape)
        shape = spend[:, :, index] ** truth.elasticity * np.exp(truth.demand * demand + truth.noise_sd * noise)
        shape[spend[:, :, index] <= 0] = 0.0
        made[:, :, index] = np.round(shape * truth.total / shape[:, -spec.window_weeks :].sum(), 2)
    return made


def _draw(spec: WorldSpec, index: int, incremental: float) -> ClaimTruth:
    rng = generator(spec, Stream.CLAIMS, index)
    name = spec.channel_names[index]
    low, high = (0.1, 0.45) if name == "search" else (0.35, 0.9) if name in RETAIL_CHANNELS else (0.6, 1.8)
    share, elasticity = rng.uniform(low, high), rng.uniform(0.75, 1.0)
    return ClaimTruth(incremental / share, elasticity, rng.uniform(0.02, 0.1), rng.uniform(0.1, 0.3))
