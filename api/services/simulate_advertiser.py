"""A size, a kind and a seed in, a made-up advertiser with one finished geo test where there is room for it out."""

from measurement.errors import BadInput
from measurement.panel import Level
from measurement.simulate import World, WorldSpec, add_holdout, simulate

_LEAST_GEOS, _LEAST_WEEKS = 4, 40


def simulate_advertiser(spec: WorldSpec) -> World:
    """The advertiser of a spec; the test is on a channel that the kind does not single out."""
    world = simulate(spec)
    testable = [
        channel.name
        for channel in world.panel.channels
        if channel.level is Level.GEO and channel.name not in world.marked_channels
    ]
    if spec.geos < _LEAST_GEOS or spec.weeks < _LEAST_WEEKS:
        return world
    for name in testable:
        try:
            return add_holdout(world, name)
        except BadInput:  # it hardly runs in the weeks of the test
            continue
    return world
