"""Simulated advertisers with known truth: a `WorldSpec` in, a `World` out.

Shares no code with the fit, so that recovering the truth proves something.
"""

from measurement.simulation.market import draw_market
from measurement.simulation.media import draw_media
from measurement.simulation.spec import WorldKind, WorldSpec
from measurement.simulation.world import FinishedTest, World, build_world

__all__ = ["FinishedTest", "World", "WorldKind", "WorldSpec", "simulate"]


def simulate(spec: WorldSpec) -> World:
    """Draw the advertiser of a spec; equal specs give bit-identical worlds."""
    market = draw_market(spec)
    return build_world(spec, market, draw_media(spec, market))
