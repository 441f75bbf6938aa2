"""A spec in, a market's lasting truth out: campaigns, targets, rivals, what a click sells and what of it is new."""

import numpy as np

from bidding.outlook import BoolArray, FloatArray, IntArray
from bidding.simulator.auction import Rivals, auction_table
from bidding.simulator.scaling import scaled
from bidding.simulator.spec import MarketSpec
from bidding.simulator.world import World
from bidding.snapshot import Campaigns, Match, Strategy, TargetKind, Targets

RIVALS = 6
TARGETS_PER_CAMPAIGN = 25
TARGETS_PER_GROUP = 6
BRANDED_CAMPAIGNS = 0.08
BRAND_PRICE = 0.35
"""What rivals bid on the brand's own name, as a share of what they would bid on a word that sells as well."""


def draw_world(spec: MarketSpec) -> World:
    """Draw what lasts. What is new in an order has a stream of its own, so that it leaves no trace in any report."""
    rng = np.random.default_rng([spec.seed, 1])
    campaign, group, branded = _arranged(spec, rng)
    match = rng.choice([Match.EXACT, Match.PHRASE, Match.BROAD], spec.targets, p=[0.4, 0.3, 0.3]).astype(np.int64)
    conversion = _conversion(spec, campaign, group, branded, match, rng)
    order_value = np.exp(rng.normal(0, 0.3, campaign.max() + 1))[campaign]
    price, rivals = _competition(conversion * order_value, branded, rng)
    modifiers = _modifiers(spec, campaign.max() + 1, rng)
    overbid = spec.profile.overbid + spec.profile.overbid_spread * rng.normal(size=spec.targets)
    world = World(
        spec,
        _campaigns(modifiers),
        _targets(campaign, group, branded, match, price * np.exp(overbid)),
        auction_table(rivals),
        price,
        np.ones(spec.targets),
        np.clip(0.03 * np.exp(rng.normal(0, 0.4, spec.targets)), 0.005, 0.15),
        conversion,
        order_value,
        _incremental(spec, campaign, branded),
        np.where(branded, 0.1, 0.25) * rng.uniform(0.5, 1.5, spec.targets),
        campaign * 2 + group % 2,
        0.0,
    )
    return scaled(world, rng)


def _arranged(spec: MarketSpec, rng: np.random.Generator) -> tuple[IntArray, IntArray, BoolArray]:
    campaigns = max(4, spec.targets // TARGETS_PER_CAMPAIGN)
    campaign = np.sort(rng.integers(0, campaigns, spec.targets))
    campaign = np.unique(campaign, return_inverse=True)[1]
    within = np.arange(spec.targets) - np.searchsorted(campaign, campaign)
    pair = campaign * spec.targets + within // TARGETS_PER_GROUP
    group = np.unique(pair, return_inverse=True)[1]
    count = int(campaign.max()) + 1
    brand = np.arange(count) < max(1, round(BRANDED_CAMPAIGNS * count))
    return campaign, group, brand[campaign]


def _conversion(
    spec: MarketSpec,
    campaign: IntArray,
    group: IntArray,
    branded: BoolArray,
    match: IntArray,
    rng: np.random.Generator,
) -> FloatArray:
    spreads = spec.profile.conversion_spread
    effects = [rng.normal(0, sd, count) for sd, count in zip(spreads, _sizes(campaign, group), strict=True)]
    log_rate = effects[0][campaign] + effects[1][group] + effects[2]
    log_rate += np.select([match == Match.EXACT, match == Match.BROAD], [0.2, -0.3], 0.0)
    return np.exp(log_rate) * np.where(branded, 2.0, 1.0)


def _sizes(campaign: IntArray, group: IntArray) -> tuple[int, int, int]:
    return int(campaign.max()) + 1, int(group.max()) + 1, len(campaign)


def _competition(worth: FloatArray, branded: BoolArray, rng: np.random.Generator) -> tuple[FloatArray, Rivals]:
    """Prices follow what a click is worth to anyone, loosely; rivals differ in how much, how steadily, how often.

    A brand's own name is worth less to others than to its owner.
    """
    count = len(worth)
    price = (
        np.sqrt(worth / np.exp(np.log(worth).mean()))
        * np.exp(rng.normal(0, 0.45, count))
        * np.where(branded, BRAND_PRICE, 1.0)
    )
    log_mean = rng.normal(-0.3, 1.0, (count, RIVALS))
    log_sd = rng.uniform(0.25, 0.9, (count, RIVALS))
    presence = rng.beta(1.2, 2.0, (count, RIVALS))
    return price, Rivals(log_mean, log_sd, presence)


def _modifiers(spec: MarketSpec, campaigns: int, rng: np.random.Generator) -> FloatArray:
    modifiers = np.zeros((campaigns, 3))
    used = rng.random(campaigns) < 0.5
    modifiers[:, 0] = np.round(used * spec.profile.placement_top * rng.beta(1.0, 2.5, campaigns), 2)
    modifiers[:, 2] = np.round((rng.random(campaigns) < 0.2) * rng.uniform(0, 1.0, campaigns), 2)
    return modifiers


def _incremental(spec: MarketSpec, campaign: IntArray, branded: BoolArray) -> FloatArray:
    rng = np.random.default_rng([spec.seed, 2])
    centre = np.where(branded, spec.incremental_brand, spec.incremental_generic)
    log_odds = np.log(centre / (1 - centre)) + rng.normal(0, 0.3, campaign.max() + 1)[campaign]
    share: FloatArray = 1 / (1 + np.exp(-log_odds - rng.normal(0, 0.3, len(campaign))))
    return share


def _campaigns(modifiers: FloatArray) -> Campaigns:
    count = len(modifiers)
    ids = np.array([f"{7_000_000 + number}" for number in range(count)], dtype=object)
    return Campaigns(
        ids=ids,
        names=np.array([f"campaign {number}" for number in range(count)], dtype=object),
        portfolios=np.array([""] * count, dtype=object),
        channel=np.zeros(count, dtype=np.int64),
        product=np.array(["SP"] * count, dtype=object),
        strategy=np.full(count, int(Strategy.FIXED)),
        daily_budget=np.full(count, np.nan),
        modifiers=modifiers,
        enabled=np.ones(count, dtype=np.bool_),
        end=np.full(count, np.datetime64("NaT"), dtype="datetime64[D]"),
    )


def _targets(campaign: IntArray, group: IntArray, branded: BoolArray, match: IntArray, bid: FloatArray) -> Targets:
    count = len(bid)
    return Targets(
        ids=np.array([f"{9_000_000 + number}" for number in range(count)], dtype=object),
        texts=np.array([f"{'brand ' if own else ''}word {n}" for n, own in enumerate(branded)], dtype=object),
        campaign=campaign,
        ad_group=group,
        ad_group_ids=np.array([f"{8_000_000 + number}" for number in range(int(group.max()) + 1)], dtype=object),
        kind=np.full(count, int(TargetKind.KEYWORD)),
        match=match,
        branded=branded,
        bid=bid,
        enabled=np.ones(count, dtype=np.bool_),
        sku=np.array([f"sku {a}-{b % 2}" for a, b in zip(campaign, group, strict=True)], dtype=object),
    )
