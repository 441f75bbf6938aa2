"""Time and memory of a night for up to a million targets, from Parquet to bids; and the choice against its bound.

`python -m benchmarks.bid_scale` writes synthetic accounts to a temporary folder, proposes for each in a process of its
own and writes `BID_SCALE.md`. A target has between one and 60 days with impressions: about six on average and two or
fewer for half of them, as where only days with clicks are reported, or about 19 on average and ten for the median, as
where every day is. Peak memory is that of the process that proposes, from start to end, both of its nights included.
Seconds are of wall time on a machine that others may use; CPU seconds are those of all threads, which an idle machine
does not exceed.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.bid_night import Told, propose_bids
from benchmarks.bid_play import account_of_margin
from benchmarks.machine import describe_machine
from bidding.factors import Factor
from bidding.marginal import learn_priced_response
from bidding.parquet_columns import column_values
from bidding.simulator.reports import CHANNEL
from bidding.snapshot import Campaigns, Performance, Platform, Restatement, Snapshot, Targets
from measurement.report import Verdict

FOLDER = Path(__file__).parent
SIZES = (10_000, 100_000, 1_000_000)
TAILS = {6: 2, 19: 11}
"""Scale of the heavy tail of days with impressions, by how many a target has on average."""
DAYS = 60
TODAY = np.datetime64("2025-06-01")
MEBIBYTE = 1024  # in the KiB of ru_maxrss


def write_account(folder: Path, count: int, rows: int = 6, seed: int = 0) -> None:
    """Two Parquet files: targets, and their days, of which a target has so many on average."""
    rng = np.random.default_rng(seed)
    campaign = np.sort(rng.integers(0, max(1, count // 50), count))
    group = campaign * 8 + rng.integers(0, 8, count)
    number = np.arange(count)
    bid = np.round(np.exp(rng.normal(-0.3, 0.6, count)), 2) + 0.05
    rate = 0.05 * np.exp(rng.normal(0, 0.7, count))
    targets = {
        "id": np.char.add("9", number.astype(str)),
        "text": np.char.add("word ", (number % 50_000).astype(str)),
        "campaign": campaign,
        "ad_group": np.unique(group, return_inverse=True)[1],
        "match": rng.integers(1, 4, count),
        "branded": campaign % 12 == 0,
        "bid": bid,
    }
    pq.write_table(pa.table(targets), folder / "targets.parquet")
    many = np.minimum(1 + (rng.pareto(1.1, count) * TAILS[rows]).astype(np.int64), DAYS)
    target = np.repeat(number, many)
    first = np.repeat(np.cumsum(many) - many, many)
    age = 1 + (np.arange(len(target)) - first + np.repeat(rng.integers(0, DAYS, count), many)) % DAYS
    clicks = rng.poisson(np.exp(rng.normal(-0.5, 1.0, count))[target])
    used = np.round(bid[target] * np.exp(0.08 * rng.integers(-1, 2, len(target))), 2)
    orders = rng.binomial(clicks, np.minimum(rate, 0.5)[target])
    days = {
        "target": target.astype(np.int32),
        "age": age.astype(np.int32),
        "impressions": (clicks * 25 + 1).astype(np.int32),
        "clicks": clicks.astype(np.int32),
        "cost": clicks * used * rng.uniform(0.4, 0.9, len(target)),
        "orders": orders.astype(np.int32),
        "sales": orders * 30.0 * rng.uniform(0.5, 1.5, len(target)),
        "bid": used,
    }
    pq.write_table(pa.table(days), folder / "days.parquet")


def read_account(folder: Path) -> Snapshot:
    """The snapshot that the files hold."""
    targets, days = pq.read_table(folder / "targets.parquet"), pq.ParquetFile(folder / "days.parquet")
    campaign = targets["campaign"].to_numpy().astype(np.int64)
    groups = int(targets["ad_group"].to_numpy().max()) + 1
    count = targets.num_rows

    def day_column(name: str, kind: type) -> np.ndarray:
        """One at a time, so that the file's form and ours never both stand in memory whole."""
        return np.asarray(column_values(days.read([name]).column(0))).astype(kind)

    number = {
        name: day_column(name, np.float64) for name in ("impressions", "clicks", "cost", "orders", "sales", "bid")
    }
    age = day_column("age", np.int64)
    rows = Performance(
        target=day_column("target", np.int64),
        day=TODAY - age,
        age=age,
        new_to_brand_sales=np.full(len(age), np.nan),
        halo_sales=np.full(len(age), np.nan),
        out_of_budget=np.zeros(len(age)),
        **number,
    )
    return Snapshot(
        today=TODAY,
        channels=(CHANNEL,),
        platforms=(Platform.AMAZON,),
        campaigns=_campaigns(int(campaign.max()) + 1),
        targets=Targets(
            ids=targets["id"].to_numpy(zero_copy_only=False),
            texts=targets["text"].to_numpy(zero_copy_only=False),
            campaign=campaign,
            ad_group=targets["ad_group"].to_numpy().astype(np.int64),
            ad_group_ids=np.arange(groups).astype(str).astype(object),
            kind=np.zeros(count, dtype=np.int64),
            match=targets["match"].to_numpy().astype(np.int64),
            branded=targets["branded"].to_numpy(zero_copy_only=False),
            bid=targets["bid"].to_numpy(),
            enabled=np.ones(count, dtype=np.bool_),
            sku=np.full(count, "", dtype=object),
        ),
        performance=rows,
        restatement=_vintages(rows),
        rejected=(),
        warnings=(),
        source_hashes={},
    )


def _campaigns(count: int) -> Campaigns:
    ids = np.arange(count).astype(str).astype(object)
    empty = np.full(count, "", dtype=object)
    return Campaigns(
        ids=ids,
        names=ids,
        portfolios=empty,
        channel=np.zeros(count, dtype=np.int64),
        product=np.full(count, "SP", dtype=object),
        strategy=np.zeros(count, dtype=np.int64),
        daily_budget=np.full(count, 1e6),
        modifiers=np.zeros((count, 3)),
        enabled=np.ones(count, dtype=np.bool_),
        end=np.full(count, np.datetime64("NaT"), dtype="datetime64[D]"),
    )


def _vintages(rows: Performance) -> Restatement:
    """Each day's totals as if nothing were restated: one pull per day and age."""
    ages = np.arange(1, DAYS + 1)
    clicks, orders, sales = (
        np.bincount(rows.age, part, minlength=DAYS + 1)[1:] for part in (rows.clicks, rows.orders, rows.sales)
    )
    return Restatement(np.zeros(DAYS, dtype=np.int64), TODAY - ages, ages, clicks, orders, sales)


def measure(folder: Path) -> dict[str, Any]:
    """Seconds by step, peak memory, and how far the integer choice is from its bound.

    A first night finds what bids in force cost; the second, which is told, spends 3 % less, so that the budget binds.
    """
    started, worked = time.perf_counter(), time.process_time()
    snapshot = read_account(folder)
    read, read_cpu = time.perf_counter() - started, time.process_time() - worked
    day = np.timedelta64(1, "D")
    share = Factor(CHANNEL, None, np.full(200, 0.6), Verdict.MEASURED, False, TODAY - day, TODAY + day, "made up")
    account, told = account_of_margin(0.4), Told((share,), learn_priced_response)
    first = propose_bids(snapshot, account, {CHANNEL: float(snapshot.performance.cost.sum()) / DAYS}, told)
    cold = time.perf_counter() - started
    now = first.response.cost[np.arange(len(snapshot.targets)), first.response.current].sum()
    budget = 0.97 * float(now)
    del first
    worked = time.process_time()
    night = propose_bids(snapshot, account, {CHANNEL: budget}, told)
    cpu = read_cpu + time.process_time() - worked
    objective, bound = float(night.choice.objective.sum()), float(night.choice.bound.sum())
    return {
        "targets": len(snapshot.targets),
        "rows": len(snapshot.performance),
        "steps": {"read": read} | night.seconds,
        "seconds": read + sum(night.seconds.values()),
        "cpu": cpu,
        "cold": cold,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEBIBYTE,
        "gap": 1 - objective / bound,
        "spent": float(night.choice.cost.sum()) / budget,
    }


def table(records: list[dict[str, Any]]) -> str:
    """The page in Markdown."""
    names = list(records[0]["steps"])
    head = (
        "| targets | rows | "
        + " | ".join(names)
        + " | in all | CPU | a process's first night | peak memory | gap to the LP's bound | budget used |"
    )
    lines = [
        "# Bids at scale\n",
        (__doc__ or "").split("\n\n")[1],
        "",
        f"{describe_machine()}. Seconds of wall time.",
        "",
        head,
        "|---" * (len(names) + 8) + "|",
    ]
    for record in records:
        steps = " | ".join(f"{record['steps'][name]:.1f}" for name in names)
        rest = f"{record['seconds']:.1f} | {record['cpu']:.1f} | {record['cold']:.1f} | {record['peak']:,.0f} MiB"
        rest += f" | {record['gap']:.1e} | {record['spent']:.4%}"
        lines.append(f"| {record['targets']:,} | {record['rows']:,} | {steps} | {rest} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure every size in a process of its own, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--rows", type=int, nargs="*", default=list(TAILS), choices=TAILS, help="a target, on average")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        write_account(arguments.write, arguments.sizes[0], arguments.rows[0])
        return
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    records = []
    for rows in arguments.rows:
        for size in arguments.sizes:
            with tempfile.TemporaryDirectory() as folder:
                # Not made here: a child's peak counts from what its parent held when it began.
                _alone("--write", folder, "--sizes", str(size), "--rows", str(rows))
                records.append(json.loads(_alone("--measure", folder).splitlines()[-1]))
            print(records[-1], file=sys.stderr, flush=True)
    (FOLDER / "BID_SCALE.md").write_text(table(records))
    print(table(records))


def _alone(*arguments: str) -> str:
    """What this module prints in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bid_scale", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
