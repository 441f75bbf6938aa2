"""Simulated advertisers with known truth: a `WorldSpec` in, a `World` out, and the best plan that its truth allows.

Shares no code with the fit, so that recovering the truth proves something.
"""

from measurement.simulation.files import panel_frame, truth_of, write_world
from measurement.simulation.holdout import add_holdout
from measurement.simulation.market import draw_market
from measurement.simulation.media import draw_media
from measurement.simulation.optimum import true_optimum
from measurement.simulation.spec import WorldKind, WorldSpec
from measurement.simulation.world import FinishedTest, World, build_world

__all__ = [
    "FinishedTest",
    "World",
    "WorldKind",
    "WorldSpec",
    "add_holdout",
    "panel_frame",
    "simulate",
    "true_optimum",
    "truth_of",
    "write_world",
]


def simulate(spec: WorldSpec) -> World:
    """Draw the advertiser of a spec; equal specs give bit-identical worlds."""
    market = draw_market(spec)
    return build_world(spec, market, draw_media(spec, market))
