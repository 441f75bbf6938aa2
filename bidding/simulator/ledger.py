"""What happened so far, by day and target: what reports show, and beside it what is true.

Arrays are `(T, N)` with the horizon's days first and are filled day by day; `copy` gives a market of its own.
"""

from dataclasses import dataclass, fields

import numpy as np

from bidding.outlook import FloatArray, IntArray
from bidding.simulator.conversions import Orders
from bidding.simulator.world import PLACEMENT_SEARCHES

OLDEST_RESTATED = 43
"""Days after which a day's orders are no longer restated."""


@dataclass(eq=False)
class Ledger:
    """Attributes:
    bid, impressions, clicks, cost, out_of_budget: of the day, `(T, N)`.
    orders, sales, halo, new_to_brand: claimed and shown by now, by day of the click, `(T, N)`.
    budgets: of campaigns, as set for the day, money, `(T, M)`.
    placed: clicks, cost, orders and sales by campaign and placement, as the targets' own, `(4, T, M, 3)`.
    coming: orders to be shown at a later age, `(T, OLDEST_RESTATED + 1)` of lists by day and age.
    vintages: clicks, orders and sales of each day by age of the pull, `(T, OLDEST_RESTATED + 1, 3)`; NaN where none.
    """

    bid: FloatArray
    impressions: FloatArray
    clicks: FloatArray
    cost: FloatArray
    out_of_budget: FloatArray
    orders: FloatArray
    sales: FloatArray
    halo: FloatArray
    new_to_brand: FloatArray
    vintages: FloatArray
    budgets: FloatArray
    placed: FloatArray
    coming: dict[int, list[tuple[int, Orders, IntArray]]]

    def copy(self) -> "Ledger":
        """A ledger that can be written on without touching this one."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays = {name: value.copy() for name, value in values.items() if name != "coming"}
        return Ledger(**arrays, coming={day: list(orders) for day, orders in self.coming.items()})

    def expect(self, day: int, orders: Orders) -> None:
        """Keep a day's claimed orders for the mornings on which reports first show them."""
        for age in np.unique(orders.shown_at_age[orders.shown_at_age >= 0]):
            rows = np.flatnonzero(orders.shown_at_age == age)
            self.coming.setdefault(day + int(age), []).append((day, orders, rows))

    def reveal(self, today: int, campaign: IntArray) -> None:
        """Add what reports show for the first time on the morning of `today`, then keep the vintage.

        Args:
            today: number of the day.
            campaign: of each target, `(N,)`.
        """
        for day, orders, rows in self.coming.pop(today, []):
            target, sales = orders.target[rows], orders.sales[rows]
            np.add.at(self.orders[day], target, 1.0)
            np.add.at(self.sales[day], target, sales)
            cell = (campaign[target], orders.place[rows])
            np.add.at(self.placed[2, day], cell, 1.0)
            np.add.at(self.placed[3, day], cell, sales)
            np.add.at(self.halo[day], target, sales * orders.halo[rows])
            np.add.at(self.new_to_brand[day], target, sales * orders.new_to_brand[rows])
        first = max(0, today - OLDEST_RESTATED)
        past = np.arange(first, today)
        for place, array in enumerate((self.clicks, self.orders, self.sales)):
            self.vintages[past, today - past, place] = array[first:today].sum(axis=1)


def empty_ledger(days: int, targets: int, campaigns: int) -> Ledger:
    """A ledger before its first day."""
    arrays = {field.name: np.zeros((days, targets)) for field in fields(Ledger)[:9]}
    vintages = np.full((days, OLDEST_RESTATED + 1, 3), np.nan)
    placed = np.zeros((4, days, campaigns, len(PLACEMENT_SEARCHES)))
    return Ledger(**arrays, vintages=vintages, budgets=np.zeros((days, campaigns)), placed=placed, coming={})
