"""The bidder against the rules that others use, in markets with known truth, at equal spend.

`python -m benchmarks.bids` plays what `bids.json` does not hold yet and writes `BIDS.md`. Accounts start with bids that
are several times too high; the bidder may move a bid by 50 % a day and 200 % a week, the rules by what each says. So
every policy has a run-in of 28 days (December) that does not count, and 90 days (January to March) that do. The plan
of every month is what no change spent in it. Each rule's target is chosen, with hindsight, so that its spend over the
days that count is the plan's within 2 % in at most five tries; a rule that cannot get there is compared as it is, its
spend shown. The bidder paces itself to the plan and knows nothing of days to come. Profit is margin on incremental
sales less cost, expected given the bids and the day's true demand. All policies meet the same demand, rivals and
persons. Rules marked `50 % a day` are the same rules held to the bidder's largest changes; `no hindsight` are those
whose target is steered from day to day to the month's plan, as the bidder is, instead of being chosen afterwards.
The bidder sets placement increases from reports by placement and campaigns' daily budgets, as a night of the product
does; the rules leave increases as they were found, as in practice, and have budgets lifted out of their way. `Were the
response known`: clicks rise in steps, and a night's choice within its limits may stay at the foot of one.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.bid_bound import values_by_day, with_right_increases
from benchmarks.bid_calibration import calibration
from benchmarks.bid_limited import Steered, Stepped
from benchmarks.bid_ours import Ours, bent, measured_shares, true_response
from benchmarks.bid_play import at_equal_spend, plan_of, play
from benchmarks.bid_rivals import FifteenClicks, NoChange, RevenuePerClick, TargetAcos, totals
from benchmarks.bid_tables import write_tables
from benchmarks.machine import describe_machine
from bidding.account import BidLimits
from bidding.marginal import learn_priced_response
from bidding.simulator.market import Market, open_market
from bidding.simulator.oracle import oracle
from bidding.simulator.spec import MarketKind, MarketSpec

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "bids.json"
TARGETS = 250
RUN_IN, COUNTED = 28, 90
START = "2024-09-05"
"""90 days of history and the run-in end with December: the days that count are three whole months."""
NARROW = BidLimits(daily_change=0.2, weekly_change=0.4)
CALIBRATED = {MarketKind.AIRLINE: 4510, MarketKind.HOTEL: 892}
RULES: dict[str, tuple[Callable[[float], Any], float]] = {
    "target ACoS, 10 clicks": (TargetAcos, 2.0),
    "15 clicks, 3 days": (FifteenClicks, 5.0),
    "revenue per click x target": (RevenuePerClick, 4.0),
}
"""Each rule with its first target, over the account's ACoS."""
Record = dict[str, Any]


def market_of(key: str) -> Market:
    """The market of a key such as `hotel/3`."""
    kind, seed = key.split("/")
    return open_market(MarketSpec(MarketKind(kind), TARGETS, seed=int(seed), days=RUN_IN + COUNTED, start=START))


def rules_record(key: str) -> Record:
    """No change, the rules and the oracle in one market."""
    market = market_of(key)
    base = play(market, NoChange(), RUN_IN)
    _, cost, sales = totals(market.morning(), 60)
    acos = float(cost.sum() / sales.sum())
    played = {"no change": base.record()}
    for name, (rule, first) in RULES.items():
        result, lever = at_equal_spend(market, rule, base.spend, first * acos, RUN_IN)
        played[name] = result.record() | {"lever": lever}
    days = range(market.today + RUN_IN, market.world.spec.horizon)
    return {"played": played, "oracle": asdict(oracle(market, days, base.spend))}


def limited_record(key: str) -> Record:
    """The rules under the bidder's conditions: its largest steps, and its plan by month without hindsight."""
    market = market_of(key)
    plan, spend = plan_of(market), play(market, NoChange(), RUN_IN).spend
    _, cost, sales = totals(market.morning(), 60)
    played = {}
    for name, (rule, first) in RULES.items():
        start = first * float(cost.sum() / sales.sum())
        if rule is RevenuePerClick:
            result, lever = at_equal_spend(market, partial(_stepped, rule), spend, start, RUN_IN)
            played[f"{name}, 50 % a day"] = result.record() | {"lever": lever}
        steered = Stepped(Steered(rule, start, plan))
        played[f"{name}, 50 % a day, no hindsight"] = play(market, steered, RUN_IN).record()
    return {"played": played}


def _stepped(rule: Callable[[float], Any], target: float) -> Stepped:
    return Stepped(rule(target))


def ceiling_record(key: str) -> Record:
    """What the oracle earns at equal spend."""
    market = market_of(key)
    days = range(market.today + RUN_IN, market.world.spec.horizon)
    found = oracle(market, days, play(market, NoChange(), RUN_IN).spend, spend_all=True)
    return {"played": {}, "oracle at equal spend": asdict(found)}


def bound_record(key: str) -> Record:
    """What is earned at equal spend with placement increases that are right, by the oracle and by learnt values."""
    market = market_of(key)
    days = range(market.today + RUN_IN, market.world.spec.horizon)
    told, spend = values_by_day(market, plan_of(market), RUN_IN), play(market, NoChange(), RUN_IN).spend
    right = with_right_increases(market)
    found = {
        "oracle, right increases": oracle(right, days, spend, spend_all=True),
        "all but values known": oracle(market, days, spend, True, told),
        "all but values known, right increases": oracle(right, days, spend, True, told),
    }
    return {"played": {}, "bounds": {name: asdict(each) for name, each in found.items()}}


def ideal_record(key: str) -> Record:
    """The bidder with the market's own response in the place of what it learns, and with smaller steps."""
    market = market_of(key)
    plan, shares = plan_of(market), measured_shares(market)
    variants = {
        "ours, were the response known": Ours(plan, shares, true_response(market)),
        "ours, 20 % a day and 40 % a week": Ours(plan, shares, learn_priced_response, limits=NARROW),
    }
    return {"played": {name: play(market, policy, RUN_IN).record() for name, policy in variants.items()}}


def ours_record(key: str) -> Record:
    """The bidder as it is."""
    market = market_of(key)
    played = play(market, Ours(plan_of(market), measured_shares(market), learn_priced_response), RUN_IN)
    return {"played": {"ours": played.record()}}


def misled_record(key: str) -> Record:
    """The bidder with the incremental share off, and with response curves that are wrong."""
    market = market_of(key)
    plan, shares = plan_of(market), measured_shares(market)
    variants = {
        "ours, incremental share off": Ours(plan, measured_shares(market, off=True), learn_priced_response),
        "ours, curves too steep (power 2)": Ours(plan, shares, bent(learn_priced_response, 2.0)),
        "ours, curves too flat (power 0.5)": Ours(plan, shares, bent(learn_priced_response, 0.5)),
    }
    return {"played": {name: play(market, policy, RUN_IN).record() for name, policy in variants.items()}}


def run_task(task: tuple[str, str]) -> tuple[str, str, Record]:
    """One part of one market; a task is the part's name and the market's key."""
    part, key = task
    if part == "calibration":
        kind = MarketKind(key)
        return part, key, calibration(open_market(MarketSpec(kind, CALIBRATED[kind], days=1)))
    return part, key, PARTS[part](key)


PARTS: dict[str, Callable[[str], Record]] = {
    "ours": ours_record,
    "rules": rules_record,
    "limited": limited_record,
    "ceiling": ceiling_record,
    "bound": bound_record,
    "ideal": ideal_record,
    "misled": misled_record,
}
NEEDED = ("ours", "rules", "ceiling")


def wanted(seeds: int, parts: list[str]) -> list[tuple[str, str]]:
    """Every task, markets of both kinds in turn; what the comparison rests on comes first."""
    kinds = [kind.value for kind in MarketKind]
    markets = [f"{kinds[number % len(kinds)]}/{number}" for number in range(seeds)]
    needed, further = ([part for part in parts if (part in NEEDED) == first] for first in (True, False))
    compared = [(part, key) for some in (needed, further) for key in markets for part in some]
    return compared + [("calibration", kind) for kind in kinds]


def main() -> None:
    """Play what is missing, then write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=30, help="markets, of both kinds in turn")
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--forget", nargs="*", default=[], help="parts whose earlier results are dropped")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    stored: dict[str, dict[str, Record]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for part in arguments.forget:
        stored.pop(part, None)
    missing = [task for task in wanted(arguments.seeds, arguments.parts) if task[1] not in stored.get(task[0], {})]
    with get_context("fork").Pool(arguments.processes) as pool:
        for number, (part, key, record) in enumerate(pool.imap_unordered(run_task, missing), 1):
            stored.setdefault(part, {})[key] = record
            _keep(stored)
            print(f"[{number}/{len(missing)}] {part} {key}", file=sys.stderr, flush=True)
    table = write_tables(stored, (__doc__ or "").split("\n\n")[1], describe_machine())
    (FOLDER / "BIDS.md").write_text(table)
    print(table)


def _keep(stored: dict[str, dict[str, Record]]) -> None:
    beside = RESULTS.with_suffix(".part")
    beside.write_text(json.dumps(stored))
    beside.replace(RESULTS)


if __name__ == "__main__":
    main()
