"""A market in, its first 90 days beside the published accounts that it is to resemble, out."""

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
LABELS = {
    "clicks": "clicks per target in 90 days, p10/50/90/99",
    "without": "targets without a conversion",
    "spend without": "their share of spend",
    "cost per click over bid": "cost per click over bid, p10/50/90 (20 clicks or more)",
}


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


def calibration_table(stored: dict[str, dict[str, Record]]) -> str:
    """The published accounts and the simulated ones side by side, Markdown."""
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


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return " / ".join(
        f"{each:,.3g}" if each < 1000 else f"{each:,.0f}" for each in (value if isinstance(value, list) else [value])
    )
