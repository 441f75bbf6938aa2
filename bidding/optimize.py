"""Values, responses and daily budgets in; one bid per target out, chosen jointly, with a bound and the price of money.

A multiple-choice knapsack by channel, solved by its dual, whose value bounds every choice; what whole bids leave over
is placed by single upgrades.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account
from bidding.click_value import may_rise
from bidding.dual import Dual, Problem, at_prices, shortfall, solve, solve_with_targets, totals, within_prices
from bidding.errors import BidError
from bidding.knapsack import best_upgrade
from bidding.outlook import BidChoice, BidResponse, ClickValues
from bidding.snapshot import Snapshot, Strategy

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

WORTH_MOVING = 0.001
"""Share of what a target brings by which its choice must gain for a night to move it. Near the optimum it is flat:
a bid 8 % off it loses half a thousandth, and to chase it would turn bids about with every day's chance."""
UPGRADES = 40
WORTH_PLACING = 1e-7
"""Share of a budget below which what is left over is not worth another upgrade."""
TOUCHED = 200_000
"""Targets that are searched for upgrades."""


class Spending(Enum):
    """`PLAN`: the plan's money is spent, profit is counted before it. `PROFIT`: no unit is spent that returns less."""

    PLAN = "plan"
    PROFIT = "profit"


class Return(Enum):
    """What a target on return divides by cost: incremental or attributed sales."""

    INCREMENTAL = "incremental"
    ATTRIBUTED = "attributed"


@dataclass(frozen=True)
class ReturnTarget:
    """Sales per unit of cost that a channel must reach on average."""

    kind: Return
    value: float


@dataclass(frozen=True, eq=False)
class ChoiceSettings:
    """How to choose.

    Attributes:
        spending: whether the budget is to be spent.
        first, last: columns between which each target's bid may lie, `(N,)`; `None` for all, save that targets whose
            factor is not trusted (`may_rise`) do not go above the bid in force.
        stay: the column in force, `(N,)`; `None` for that of the response.
        worth_moving: share of what a target brings there by which its choice must gain to move at all.
        price_range: lowest and highest price of money, by channel, `(C,)` each, that may decide; beyond them the
            budget is missed rather than every bid moved. `None` for any. Not for channels with a target on return.
    """

    spending: Spending = Spending.PLAN
    first: IntArray | None = None
    last: IntArray | None = None
    stay: IntArray | None = None
    worth_moving: float = 0.0
    price_range: tuple[FloatArray, FloatArray] | None = None


def return_targets(account: Account, snapshot: Snapshot) -> tuple[ReturnTarget | None, ...]:
    """The account's targets on return, in the snapshot's order of channels."""
    found = {}
    for channel in account.channels:
        if channel.target_iroas:
            found[channel.name] = ReturnTarget(Return.INCREMENTAL, channel.target_iroas)
        elif channel.target_roas:
            found[channel.name] = ReturnTarget(Return.ATTRIBUTED, channel.target_roas)
        elif channel.target_acos:
            found[channel.name] = ReturnTarget(Return.ATTRIBUTED, 1.0 / channel.target_acos)
    return tuple(found.get(name) for name in snapshot.channels)


def choose_bids(
    values: ClickValues,
    response: BidResponse,
    snapshot: Snapshot,
    budgets: Mapping[str, float],
    targets: Sequence[ReturnTarget | None] | None = None,
    settings: ChoiceSettings = ChoiceSettings(),
) -> BidChoice:
    """Choose all bids of all channels.

    Args:
        values, response: of every target.
        snapshot: disabled targets cost nothing; they and those of smart-bidding campaigns keep their bid.
        budgets: money per day by channel; every channel of the snapshot needs one.
        targets: by channel, in the snapshot's order.
        settings: how to choose.

    Returns:
        The choice. Objective and bound are profit per day, before the plan's money with `Spending.PLAN` and after its
        cost with `Spending.PROFIT`; the shadow price is what one more unit of money would add to it. Where not even
        the lowest bids keep a budget, these are chosen.

    Raises:
        BidError: a channel has no budget, or one that is not a positive number.
    """
    problem = _problem(values, response, snapshot, _amounts(snapshot, budgets), targets, settings)
    dual, kept = _solved(problem, settings.price_range)
    column = _place_the_rest(problem, dual, kept)
    objective, cost, _ = totals(problem, column)
    return BidChoice(
        column=column,
        shadow_price=dual.price,
        objective=objective,
        bound=np.maximum(dual.bound, objective),
        cost=cost,
        target_binds=dual.target_price > 0,
    )


def _solved(problem: Problem, limits: tuple[FloatArray, FloatArray] | None) -> tuple[Dual, BoolArray]:
    """Prices and the choices at them, and in which channels the budget and nothing else decided, `(C,)`."""
    if limits is not None and not problem.has_target.any() and (limits[0] == limits[1]).all():
        return at_prices(problem, limits[0]), np.zeros(len(problem.budget), dtype=bool)
    dual = solve(problem, np.zeros(len(problem.budget)))
    short = problem.has_target & (shortfall(problem, dual.column) > 1e-9 * problem.budget)
    if short.any():
        dual = solve_with_targets(problem, short)
    if limits is None:
        return dual, np.ones(len(problem.budget), dtype=bool)
    return within_prices(problem, dual, limits)


def _amounts(snapshot: Snapshot, budgets: Mapping[str, float]) -> FloatArray:
    for name in snapshot.channels:
        if name not in budgets:
            raise BidError(f"channel {name} has no budget: give a plan with a line for it")
        if not (np.isfinite(budgets[name]) and budgets[name] > 0):
            raise BidError(f"channel {name} has a daily budget of {budgets[name]:g}: pause it, or plan money for it")
    return np.array([float(budgets[name]) for name in snapshot.channels])


def _problem(
    values: ClickValues,
    response: BidResponse,
    snapshot: Snapshot,
    budget: FloatArray,
    targets: Sequence[ReturnTarget | None] | None,
    settings: ChoiceSettings,
) -> Problem:
    count, options = response.bids.shape
    channel = snapshot.channel_of_targets()
    asked = targets or (None,) * len(budget)
    first = np.zeros(count, dtype=np.int64) if settings.first is None else settings.first.astype(np.int64)
    last = np.where(may_rise(values), options - 1, response.current) if settings.last is None else settings.last
    smart = snapshot.campaigns.strategy[snapshot.targets.campaign] == Strategy.SMART
    kept = smart | ~snapshot.targets.enabled
    stay = response.current if settings.stay is None else settings.stay
    incremental = np.array([each is None or each.kind is Return.INCREMENTAL for each in asked])
    return Problem(
        clicks=response.clicks,
        cost=response.cost,
        profit=values.profit,
        sales=np.where(incremental[channel], values.incremental, values.attributed),
        channel=channel,
        first=np.where(kept, response.current, np.minimum(first, last)),
        last=np.where(kept, response.current, last).astype(np.int64),
        counted=snapshot.targets.enabled,
        budget=budget,
        target=np.array([0.0 if each is None else each.value for each in asked]),
        has_target=np.array([each is not None for each in asked]),
        own_cost=0.0 if settings.spending is Spending.PLAN else 1.0,
        stay=stay,
        stay_worth=settings.worth_moving * values.profit * response.clicks[np.arange(count), stay],
    )


def _place_the_rest(problem: Problem, dual: Dual, wanted: BoolArray) -> IntArray:
    """Single upgrades for what whole bids leave of a budget, first among targets that are indifferent at the price."""
    column = dual.column.copy()
    _, cost, _ = totals(problem, column)
    for place, budget in enumerate(problem.budget):
        if dual.price[place] <= 0 or dual.target_price[place] > 0 or not wanted[place]:
            continue
        mine = problem.channel == place
        torn = np.flatnonzero(mine & problem.counted & (dual.cheaper_price_column != column))
        left = budget - cost[place]
        for row in torn:
            more = problem.cost[row, dual.cheaper_price_column[row]] - problem.cost[row, column[row]]
            if more <= left:
                column[row] = dual.cheaper_price_column[row]
                left -= more
        rows = np.flatnonzero(mine & problem.counted & (column < problem.last))
        _fill(problem, column, _nearest(problem, rows, column, dual.price[place]), left)
    return column


def _nearest(problem: Problem, rows: IntArray, column: IntArray, price: float) -> IntArray:
    """Of many targets, those whose next option falls short of the price by least."""
    if len(rows) <= TOUCHED:
        return rows
    up = column[rows] + 1
    more = problem.cost[rows, up] - problem.cost[rows, column[rows]]
    gain = (problem.clicks[rows, up] - problem.clicks[rows, column[rows]]) * problem.profit[rows]
    missing = (price + problem.own_cost) * more - gain
    return rows[np.argpartition(missing, TOUCHED)[:TOUCHED]]


def _fill(problem: Problem, column: IntArray, rows: IntArray, left: float) -> None:
    for _ in range(UPGRADES):
        if not len(rows) or left <= WORTH_PLACING * problem.budget.max():
            return
        gain = problem.profit
        place, to = best_upgrade(rows, column, problem.last, problem.clicks, problem.cost, gain, left)
        if place < 0:
            return
        row = rows[place]
        left -= problem.cost[row, to] - problem.cost[row, column[row]]
        column[row] = to
