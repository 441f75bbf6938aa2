"""What the planner's benchmark found in, `PLANNER.md` out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

METHODS = ("ours", "SLSQP from today", "SLSQP, best of 20", "greedy")
Timed = tuple[tuple[int, int, int], str, tuple[float, float, str]]
WholePlan = tuple[int, int, str, tuple[float, float, int]]

TEXT = """# The planner, side by side

`make benchmark` writes this page. {machine}.

## How much of the attainable is captured

{count} random instances: Hill curves with slopes from 1 to 3, 4 to 12 channels, today's budget; each line free
between nothing and three times today's spend, or within a share of it. Sales are those of the formulas; ours sees them
on a grid of 41 points only. The attainable is the best of exact dynamic programming (2,000 units of budget) and of
what any method found. SLSQP has the formulas and their gradients; greedy gives out five-hundredths of the budget.

{curved_table}

Ours reaches at least {worst} % in every instance, {mean} % on average.

With concave curves (slope 1) all are equal, but for the grid on which ours sees the curves; there is nothing to win:

{concave_table}

## How true the proof is

Bound and gap against dynamic programming on the interpolated curves, {total} instances: the stated gap is smaller than
the true one in {broken}. The largest stated gap is {largest}.

Steps, minimum viable spends and a group, three channels: equal to brute force in {equal} of {searched}.

## Time

Seconds of wall time and of processor time (one thread), the least of three runs; limits on
every line, three groups. Included: totals with their proof, rounding to cents, prices and costs of rules, regret,
scoring on all draws and a schedule of even weeks. Not included: computing the response curves.

{times_table}

The whole plan: totals, the schedule of every line's weeks, and the score of these weeks on 500 draws over 20 geos, on
curves of which most are S-shaped. Wall seconds.

{whole_table}

Totals of 8 channels spread over 200 geos (each geo's response from 40 draws, the split with its bound, scored on 500
draws): {geo_wall} s wall, {geo_processor} s processor, gap {geo_gap}.
"""


@dataclass
class Tally:
    """Share of the attainable that each method reached, seconds it took, and how true our proof was."""

    shares: dict[str, list[float]] = field(default_factory=lambda: {method: [] for method in METHODS})
    seconds: dict[str, list[float]] = field(default_factory=lambda: {method: [] for method in METHODS})
    true_gaps: list[float] = field(default_factory=list)
    stated_gaps: list[float] = field(default_factory=list)
    bounds_broken: int = 0


def page(
    tallies: Mapping[tuple[str, str], Tally],
    brute: tuple[int, int],
    times: tuple[Sequence[Timed], Sequence[WholePlan], tuple[float, float, float]],
    machine: str,
) -> str:
    """The whole of `PLANNER.md`."""
    of_totals, of_weeks, geos = times
    curved = [tally for (kind, _), tally in tallies.items() if kind == "S-curves"]
    ours = np.array([share for tally in curved for share in tally.shares["ours"]])
    everything = list(tallies.values())
    figures = {
        "machine": machine,
        "count": len(ours),
        "worst": f"{100 * ours.min():.3f}",
        "mean": f"{100 * ours.mean():.3f}",
        "total": sum(len(tally.true_gaps) for tally in everything),
        "broken": sum(tally.bounds_broken for tally in everything),
        "largest": f"{max(max(tally.stated_gaps) for tally in everything):.1e}",
        "equal": brute[0],
        "searched": brute[1],
        "curved_table": "\n".join(_captured(tallies, "S-curves")),
        "concave_table": "\n".join(_captured(tallies, "concave")),
        "times_table": "\n".join(_times(of_totals)),
        "whole_table": "\n".join(_whole(of_weeks)),
        "geo_wall": f"{geos[0]:.1f}",
        "geo_processor": f"{geos[1]:.1f}",
        "geo_gap": f"{geos[2]:.0e}",
    }
    return TEXT.format(**figures)


def _captured(tallies: Mapping[tuple[str, str], Tally], kind: str) -> list[str]:
    lines = [
        "| limits | method | mean % | 5th percentile % | worst % | median s |",
        "|---|---|---|---|---|---|",
    ]
    for (found, name), tally in tallies.items():
        if found == kind:
            lines += [_row(name, method, tally) for method in METHODS]
    return lines


def _row(name: str, method: str, tally: Tally) -> str:
    shares = 100 * np.array(tally.shares[method])
    figures = f"{shares.mean():.2f} | {np.percentile(shares, 5):.2f} | {shares.min():.2f}"
    return f"| {name} | {method} | {figures} | {np.median(tally.seconds[method]):.3f} |"


def _times(times: Sequence[Timed]) -> list[str]:
    lines = ["| lines x weeks x draws | objective | wall s | processor s | status |", "|---|---|---|---|---|"]
    return lines + [
        f"| {' x '.join(map(str, size))} | {risk} | {wall:.3f} | {processor:.3f} | {status} |"
        for size, risk, (wall, processor, status) in times
    ]


def _whole(times: Sequence[WholePlan]) -> list[str]:
    lines = [
        "| lines x weeks | objective | totals s | schedule and score s | lines not even |",
        "|---|---|---|---|---|",
    ]
    return lines + [
        f"| {count} x {weeks} | {risk} | {totals:.3f} | {laid:.3f} | {uneven} |"
        for count, weeks, risk, (totals, laid, uneven) in times
    ]
