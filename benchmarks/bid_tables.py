"""Records of played markets in, the tables of `BIDS.md` out. A view: it averages and formats, and plays nothing."""

from typing import Any

import numpy as np

from bidding.simulator.market import Market

Record = dict[str, Any]
PUBLISHED = {
    "airline": {
        "targets": 4510,
        "clicks": [1, 4, 96, 1676],
        "without": 0.92,
        "spend without": 0.25,
        "conversion rate": 0.0077,
        "cost per click": 1.47,
        "cost per click over bid": [0.12, 0.39, 1.22],
        "share of targets with 80 % of spend": 185 / 4510,
    },
    "hotel": {
        "targets": 892,
        "clicks": [0, 4, 152, 6917],
        "without": 0.73,
        "spend without": 0.065,
        "conversion rate": 0.057,
        "cost per click": 0.28,
        "cost per click over bid": [0.04, 0.17, 1.08],
        "share of targets with 80 % of spend": None,
    },
}
"""Real accounts, from the table "What real keyword accounts look like" in `facts/platforms.md`."""

RULES_ONLY = ("no change", "target ACoS, 10 clicks", "15 clicks, 3 days", "revenue per click x target")
RESAMPLES = 4000


def calibration(opened: Market) -> Record:
    """What the 90 days of history look like, as the published table does. A bid is that of the last day."""
    spec, ledger = opened.world.spec, opened.ledger
    past = slice(0, spec.history_days)
    clicks, cost, orders = (part[past].sum(axis=0) for part in (ledger.clicks, ledger.cost, ledger.orders))
    many = clicks >= 20
    spread = np.sort(cost)[::-1].cumsum() / cost.sum()
    return {
        "targets": spec.targets,
        "clicks": [float(value) for value in np.percentile(clicks, [10, 50, 90, 99])],
        "without": float((orders == 0).mean()),
        "spend without": float(cost[orders == 0].sum() / cost.sum()),
        "conversion rate": float(orders.sum() / clicks.sum()),
        "cost per click": float(cost.sum() / clicks.sum()),
        "cost per click over bid": np.percentile(
            (cost / np.maximum(clicks, 1) / opened.bids)[many], [10, 50, 90]
        ).tolist(),
        "share of targets with 80 % of spend": float((spread < 0.8).mean()),
    }


def write_tables(stored: dict[str, dict[str, Record]], method: str, machine: str) -> str:
    """The whole page in Markdown."""
    parts = ["# Bids: against the rules others use\n", method + "\n", f"{machine}.\n", _calibration_table(stored)]
    markets = _joined(stored)
    if markets:
        parts += [_policy_table(markets), _steadiness_table(markets)]
    return "\n".join(parts)


def _joined(stored: dict[str, dict[str, Record]]) -> list[Record]:
    """Per market: what each policy earned, all parts together; markets that every stored part has played."""
    played = {part: records for part, records in stored.items() if part != "calibration"}
    if "rules" not in played:
        return []
    keys = sorted(set.intersection(*(set(records) for records in played.values())))
    return [
        {
            "key": key,
            "oracle": played["rules"][key]["oracle"],
            "policies": {name: each for records in played.values() for name, each in records[key]["played"].items()},
        }
        for key in keys
    ]


def _calibration_table(stored: dict[str, dict[str, Record]]) -> str:
    lines = [
        "## The simulated accounts beside the published ones\n",
        "| | published airline | simulated | published hotel | simulated |",
        "|---|---|---|---|---|",
    ]
    told = stored.get("calibration", {})
    for name in PUBLISHED["airline"]:
        cells = [
            _cell(side[kind].get(name))
            for kind in ("airline", "hotel")
            for side in (PUBLISHED, {"airline": {}, "hotel": {}} | told)
        ]
        lines.append(f"| {LABELS.get(name, name)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


LABELS = {
    "clicks": "clicks per target in 90 days, p10/50/90/99",
    "without": "targets without a conversion",
    "spend without": "their share of spend",
    "cost per click over bid": "cost per click over bid, p10/50/90 (20 clicks or more)",
}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return " / ".join(
        f"{each:,.3g}" if each < 1000 else f"{each:,.0f}" for each in (value if isinstance(value, list) else [value])
    )


def _policy_table(markets: list[Record]) -> str:
    best = best_rule(markets)
    lines = [
        f"## Incremental profit over 91 days, {len(markets)} markets\n",
        f"Best of the rules over all markets: **{best}**. Per cent of its profit, markets weighted alike; 95 % "
        "interval of the paired difference by resampling markets. Regret is what is missing to the oracle, which "
        "knows all days.\n",
        "| policy | profit over the best rule's | 95 % interval | better in | spend over plan | regret to the oracle |",
        "|---|---|---|---|---|---|",
    ]
    for name in policies(markets):
        gain = gains(markets, name, best)
        low, high = interval(gain)
        spend = np.mean([_of(market, name)["spend"] / _of(market, "no change")["spend"] for market in markets]) - 1
        regret = np.mean([1 - _of(market, name)["profit"] / market["oracle"]["profit"] for market in markets])
        cells = [
            f"{gain.mean():+.1%}",
            f"{low:+.1%} to {high:+.1%}",
            f"{(gain > 0).mean():.0%}",
            f"{spend:+.2%}",
            f"{regret:.0%}",
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _steadiness_table(markets: list[Record]) -> str:
    lines = [
        "## Steadiness\n",
        "| policy | largest miss of a month's plan | months within 2 % | turning about in 3 days | ever in 91 days |",
        "|---|---|---|---|---|",
    ]
    for name in policies(markets):
        misses = np.array(
            [
                spent / _of(market, "no change")["months"][month] - 1
                for market in markets
                for month, spent in _of(market, name)["months"].items()
            ]
        )
        turning, ever = (
            np.mean([_of(market, name)[key] for market in markets]) for key in ("reversals", "reversals_ever")
        )
        cells = [
            f"{np.abs(misses).max():.1%}",
            f"{(np.abs(misses) <= 0.02).mean():.0%}",
            f"{turning:.2%}",
            f"{ever:.1%}",
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def policies(markets: list[Record]) -> list[str]:
    """Names of the policies that every market has."""
    return [name for name in markets[0]["policies"] if all(name in market["policies"] for market in markets)]


def best_rule(markets: list[Record]) -> str:
    """The rule with the largest profit relative to no change, on average over markets."""
    return max(
        RULES_ONLY,
        key=lambda name: float(np.mean([_of(m, name)["profit"] / _of(m, "no change")["profit"] for m in markets])),
    )


def gains(markets: list[Record], name: str, best: str) -> np.ndarray:
    """Profit over the best rule's less one, per market; in units of that rule's mean profit per unit of plan."""
    differ = np.array(
        [(_of(m, name)["profit"] - _of(m, best)["profit"]) / _of(m, "no change")["spend"] for m in markets]
    )
    usual = np.mean([_of(m, best)["profit"] / _of(m, "no change")["spend"] for m in markets])
    return differ / usual


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean, by resampling markets."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def _of(market: Record, name: str) -> Record:
    found: Record = market["policies"][name]
    return found
