"""Are the statistics behind bids right, and fast? `python -m benchmarks.bid_statistics` writes `BID_STATISTICS.md`.

Accounts are drawn with known truth: coverage of intervals, closed-form shrinkage against the full hierarchical model by
NUTS, the integer choice against the linear program's bound, and seconds from a snapshot in memory to chosen bids.
"""

import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pymc as pm

from benchmarks.machine import describe_machine
from bidding.click_value import learn_parts, value_clicks
from bidding.factors import factors_of
from bidding.intervals import learn_chance, outlook_intervals
from bidding.landscape import bids_in_force, candidate_bids, learn_response
from bidding.optimize import ChoiceSettings, Return, ReturnTarget, choose_bids
from bidding.shrinkage import nested, nesting_of
from bidding.snapshot import Campaigns, Performance, Snapshot, Targets
from tests.bidding.build_snapshot import TODAY, Built, Size, build, click_share

PAGE = Path(__file__).parent / "BID_STATISTICS.md"
COVERAGE_SEEDS, WEEKS_EACH = range(40), 5
SCALES = (10_000, 100_000, 1_000_000)
BLOCK = 10_000
SHARE_OF_LARGE = 5.0
SWING = 0.06


def coverage() -> str:
    """Share of next week's clicks, cost and matured orders inside their 80 % intervals, by target and in all."""
    names = ("clicks", "cost", "orders")
    held: dict[str, list[float]] = {f"{name} {kind}": [] for kind in ("target", "total") for name in names}
    learnt: dict[str, list[float]] = {"orders per click": [], "sales per click": [], "clicks a day": []}
    for seed in COVERAGE_SEEDS:
        size = Size(campaigns=30, ad_groups=5, targets=10, clicks_per_day=3, seed=100 + seed, traffic_sd=SWING)
        built = build(size, jitter=0.08)
        _cover(built, np.random.default_rng(seed), held, learnt)
    rows = ["| next week's | by target | channel's total |", "|---|---|---|"]
    rows += [f"| {n} | {np.mean(held[n + ' target']):.1%} | {np.mean(held[n + ' total']):.1%} |" for n in names]
    rows += ["", "| what is learnt of a target | its truth within 1.28 sd |", "|---|---|"]
    rows += [f"| {name} | {np.mean(each):.1%} |" for name, each in learnt.items()]
    return "\n".join(rows)


def _cover(
    built: Built, rng: np.random.Generator, held: dict[str, list[float]], learnt: dict[str, list[float]]
) -> None:
    snapshot, truth = built.snapshot, built.truth
    values = value_clicks(snapshot, built.account, factors_of(built.account, TODAY))
    bid = bids_in_force(snapshot)
    response = learn_response(snapshot, built.account, candidate_bids(bid, 0.01, 0.7 * bid, 1.4 * bid))
    column = rng.integers(0, response.bids.shape[1], len(bid))
    rows = np.arange(len(bid))
    outlook = outlook_intervals(values, response, column, learn_chance(snapshot), snapshot.channel_of_targets())
    move = np.log(response.bids[rows, column] / bid)
    usual = 7 * truth.clicks_per_day * click_share(truth, move, rows)
    for _ in range(WEEKS_EACH):
        clicks = rng.poisson(usual * np.exp(SWING * rng.standard_normal())).astype(float)
        price = bid * np.exp(0.6 * move) * truth.cost_share
        week = {"clicks": clicks, "cost": clicks * price, "orders": rng.poisson(clicks * truth.rate).astype(float)}
        for name, came in week.items():
            by_target, total = (getattr(each, name) for each in outlook)
            low, high = by_target.percentiles((10, 90)).T
            edge = 0.0 if name == "cost" else 0.5
            inside, reached = (
                (came > low + side) & (came < high - side) if side > 0 else (came >= low + side) & (came <= high - side)
                for side in (edge, -edge)
            )
            held[f"{name} target"].append(float(((inside * 1.0 + reached) / 2)[by_target.mean > SHARE_OF_LARGE].mean()))
            low, high = total.percentiles((10, 90))[0]
            held[f"{name} total"].append(float(low <= came.sum() <= high))
    now = response.clicks[rows, response.current], response.clicks_sd[rows, response.current]
    for name, true, (mean, sd) in (
        ("orders per click", truth.rate, (values.conversion_rate, values.conversion_rate_sd)),
        ("sales per click", truth.rate * truth.order_value, (values.attributed, values.attributed_sd)),
        ("clicks a day", truth.clicks_per_day, now),
    ):
        learnt[name].append(float((np.abs(true - mean) < 1.2816 * sd).mean()))


def against_nuts() -> str:
    """Closed form against the full hierarchical model on the same counts, targets integrated out exactly."""
    lines = ["| account | targets | correlation of means | mean ratio | sd ratio | closed form | NUTS |"]
    lines.append("|---|---|---|---|---|---|---|")
    for seed, clicks in ((1, 0.5), (2, 2.0)):
        built = build(Size(campaigns=12, ad_groups=4, targets=8, clicks_per_day=clicks, seed=seed))
        nesting = nesting_of(built.snapshot)
        rows = built.snapshot.performance
        count = len(built.snapshot.targets)
        exposure = np.bincount(rows.target, weights=rows.clicks * built.truth.complete[np.minimum(rows.age, 42)])
        exposure = np.resize(np.append(exposure, np.zeros(count - len(exposure))), count)
        orders = np.bincount(rows.target, weights=rows.orders, minlength=count)
        started = time.monotonic()
        closed = nested(orders, exposure, nesting, np.array([0.03]))
        quick = time.monotonic() - started
        mean, sd, slow = _nuts(orders, exposure, nesting.ad_group, nesting.campaign, nesting.cell)
        ours = closed.rate * np.sqrt(closed.relative_variance)
        lines.append(
            f"| {clicks:g} clicks a day | {count} | {np.corrcoef(mean, closed.rate)[0, 1]:.4f} "
            f"| {np.mean(closed.rate / mean):.3f} | {np.mean(ours / sd):.3f} | {1000 * quick:.0f} ms | {slow:.0f} s |"
        )
    return "\n".join(lines)


def _nuts(
    orders: np.ndarray, exposure: np.ndarray, group: np.ndarray, campaign: np.ndarray, cell: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Posterior mean and sd of every target's rate."""
    used = exposure > 0
    with pm.Model():
        shape = pm.math.exp(pm.Normal("log_shape", np.log(3.0), 1.5, shape=3))
        root = pm.Normal("root", np.log(0.04), 1.0)
        cells = pm.Normal("cells", 0.0, 0.5, shape=int(cell.max()) + 1)
        top = pm.Gamma("top", shape[2], shape[2], shape=int(campaign.max()) + 1)
        middle = pm.Gamma("middle", shape[1], shape[1], shape=len(campaign))
        parent = pm.Deterministic("parent", pm.math.exp(root + cells[cell]) * (top[campaign] * middle)[group])
        pm.NegativeBinomial("orders", mu=exposure[used] * parent[used], alpha=shape[0], observed=orders[used])
        started = time.monotonic()
        trace = pm.sample(800, tune=800, chains=2, cores=1, nuts_sampler="nutpie", random_seed=1, progressbar=False)
        seconds = time.monotonic() - started
    flat = trace.posterior.stack(draw_of=("chain", "draw"))
    k = np.exp(flat["log_shape"].to_numpy()[0])
    above = flat["parent"].to_numpy()
    scale = k / above + exposure[:, None]
    mean = (k + orders[:, None]) / scale
    variance = (k + orders[:, None]) / scale**2
    return mean.mean(axis=1), np.sqrt(variance.mean(axis=1) + mean.var(axis=1)), seconds


def enlarge(small: Snapshot, times: int) -> Snapshot:
    """The same account so many times over, each copy with campaigns, ad groups and targets of its own."""
    copies = range(times)
    m, n, a = len(small.campaigns.ids), len(small.targets), len(small.targets.ad_group_ids)
    shifted = {"campaign": m, "ad_group": a, "target": n}

    def stacked(values: object, but: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
        made = {}
        for name, each in vars(values).items():
            parts = [each + copy * shifted[name] if name in shifted else each for copy in copies]
            made[name] = np.concatenate(parts) if name not in but else np.array(np.arange(len(each) * times), object)
        return made

    return replace(
        small,
        campaigns=Campaigns(**stacked(small.campaigns, ("ids",))),
        targets=Targets(**stacked(small.targets, ("ids", "ad_group_ids"))),
        performance=Performance(**stacked(small.performance)),
    )


def speed(largest: int) -> str:
    """Seconds by step and size, the distance to the bound, and the largest memory so far."""
    size = Size(campaigns=BLOCK // 200, ad_groups=10, targets=20, days=42, clicks_per_day=0.3, seed=1)
    built = build(size, jitter=0.08)
    night(built, built.snapshot)  # compiles
    lines = ["| targets | rows | value | response | choice | with a ROAS target | intervals | in all | gap | memory |"]
    lines.append("|---|---|---|---|---|---|---|---|---|---|")
    for count in (scale for scale in SCALES if scale <= largest):
        snapshot = enlarge(built.snapshot, count // BLOCK)
        seconds, gap = night(built, snapshot)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        lines.append(
            f"| {count:,} | {len(snapshot.performance):,} | "
            + " | ".join(f"{each:.2f} s" for each in seconds)
            + f" | {sum(seconds) - seconds[3]:.2f} s | {gap:.1e} | {memory:.1f} GB |"
        )
    return "\n".join(lines)


def night(built: Built, snapshot: Snapshot) -> tuple[list[float], float]:
    """Seconds for value, response, choice, choice under a target, intervals; and the choice's distance to its bound."""
    marks = [time.monotonic()]
    values = value_clicks(
        snapshot, built.account, factors_of(built.account, TODAY), learn_parts(snapshot, built.account)
    )
    marks.append(time.monotonic())
    bid = bids_in_force(snapshot)
    response = learn_response(snapshot, built.account, candidate_bids(bid, 0.01, 0.7 * bid, 1.4 * bid, 11))
    marks.append(time.monotonic())
    rows = np.arange(len(bid))
    budget = {"amazon": float(response.cost[rows, response.current].sum())}
    choice = choose_bids(values, response, snapshot, budget)
    marks.append(time.monotonic())
    sold = (response.clicks[rows, choice.column] * values.attributed).sum()
    target = ReturnTarget(Return.ATTRIBUTED, 1.1 * float(sold / choice.cost[0]))
    choose_bids(values, response, snapshot, budget, (target,), ChoiceSettings())
    marks.append(time.monotonic())
    outlook_intervals(values, response, choice.column, learn_chance(snapshot), snapshot.channel_of_targets())
    marks.append(time.monotonic())
    return list(np.diff(marks)), float(1 - choice.objective[0] / choice.bound[0])


def main() -> None:
    """Write the page."""
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else SCALES[-1]
    parts = [
        "# The statistics behind bids\n",
        "`python -m benchmarks.bid_statistics`. Accounts drawn with known truth; see `benchmarks/bid_statistics.py`.",
        f"{describe_machine()}; the machine was shared, so seconds are at most these.\n",
        f"## 80 % intervals, {len(COVERAGE_SEEDS)} accounts of 1,500 targets, {WEEKS_EACH} weeks each\n",
        "Targets from which more than five are expected; a count on the edge of an interval counts half.",
        "The channel's weeks swing by 6 % (sd, in logs), in the history and in the weeks to come.\n",
        coverage(),
        "\n## Closed form against the full model\n",
        "Gamma effects of campaign, ad group and target, sampled by NUTS with the closed form's priors.\n",
        against_nuts(),
        "\n## From a snapshot in memory to chosen bids\n",
        "Eleven bids a target; the gap is the integer choice's distance to the linear program's bound.\n",
        speed(largest),
    ]
    PAGE.write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
