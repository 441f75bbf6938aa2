"""Where the bidder's profit goes: from an oracle of constant bids to the bidder as it is, one real part at a time.

`python -m benchmarks.bid_ablation` plays markets whose seeds lie outside those of `bids.py` and writes the table of
`BID_ABLATION.md`. Every row has all that the rows above it have. Figures are profit over that of the constant oracle:
the bids that, kept for all days that count, earn most on the plan's money, known with hindsight.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.bid_limited import Stepped
from benchmarks.bid_ours import Ours, measured_shares, true_response
from benchmarks.bid_play import Decision, plan_of, play
from benchmarks.bid_rivals import NoChange, lifted, rounded
from benchmarks.bids import RUN_IN, market_of
from benchmarks.machine import describe_machine
from bidding.account import Account, BidLimits
from bidding.click_value import value_clicks
from bidding.factors import Factor
from bidding.marginal import learn_priced_response
from bidding.outlook import ClickValues
from bidding.simulator.conversions import claimed_share, new_share
from bidding.simulator.market import Market
from bidding.simulator.oracle import BID_STEPS, oracle
from bidding.snapshot import Snapshot

PAGE = Path(__file__).parent / "BID_ABLATION.md"
MARKETS = ("hotel/1001", "hotel/1003", "hotel/1005", "airline/1002", "airline/1004", "airline/1006")
FREE = BidLimits(daily_change=0.9, weekly_change=30.0)
HIGHEST_PRICE, BISECTIONS = 100.0, 50


@dataclass
class Constant:
    """The same bids every day, campaigns' budgets out of the way."""

    bids: np.ndarray

    def decide(self, snapshot: Snapshot, account: Account) -> Decision:
        """What was given."""
        return Decision(self.bids.copy(), budgets=lifted(snapshot))


@dataclass(frozen=True, eq=False)
class ConstantOracle:
    """The best constant bids `(N,)`, and what they earn."""

    bids: np.ndarray
    profit: float


def constant_oracle(market: Market, days: range, budget: float) -> ConstantOracle:
    """Constant bids that spend the budget over some days and earn most, all truth known."""
    world, demand = market.world, market.demand
    worth, cost = np.zeros((2, len(world.price), len(BID_STEPS)))
    bids = np.stack([rounded(world.price * step) for step in BID_STEPS], axis=1)
    per_order = world.spec.profile.margin * world.conversion_rate * world.order_value * new_share(world)
    for day in days:
        for column in range(len(BID_STEPS)):
            _, _, paid, converting = world.buys(bids[:, column], market.modifiers, demand.price_index[day])
            worth[:, column] += demand.searches[day] * demand.conversion[day] * per_order * converting
            cost[:, column] += demand.searches[day] * paid
    rows, low, high = np.arange(len(bids)), -0.999, HIGHEST_PRICE
    for _ in range(BISECTIONS):
        price = 0.5 * (low + high)
        best = (worth - (1 + price) * cost).argmax(axis=1)
        low, high = (low, price) if cost[rows, best].sum() <= budget else (price, high)
    best = (worth - (1 + high) * cost).argmax(axis=1)
    return ConstantOracle(bids[rows, best], float((worth - cost)[rows, best].sum()))


Value = Callable[[Snapshot, Account, Sequence[Factor]], ClickValues]


def true_values(market: Market) -> Value:
    """The market's own profit per click of a day like any other."""
    world = market.world
    per_order = world.spec.profile.margin * world.conversion_rate * world.order_value * new_share(world)

    def value(snapshot: Snapshot, account: Account, factors: Sequence[Factor]) -> ClickValues:
        _, clicks, _, converting = world.buys(
            snapshot.targets.bid, snapshot.campaigns.modifiers, np.ones(len(per_order))
        )
        per_click = np.where(clicks > 0, converting / np.maximum(clicks, 1e-12), 1.0)
        return replace(value_clicks(snapshot, account, factors), profit=per_order * per_click)

    return value


def true_shares(market: Market) -> Value:
    """Attributed sales per click as they are learnt, with each target's own incremental share."""
    share = new_share(market.world) / claimed_share(market.world.spec.attribution_days)

    def value(snapshot: Snapshot, account: Account, factors: Sequence[Factor]) -> ClickValues:
        learnt = value_clicks(snapshot, account, factors)
        return replace(learnt, profit=learnt.profit / learnt.share * share)

    return value


def rows_of(key: str) -> dict[str, float]:
    """Profit over the constant oracle's, by row of the table."""
    market = market_of(key)
    plan, spend = plan_of(market), play(market, NoChange(), RUN_IN).spend
    days = range(market.today + RUN_IN, market.world.spec.horizon)
    best = constant_oracle(market, days, spend)
    shares, response = measured_shares(market), true_response(market)
    policies: Mapping[str, object] = {
        "constant bids of the oracle": Constant(best.bids),
        "reached by 50 % a day, 200 % a week": Stepped(Constant(best.bids)),
        "the bidder, all truth told, no limits": Ours(
            plan, shares, response, False, true_values(market), FREE, rests=False, lifts=True
        ),
        "+ largest changes": Ours(plan, shares, response, False, true_values(market), rests=False, lifts=True),
        "+ rest before turning": Ours(plan, shares, response, False, true_values(market), lifts=True),
        "+ jitter": Ours(plan, shares, response, True, true_values(market), lifts=True),
        "+ campaigns' budgets": Ours(plan, shares, response, True, true_values(market)),
        "+ response learnt": Ours(plan, shares, learn_priced_response, True, true_values(market)),
        "+ click values learnt": Ours(plan, shares, learn_priced_response, True, true_shares(market)),
        "+ incremental shares of a model: the bidder": Ours(plan, shares, learn_priced_response),
        "the bidder without largest changes": Ours(plan, shares, learn_priced_response, limits=FREE),
    }
    found = {"oracle that bids anew every day": oracle(market, days, spend, spend_all=True).profit}
    found |= {name: play(market, policy, RUN_IN).profit for name, policy in policies.items()}  # type: ignore[arg-type]
    return {name: profit / best.profit - 1 for name, profit in found.items()}


def main() -> None:
    """Play the markets and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("markets", nargs="*", default=MARKETS)
    keys = parser.parse_args().markets
    found = {}
    for key in keys:
        found[key] = rows_of(key)
        print(key, file=sys.stderr, flush=True)
    lines = [f"| | {' | '.join(keys)} | mean |", "|---|" + "---|" * (len(keys) + 1)]
    for name in found[keys[0]]:
        values = [found[key][name] for key in keys]
        cells = " | ".join(f"{value:+.1%}" for value in (*values, float(np.mean(values))))
        lines.append(f"| {name} | {cells} |")
    method = (__doc__ or "").split("\n\n", 1)[1]
    top = "\n".join(["# Where the bidder's profit goes\n", method, describe_machine() + ".\n", *lines, ""])
    PAGE.write_text(top + _told_below())
    print("\n".join(lines))


def _told_below() -> str:
    """What the page says below its table, from its first heading on: it stays as it is."""
    before = PAGE.read_text() if PAGE.exists() else ""
    _, heading, rest = before.partition("\n## ")
    return heading + rest


if __name__ == "__main__":
    main()
