"""A ledger in, the `Snapshot` that its reports show on a morning out. Nothing that is only true passes here."""

from dataclasses import replace

import numpy as np

from bidding.outlook import FloatArray, IntArray
from bidding.simulator.demand import Demand
from bidding.simulator.ledger import Ledger
from bidding.simulator.world import World
from bidding.snapshot import Performance, PlacementResults, Platform, Restatement, Snapshot

CHANNEL = "sponsored"
REPORT_DAYS = 90
PLACEMENT_DAYS = 60
"""Days that the sums by placement reach back."""


def morning_snapshot(
    world: World, demand: Demand, ledger: Ledger, today: int, live: tuple[FloatArray, FloatArray, FloatArray]
) -> Snapshot:
    """The account on the morning of day `today`; `live` are bids, modifiers and daily budgets in force."""
    bids, modifiers, budgets = live
    first = max(0, today - REPORT_DAYS)
    row, target = np.nonzero(ledger.impressions[first:today] > 0)
    return Snapshot(
        today=demand.days[0] + today,
        channels=(CHANNEL,),
        platforms=(Platform.AMAZON,),
        campaigns=replace(world.campaigns, modifiers=modifiers.copy(), daily_budget=budgets.copy()),
        targets=replace(world.targets, bid=bids.copy()),
        performance=_performance(demand, ledger, first + row, target, today),
        restatement=_restatement(demand, ledger, today),
        rejected=(),
        warnings=(),
        source_hashes={},
        placements=PlacementResults(*ledger.placed[:, max(0, today - PLACEMENT_DAYS) : today].sum(axis=1)),
    )


def _performance(demand: Demand, ledger: Ledger, day: IntArray, target: IntArray, today: int) -> Performance:
    at = (day, target)
    return Performance(
        target=target,
        day=demand.days[day],
        impressions=ledger.impressions[at],
        clicks=ledger.clicks[at],
        cost=ledger.cost[at],
        orders=ledger.orders[at],
        sales=ledger.sales[at],
        new_to_brand_sales=ledger.new_to_brand[at],
        halo_sales=ledger.halo[at],
        age=today - day,
        bid=ledger.bid[at],
        out_of_budget=ledger.out_of_budget[at],
    )


def _restatement(demand: Demand, ledger: Ledger, today: int) -> Restatement:
    first = max(0, today - REPORT_DAYS)
    told = ledger.vintages[first:today]
    row, age = np.nonzero(np.isfinite(told[..., 0]))
    clicks, orders, sales = (told[row, age, place] for place in range(3))
    return Restatement(np.zeros(len(row), dtype=np.int64), demand.days[first + row], age, clicks, orders, sales)
