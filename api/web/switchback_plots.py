"""A switchback's result in, its plots out. Nothing is computed that is not drawn."""

from datetime import timedelta

import numpy as np
from matplotlib.ticker import MaxNLocator

from api.web.drawing import GREY, INK, MUTED, PALETTE, Picture, Size, blank, date_axis, money_axis, to_svg
from measurement.geotest.switchback_result import SwitchbackResult

_ON = "#eef4f9"
_DAY = timedelta(days=1)


def blocks_plot(result: SwitchbackResult, size: Size, name: str) -> Picture:
    """The outcome by period, on-blocks shaded, periods of the washout as hollow dots."""
    figure, axes = blank(size)
    days = result.dates.astype("datetime64[D]").astype(object)
    for block in result.schedule.blocks:
        if block.on:
            axes.axvspan(block.start, block.end + _DAY, color=_ON, linewidth=0, zorder=0)  # type: ignore[arg-type]
    axes.plot(days, result.observed, color=GREY, linewidth=1.0)
    for counted, face in ((True, INK), (False, "white")):
        chosen = result.counted == counted
        axes.scatter(
            days[chosen], result.observed[chosen], s=10, facecolor=face, edgecolor=INK, linewidth=0.7, zorder=3
        )
    date_axis(axes, days[0], days[-1], "%d %b")
    axes.set_ylabel(f"{result.outcome} per period")
    money_axis(axes, result.currency)
    alt = f"{result.outcome} by period from {days[0]} to {days[-1]}, with the on-blocks shaded."
    return Picture(to_svg(figure, name), alt)


def pairs_plot(result: SwitchbackResult, size: Size, name: str) -> Picture:
    """Mean of the periods that count in each pair's on-block and off-block."""
    figure, axes = blank(size)
    days = result.dates.astype("datetime64[D]").astype(object)
    means: dict[tuple[int, bool], float] = {}
    for block in result.schedule.blocks:
        inside = (days >= block.counted_from) & (days <= block.end)
        means[block.pair, block.on] = float(result.observed[inside].mean())
    pairs = np.unique([pair for pair, _ in means])
    on, off = ([means[pair, state] for pair in pairs] for state in (True, False))
    axes.vlines(pairs, off, on, color=MUTED, linewidth=1.2)
    axes.scatter(pairs, off, s=34, facecolor="white", edgecolor=INK, zorder=3)
    axes.scatter(pairs, on, s=34, color=PALETTE[0], zorder=3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("pair of blocks")
    axes.set_ylabel(f"{result.outcome} per period")
    money_axis(axes, result.currency)
    higher = int(sum(a > b for a, b in zip(on, off, strict=True)))
    return Picture(
        to_svg(figure, name), f"In {higher} of {len(pairs)} pairs the on-block sold more than the off-block."
    )
