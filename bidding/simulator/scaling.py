"""A world in arbitrary units in, the same world out with the clicks, prices, conversions and budgets of its profile."""

from dataclasses import replace

import numpy as np
from scipy.special import ndtri

from bidding.outlook import FloatArray
from bidding.simulator.world import World

REPORT_DAYS = 90
PULL_OF_SEARCHES = 0.6
"""How far clicks are searches rather than bids: 1 would hide the largest volumes behind the lowest bids."""
BRAND_LEAD = 0.4
"""Standard deviations by which searches for the brand lead others."""
USUAL_GENERIC, USUAL_BRAND = 0.65, 0.15
"""Incremental shares at which orders are priced; not the market's own, which no report may tell."""
SMALL_STEP = 0.05
LEAST_BID = 0.02
LEAST_BUDGET = 1.0
BUDGET_BOUND = 0.25
"""Share of campaigns whose daily budget is less than what they could spend."""
ORGANIC_MULTIPLE = 6.0
"""Sales without advertising, as a multiple of what is claimed for advertising."""


def scaled(world: World, rng: np.random.Generator) -> World:
    """Searches from clicks, money from the cost of a click, orders from the rate of conversion, then budgets."""
    return _with_budgets(_with_order_values(_with_conversions(_with_prices(_with_searches(world, rng)))), rng)


def _daily(world: World) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Clicks, cost and clicks weighted by conversion per day as the account stands, `(N,)`."""
    _, clicks, cost, converting = world.buys(world.targets.bid, world.campaigns.modifiers, np.ones(len(world.price)))
    return world.searches * clicks, world.searches * cost, world.searches * converting


def _with_searches(world: World, rng: np.random.Generator) -> World:
    count = len(world.price)
    below, above = world.spec.profile.clicks_spread
    lead = rng.normal(size=count) + BRAND_LEAD * world.targets.branded
    # Every part of the distribution is filled: seeds differ in who is large, not in how many are.
    score = ndtri((lead.argsort().argsort() + 0.5) / count)
    wanted = world.spec.profile.clicks_median / REPORT_DAYS * np.exp(score * np.where(score < 0, below, above))
    per_search = np.maximum(_daily(world)[0], 1e-6)
    usual = np.exp(np.log(per_search).mean())
    return replace(world, searches=wanted / usual * (usual / per_search) ** PULL_OF_SEARCHES)


def _with_prices(world: World) -> World:
    clicks, cost, _ = _daily(world)
    unit = world.spec.profile.cost_per_click * clicks.sum() / cost.sum()
    bids = np.maximum(np.round(world.targets.bid * unit, 2), LEAST_BID)
    return replace(world, price=world.price * unit, targets=replace(world.targets, bid=bids))


def _with_conversions(world: World) -> World:
    clicks, _, converting = _daily(world)
    orders = (converting * world.conversion_rate).sum()
    rate = np.minimum(world.conversion_rate * world.spec.profile.conversion_rate * clicks.sum() / orders, 0.5)
    return replace(world, conversion_rate=rate)


def _with_order_values(world: World) -> World:
    """Orders worth so much that raising all bids alike returns `next_return`, at the shares that are usual."""
    spec = world.spec
    usual = np.where(world.targets.branded, USUAL_BRAND, USUAL_GENERIC)
    per_click = spec.profile.margin * world.conversion_rate * world.order_value * usual
    raised = replace(world, targets=replace(world.targets, bid=world.targets.bid * (1 + SMALL_STEP)))
    (_, cost, sold), (_, more_cost, more_sold) = _daily(world), _daily(raised)
    unit = spec.next_return * (more_cost - cost).sum() / (per_click @ (more_sold - sold))
    organic = ORGANIC_MULTIPLE * float((world.conversion_rate * world.order_value * unit) @ sold)
    return replace(world, order_value=world.order_value * unit, organic=organic)


def _with_budgets(world: World, rng: np.random.Generator) -> World:
    count = len(world.campaigns.ids)
    needed = np.bincount(world.targets.campaign, _daily(world)[1], minlength=count)
    bound = rng.random(count) < BUDGET_BOUND
    budget = needed * np.where(bound, rng.uniform(0.45, 0.9, count), rng.uniform(1.5, 4.0, count))
    rounded: FloatArray = np.maximum(np.round(budget, 2), LEAST_BUDGET)
    return replace(world, campaigns=replace(world.campaigns, daily_budget=rounded))
