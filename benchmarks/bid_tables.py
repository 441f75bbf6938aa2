"""Records of played markets in, the tables of `BIDS.md` out. A view: it averages and formats, and plays nothing."""

from typing import Any

import numpy as np

from benchmarks.bid_calibration import calibration_table

Record = dict[str, Any]
OURS = "ours"
RULES_ONLY = ("no change", "target ACoS, 10 clicks", "15 clicks, 3 days", "revenue per click x target")
RESAMPLES = 4000


def write_tables(stored: dict[str, dict[str, Record]], method: str, machine: str) -> str:
    """The whole page in Markdown."""
    parts = ["# Bids: against the rules others use\n", method + "\n", f"{machine}.\n", calibration_table(stored)]
    markets = _joined(stored)
    if markets:
        parts += [_goals(markets), _policy_table(markets), _kinds_table(markets), _conditions_table(markets)]
        parts.append(_steadiness_table(markets))
    return "\n".join(parts)


def _joined(stored: dict[str, dict[str, Record]]) -> list[Record]:
    """Per market: what each policy earned, all parts together; markets that rules, bidder and oracles have played."""
    played = {part: records for part, records in stored.items() if part != "calibration"}
    keys = sorted(set.intersection(*(set(played.get(part, {})) for part in ("rules", "ours", "ceiling"))))
    return [
        {
            "key": key,
            "oracle": played["rules"][key]["oracle"],
            "ceiling": played["ceiling"][key]["oracle at equal spend"],
            "bounds": played.get("bound", {}).get(key, {}).get("bounds"),
            "policies": {
                name: each
                for records in played.values()
                for name, each in records.get(key, {"played": {}})["played"].items()
            },
        }
        for key in keys
    ]


def _goals(markets: list[Record]) -> str:
    """What was to be reached, and whether it is."""
    best = best_rule(markets)
    gain = gains(markets, OURS, best)
    low, high = interval(gain)
    misses = np.array(_misses(markets, OURS))
    turning = float(np.mean([_of(market, OURS)["reversals"] for market in markets]))
    reached = (
        ("profit at least 10 % above the best rule's", f"{gain.mean():+.1%}", gain.mean() >= 0.1),
        ("95 % interval of the paired difference above zero", f"{low:+.1%} to {high:+.1%}", low > 0),
        (
            "each month's spend within 2 % of plan",
            f"{(misses <= 0.02).mean():.0%} of months, largest miss {misses.max():.1%}{_short_and_over(markets)}",
            misses.max() <= 0.02,
        ),
        ("fewer than 5 % of targets turn about within 3 days", f"{turning:.2%}", turning < 0.05),
        ("at least 30 markets", str(len(markets)), len(markets) >= 30),
    )
    lines = ["## What was to be reached\n", "| goal | found | reached |", "|---|---|---|"]
    lines += [f"| {goal} | {found} | {'yes' if met else '**no**'} |" for goal, found, met in reached]
    return "\n".join(lines) + "\n"


def _policy_table(markets: list[Record]) -> str:
    best = best_rule(markets)
    lines = [
        f"## Incremental profit over the 90 days that count, {len(markets)} markets\n",
        f"Best of the rules over all markets: **{best}**. Per cent of its profit, markets weighted alike by profit per "
        "unit of plan; 95 % interval of the paired difference by resampling markets. Regret is what is missing to the "
        "oracle, which knows all days and sets each bid anew every day: one that need not spend the plan, and one that "
        "must spend all of it, as every policy here. The last columns count the run-in too.\n",
        "| policy | markets | profit over the best rule's | 95 % interval | better in | spend over plan: mean, range "
        "| regret to the oracle | at equal spend | with the run-in: profit | spend |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in policies(markets):
        mine = [market for market in markets if name in market["policies"]]
        gain = gains(mine, name, best)
        low, high = interval(gain)
        spend = np.array([_of(market, name)["spend"] / _of(market, "no change")["spend"] for market in mine]) - 1
        cells = [
            str(len(mine)),
            f"{gain.mean():+.1%}",
            f"{low:+.1%} to {high:+.1%}",
            f"{(gain > 0).mean():.0%}",
            f"{spend.mean():+.1%}, {spend.min():+.0%} to {spend.max():+.0%}",
            f"{_regret(mine, name, 'oracle'):.1%}",
            f"{_regret(mine, name, 'ceiling'):.1%}",
            f"{gains(mine, name, best, run_in=True).mean():+.1%}",
            f"{np.mean([_whole(m, name, 'spend') / _whole(m, 'no change', 'spend') for m in mine]) - 1:+.1%}",
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _kinds_table(markets: list[Record]) -> str:
    """The same by kind of account, with the room that there is: oracles and bounds over the best rule."""
    best = best_rule(markets)
    lines = [
        "## By kind of account, and how much there is to gain\n",
        f"Over {best}'s profit, as above. The oracle knows all truth and days to come, sets each bid anew every day "
        "and must spend the plan; it keeps placement increases as found, or has those that follow how placements "
        "convert. What clicks are worth has to be learnt from orders: with our click values of each morning and all "
        "else known a bidder would earn the last columns, and whoever learns no better can earn no more.\n",
        "| account | markets | the bidder | 95 % interval | no change | oracle | oracle, right increases "
        "| all but values known | the same, right increases |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind in (*sorted({market["key"].split("/")[0] for market in markets}), ""):
        mine = [market for market in markets if market["key"].startswith(kind)]
        gain = gains(mine, OURS, best)
        low, high = interval(gain)
        cells = [f"{gain.mean():+.1%}", f"{low:+.1%} to {high:+.1%}", f"{gains(mine, 'no change', best).mean():+.1%}"]
        cells.append(_room(mine, best, [market["ceiling"] for market in mine]))
        for name in ("oracle, right increases", "all but values known", "all but values known, right increases"):
            told = [market["bounds"][name] for market in mine if market["bounds"]]
            cells.append(_room(mine, best, told) if len(told) == len(mine) else "")
        lines.append(f"| {kind or 'all'} | {len(mine)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _room(markets: list[Record], best: str, found: list[Record]) -> str:
    """Profit per unit of plan over that of the best rule."""
    usual = sum(_per_plan(market, best) for market in markets)
    plans = [_of(market, "no change")["spend"] for market in markets]
    return f"{sum(each['profit'] / plan for each, plan in zip(found, plans, strict=True)) / usual - 1:+.1%}"


def _conditions_table(markets: list[Record]) -> str:
    """The bidder over each rule, as it is and under the bidder's conditions."""
    lines = [
        "## The bidder over each rule, under whose conditions\n",
        "Hindsight: the rule's target was chosen after the fact so that all days together spend the plan. Steps: the "
        "rule's bids move by at most 50 % a day and 200 % a week, as the bidder's.\n",
        "| rule | hindsight | steps as the bidder's | markets | the bidder's profit over it | 95 % interval |",
        "|---|---|---|---|---|---|",
    ]
    for name in policies(markets):
        if not name.startswith(RULES_ONLY):
            continue
        mine = [market for market in markets if name in market["policies"]]
        gain = gains(mine, OURS, name)
        low, high = interval(gain)
        hindsight = "no" if "no hindsight" in name or name == RULES_ONLY[0] else "yes"
        steps = "yes" if "50 % a day" in name else "no"
        lines.append(
            f"| {name} | {hindsight} | {steps} | {len(mine)} | {gain.mean():+.1%} | {low:+.1%} to {high:+.1%} |"
        )
    return "\n".join(lines) + "\n"


def _steadiness_table(markets: list[Record]) -> str:
    lines = [
        "## Steadiness\n",
        "| policy | mean and largest miss of a month's plan | months within 2 % | turning about in 3 days "
        "| ever in 90 days |",
        "|---|---|---|---|---|",
    ]
    for name in policies(markets):
        mine = [market for market in markets if name in market["policies"]]
        misses = np.array(_misses(mine, name))
        turning, ever = (
            np.mean([_of(market, name)[key] for market in mine]) for key in ("reversals", "reversals_ever")
        )
        cells = [
            f"{misses.mean():.1%}, {misses.max():.1%}",
            f"{(misses <= 0.02).mean():.0%}",
            f"{turning:.2%}",
            f"{ever:.1%}",
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _misses(markets: list[Record], name: str) -> list[float]:
    """How far each month's spend is from its plan, either way, as a fraction of the plan."""
    return [
        abs(spent / _of(market, "no change")["months"][month] - 1)
        for market in markets
        for month, spent in _of(market, name)["months"].items()
    ]


def _short_and_over(markets: list[Record]) -> str:
    """How many of the bidder's months miss their plan by more than 2 %, on either side."""
    told = [
        spent / _of(market, "no change")["months"][month] - 1
        for market in markets
        for month, spent in _of(market, OURS)["months"].items()
    ]
    return f"; of {len(told)}, {sum(x < -0.02 for x in told)} end short, {sum(x > 0.02 for x in told)} over"


def _regret(markets: list[Record], name: str, oracle: str) -> float:
    """What is missing to an oracle's profit, markets weighted alike by profit per unit of plan."""
    reached = sum(_per_plan(market, name) for market in markets)
    return float(1 - reached / sum(market[oracle]["profit"] / _of(market, "no change")["spend"] for market in markets))


def policies(markets: list[Record]) -> list[str]:
    """Names of the policies that any market has, in the order in which they were played."""
    return list(dict.fromkeys(name for market in markets for name in market["policies"]))


def best_rule(markets: list[Record]) -> str:
    """The rule with the largest profit relative to no change, on average over markets."""
    return max(
        RULES_ONLY,
        key=lambda name: float(np.mean([_of(m, name)["profit"] / _of(m, "no change")["profit"] for m in markets])),
    )


def gains(markets: list[Record], name: str, best: str, run_in: bool = False) -> np.ndarray:
    """Profit over the best rule's less one, per market; in units of that rule's mean profit per unit of plan."""
    mine, usual = (np.array([_per_plan(market, each, run_in) for market in markets]) for each in (name, best))
    found: np.ndarray = (mine - usual) / usual.mean()
    return found


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean, by resampling markets."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def _per_plan(market: Record, name: str, run_in: bool = False) -> float:
    """Profit per unit of the plan's money."""
    if run_in:
        return _whole(market, name, "profit") / _whole(market, "no change", "spend")
    return float(_of(market, name)["profit"] / _of(market, "no change")["spend"])


def _whole(market: Record, name: str, what: str) -> float:
    """Profit or spend of the run-in and of the days that count."""
    return float(_of(market, name)["before"][what] + _of(market, name)[what])


def _of(market: Record, name: str) -> Record:
    found: Record = market["policies"][name]
    return found
