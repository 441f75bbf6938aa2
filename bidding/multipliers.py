"""A platform in; where its ads show and on which devices bids are multiplied, by columns of `Campaigns.modifiers`, out.

A click's bid is multiplied by its placement's and by its device's; columns of placements come first, devices follow.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.snapshot import Placement, Platform, Snapshot

BoolArray = NDArray[np.bool_]

LEAST_ORDERS = 10.0
"""Orders that clicks of a placement or device must let expect in a campaign for its multiplier to move at all."""


@dataclass(frozen=True)
class Scheme:
    """A platform's multipliers.

    Attributes:
        placements, devices: names, in the order of columns.
        automatic: placements that only campaigns with automatic targets have.
        least_orders: below which a multiplier stays, whatever its clicks brought.
    """

    placements: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    automatic: frozenset[str] = frozenset()
    least_orders: float = LEAST_ORDERS

    @property
    def names(self) -> tuple[str, ...]:
        """By column."""
        return (*self.placements, *self.devices)


SCHEMES: Mapping[Platform, Scheme] = {
    # Amazon's lean on the account's own ratios however few orders there are.
    Platform.AMAZON: Scheme(tuple(entry.name.casefold() for entry in Placement), least_orders=0.0),
    Platform.WALMART: Scheme(
        ("buy_box", "search_in_grid", "home_page", "stock_up"),
        ("desktop", "mobile", "app"),
        frozenset({"home_page", "stock_up"}),
    ),
    Platform.GOOGLE: Scheme(devices=("desktop", "mobile", "tablet")),
}
OFF = -1.0
"""Of a device that a person has switched off: nothing is learnt of it, and it stays off."""
EVERY_NAME = tuple(dict.fromkeys(name for scheme in SCHEMES.values() for name in scheme.names))


def scheme_of(platform: Platform) -> Scheme:
    """The platform's multipliers; none where a run sets none."""
    return SCHEMES.get(platform, Scheme())


def part_id(campaign: str, name: str) -> str:
    """How a run names something of a campaign: the multiplier of a placement or device, its target on cost."""
    return f"{campaign}:{name}"


def open_columns(snapshot: Snapshot) -> BoolArray:
    """Multipliers that a run may set, `(M, W)`: Amazon's of Sponsored Products; elsewhere those that reports tell."""
    found = snapshot.campaigns.adjustable.copy()
    products = of_platform(snapshot, Platform.AMAZON) & (snapshot.campaigns.product == "SP")
    found[np.flatnonzero(products), : len(Placement)] = True
    return found


def device_columns(snapshot: Snapshot) -> BoolArray:
    """Columns that multiply by device, not by placement, `(M, W)`."""
    found = np.zeros(snapshot.campaigns.modifiers.shape, dtype=bool)
    for platform in dict.fromkeys(snapshot.platforms):
        scheme = scheme_of(platform)
        found[of_platform(snapshot, platform), len(scheme.placements) : len(scheme.names)] = True
    return found


def of_platform(snapshot: Snapshot, platform: Platform) -> BoolArray:
    """Campaigns on a platform, `(M,)`."""
    mine = np.array([each is platform for each in snapshot.platforms], dtype=bool)
    found: BoolArray = mine[snapshot.campaigns.channel]
    return found
