"""Campaigns and lists of multipliers in; the campaigns with what is in force by placement and device out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bidding.multipliers import scheme_of
from bidding.reports.parsed import ParsedCampaigns, ParsedTargets, Pull
from bidding.snapshot import BoolArray, Platform, TargetKind

Number = TypeVar("Number", np.float64, np.bool_)
PERCENT = 1e-9
"""How near to a whole percent a multiplier must be for a run to set it: no other could be put back exactly."""


def with_multipliers(
    campaigns: ParsedCampaigns, targets: ParsedTargets, platform: Platform, pulls: Sequence[Pull]
) -> ParsedCampaigns:
    """What the latest pulls tell of multipliers; those that a campaign has and that are told may be set."""
    mine = [pull for pull in pulls if pull.parsed.platform is platform]
    if all(pull.parsed.multipliers is None and pull.parsed.placements is None for pull in mine):
        return campaigns
    width = max(campaigns.modifiers.shape[1], len(scheme_of(platform).names))
    value, told = wide(campaigns.modifiers, width).copy(), np.zeros((len(campaigns.ids), width), dtype=bool)
    place = {name: row for row, name in enumerate(campaigns.names.tolist())}
    place |= {name: row for row, name in enumerate(campaigns.ids.tolist())}
    for pull in sorted(mine, key=lambda pull: pull.pulled):
        found = pull.parsed.multipliers
        if found is None:
            continue
        columns = list(found.listed)
        value[:, columns], told[:, columns] = 0.0, True
        rows = np.array([place.get(name, -1) for name in found.campaigns], dtype=np.int64)
        here = rows >= 0
        value[rows[here], found.column[here]] = found.value[here]
        told[rows[here], found.column[here]] = True
    whole = np.abs(100.0 * value - np.rint(100.0 * value)) < PERCENT
    return replace(campaigns, modifiers=value, adjustable=told & whole & _had(campaigns, targets, platform, width))


def _had(campaigns: ParsedCampaigns, targets: ParsedTargets, platform: Platform, width: int) -> BoolArray:
    """Multipliers that campaigns of this kind have, `(M, W)`: some are for automatic ones, Walmart's for products."""
    scheme = scheme_of(platform)
    names = np.array([*scheme.names, *[""] * (width - len(scheme.names))], dtype=object)
    automatic = set(targets.campaigns[targets.kind == TargetKind.AUTO])
    is_automatic = np.array([name in automatic for name in campaigns.ids], dtype=bool)
    found = np.tile(names != "", (len(campaigns.ids), 1))
    found[:, np.isin(names.astype(str), list(scheme.automatic))] &= is_automatic[:, None]
    if platform is Platform.WALMART:
        found &= (campaigns.product == "SP")[:, None]
    return found


def wide(values: NDArray[Number], width: int) -> NDArray[Number]:
    """The same with columns of nothing at the end, `(M, width)`."""
    return np.pad(values, ((0, 0), (0, width - values.shape[1])))


def as_wide(parts: Sequence[ParsedCampaigns]) -> list[ParsedCampaigns]:
    """The platforms' campaigns with as many columns of multipliers as the widest of them."""
    width = max(part.modifiers.shape[1] for part in parts)
    return [
        replace(part, modifiers=wide(part.modifiers, width), adjustable=wide(part.adjustable, width)) for part in parts
    ]
