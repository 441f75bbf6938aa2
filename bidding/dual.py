"""A knapsack of options by channel in; out come the prices of money and return at which every channel keeps its limits.

Bisection on the price of money: at a price each target takes its best option. Targets whose choice is the same at both
ends of the bracket drop out. A target on return is a second price, on sales short of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bidding.knapsack import best_options

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

BISECTIONS = 60
DOUBLINGS = 60
TARGET_BISECTIONS = 24


@dataclass(frozen=True, eq=False)
class Problem:
    """A multiple-choice knapsack by channel; the options of a target stand in rising cost.

    Attributes:
        clicks, cost: of every option, `(N, K)`.
        profit, sales: per click, `(N,)`; sales are those that a target on return counts.
        channel: `(N,)`.
        first, last: columns a target may take, `(N,)`.
        counted: whether a target costs and sells anything, `(N,)`.
        budget: money by channel, `(C,)`.
        target, has_target: sales per unit of cost that must be reached, and whether one is asked, `(C,)`.
        own_cost: 1 where cost counts against profit, 0 where the budget is there to be spent.
        stay, stay_worth: each target's column in force, and what staying there counts beyond its profit, `(N,)`.
    """

    clicks: FloatArray
    cost: FloatArray
    profit: FloatArray
    sales: FloatArray
    channel: IntArray
    first: IntArray
    last: IntArray
    counted: BoolArray
    budget: FloatArray
    target: FloatArray
    has_target: BoolArray
    own_cost: float
    stay: IntArray
    stay_worth: FloatArray


@dataclass(frozen=True, eq=False)
class Dual:
    """Prices, and choices on both sides of them.

    Attributes:
        column: best options at the price, within budget, `(N,)`.
        cheaper_price_column: best options just below the price, beyond the budget, `(N,)`.
        price, target_price: of money and of return, `(C,)`.
        bound: what no choice within budget and target exceeds, `(C,)`.
    """

    column: IntArray
    cheaper_price_column: IntArray
    price: FloatArray
    target_price: FloatArray
    bound: FloatArray


def totals(problem: Problem, column: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Objective, cost and sales by channel, `(C,)` each."""
    rows = np.arange(len(column))
    clicks = np.where(problem.counted, problem.clicks[rows, column], 0.0)
    cost = np.where(problem.counted, problem.cost[rows, column], 0.0)
    size = len(problem.budget)
    profit, paid, sold = (
        np.bincount(problem.channel, weights=each, minlength=size).astype(np.float64)
        for each in (clicks * problem.profit, cost, clicks * problem.sales)
    )
    return profit - problem.own_cost * paid, paid, sold


def shortfall(problem: Problem, column: IntArray) -> FloatArray:
    """Sales by which a choice misses each channel's target on return, `(C,)`; negative where it is met."""
    _, cost, sales = totals(problem, column)
    missing: FloatArray = problem.target * cost - sales
    return missing


def solve(problem: Problem, target_price: FloatArray) -> Dual:
    """The price of money at which each channel just keeps its budget, at given prices of its target on return."""
    auction = _Auction(problem, problem.profit + target_price[problem.channel] * problem.sales)
    fixed = problem.own_cost + target_price * problem.target
    rows = np.arange(len(problem.channel))
    free, thrifty = np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    slack = auction.spent(rows, fixed, free) <= problem.budget
    objective, cost, _ = totals(problem, free)
    low = np.zeros(len(fixed))
    high = np.where(slack, 0.0, np.maximum(np.abs(objective) / np.maximum(cost, 1e-12), 1e-6))
    for _ in range(DOUBLINGS):
        over = auction.spent(rows, high + fixed, thrifty) > problem.budget * (1 + 1e-12)
        if not over.any():
            break
        low, high = np.where(over, high, low), np.where(over, 4.0 * high, high)
    generous = free
    auction.spent(rows, low + fixed, generous)
    high = np.where(over, 0.0, _bisect(auction, fixed, (low, high), (generous, thrifty)))
    return Dual(thrifty, generous, high, target_price, _bound(problem, auction.gain, fixed, high, thrifty))


def at_prices(problem: Problem, price: FloatArray) -> Dual:
    """Best options at given prices of money, `(C,)`, whatever they cost; for problems without targets on return."""
    auction = _Auction(problem, problem.profit)
    nothing, fixed = np.zeros(len(price)), np.full(len(price), problem.own_cost)
    column = np.empty(len(problem.channel), dtype=np.int64)
    auction.spent(np.arange(len(column)), price + fixed, column)
    return Dual(column, column, price, nothing, _bound(problem, auction.gain, fixed, price, column))


def within_prices(problem: Problem, dual: Dual, limits: tuple[FloatArray, FloatArray]) -> tuple[Dual, BoolArray]:
    """The same with its prices of money brought within limits, `(C,)` each, and the channels whose price was within.

    Channels with a target on return keep theirs. Where not even the lowest bids keep a budget no price is too high.
    """
    hopeless = totals(problem, dual.column)[1] > problem.budget * (1 + 1e-9)
    price = np.clip(np.where(hopeless, np.inf, dual.price), *limits)
    kept = problem.has_target | (price == dual.price) | np.isinf(price)
    price = np.where(kept, dual.price, price)
    moved = np.flatnonzero(~kept[problem.channel])
    if not len(moved):
        return dual, kept
    auction = _Auction(problem, problem.profit + dual.target_price[problem.channel] * problem.sales)
    fixed = problem.own_cost + dual.target_price * problem.target
    column = dual.column.copy()
    auction.spent(moved, price + fixed, column)
    bound = _bound(problem, auction.gain, fixed, price, column)
    return Dual(
        column, np.where(kept[problem.channel], dual.cheaper_price_column, column), price, dual.target_price, bound
    ), kept


@dataclass(frozen=True, eq=False)
class _Auction:
    """A knapsack with what a click is worth under the prices in force, `(N,)`."""

    problem: Problem
    gain: FloatArray

    def spent(self, rows: IntArray, price: FloatArray, into: IntArray) -> FloatArray:
        """Write the best options of some rows at a price by channel; what they cost, `(C,)`."""
        p, cost = self.problem, np.zeros(len(price))
        allowed, account, standing = (p.first, p.last), (p.counted, cost), (p.stay, p.stay_worth)
        best_options(rows, p.channel, allowed, p.clicks, p.cost, self.gain, price, into, account, standing)
        return cost


def _bisect(
    auction: _Auction,
    fixed: FloatArray,
    bracket: tuple[FloatArray, FloatArray],
    columns: tuple[IntArray, IntArray],
) -> FloatArray:
    """Narrow each channel's bracket of prices, and the choices at both ends in place; the upper end out."""
    problem, (low, high), (generous, thrifty) = auction.problem, bracket, columns
    active = np.flatnonzero(generous != thrifty)
    settled = totals(problem, thrifty)[1] - _cost_of(problem, active, thrifty)
    middle = np.empty_like(thrifty)
    for _ in range(BISECTIONS):
        if not len(active):
            break
        price = np.where(low > 0, np.sqrt(np.maximum(low, 1e-12 * high) * high), 0.5 * high)
        over = settled + auction.spent(active, price + fixed, middle) > problem.budget
        low, high = np.where(over, price, low), np.where(over, high, price)
        goes_low = over[problem.channel[active]]
        generous[active[goes_low]] = middle[active[goes_low]]
        thrifty[active[~goes_low]] = middle[active[~goes_low]]
        agreed = generous[active] == thrifty[active]
        settled = settled + _cost_of(problem, active[agreed], thrifty)
        active = active[~agreed]
    return high


def _cost_of(problem: Problem, rows: IntArray, column: IntArray) -> FloatArray:
    cost = np.where(problem.counted[rows], problem.cost[rows, column[rows]], 0.0)
    return np.bincount(problem.channel[rows], weights=cost, minlength=len(problem.budget)).astype(np.float64)


def _bound(problem: Problem, gain: FloatArray, fixed: FloatArray, price: FloatArray, column: IntArray) -> FloatArray:
    """The dual's value, which no choice within budget and target exceeds, `(C,)`; `column` is best at the price."""
    rows = np.arange(len(column))
    clicks, cost = problem.clicks[rows, column], problem.cost[rows, column]
    stays = np.where(column == problem.stay, problem.stay_worth, 0.0)
    score = np.where(problem.counted, clicks * gain - (price + fixed)[problem.channel] * cost + stays, 0.0)
    value: FloatArray = np.bincount(problem.channel, weights=score, minlength=len(price)) + price * problem.budget
    return value


def solve_with_targets(problem: Problem, short: BoolArray) -> Dual:
    """Prices of return for the channels that fall short; each is raised until the target is just met."""
    low = np.zeros(len(short))
    high = np.where(short, 1.0, 0.0)
    for _ in range(TARGET_BISECTIONS):
        dual = solve(problem, high)
        over = short & (shortfall(problem, dual.column) > 0)
        if not over.any():
            break
        low, high = np.where(over, high, low), np.where(over, 4.0 * high, high)
    best = dual
    for _ in range(TARGET_BISECTIONS):
        price = np.where(short, 0.5 * (low + high), 0.0)
        dual = solve(problem, price)
        over = short & (shortfall(problem, dual.column) > 0)
        low, high = np.where(over, price, low), np.where(short & ~over, price, high)
        best = best if over.any() else dual
    return best if not over.any() else solve(problem, high)
