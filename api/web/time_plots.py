"""Weekly contributions in, plots over time out. Nothing is computed that is not drawn."""

import numpy as np
from matplotlib.axes import Axes

from api.formats import compact_money
from api.web.drawing import (
    BASELINE,
    INK,
    MUTED,
    PALETTE,
    REMAINDER,
    Picture,
    Size,
    blank,
    date_axis,
    money_axis,
    to_svg,
)
from measurement.fitted import FloatArray, WeeklyContributions


def contribution_plot(weekly: WeeklyContributions, currency: str, size: Size, name: str) -> Picture:
    """Channels stacked over the baseline, with sales as they were drawn on top."""
    figure, axes = blank(size)
    dates = weekly.dates.astype("datetime64[D]").astype(object)
    stack = _stack(weekly)
    layers = [weekly.baseline, *(values for _, _, values in stack)]
    axes.stackplot(dates, layers, colors=[BASELINE, *(colour for _, colour, _ in stack)], linewidth=0)
    axes.plot(dates, weekly.observed, color=INK, linewidth=1.1)
    _frame(axes, dates, currency)
    top = max(float(weekly.observed.max()), float(np.sum(layers, axis=0).max()))
    axes.set_ylim(min(0.0, float(weekly.baseline.min())), 1.04 * top)
    brought = ", ".join(
        f"{channel} {compact_money(float(total), currency)}"
        for channel, total in zip(weekly.channels, weekly.mean.sum(axis=0), strict=True)
    )
    alt = (
        f"Weekly sales from {dates[0]} to {dates[-1]}: the channels' incremental sales stacked over the baseline, with "
        f"observed sales as a line. Over all weeks: baseline {compact_money(float(weekly.baseline.sum()), currency)}, "
        f"{brought}."
    )
    return Picture(to_svg(figure, name), alt)


def fit_plot(weekly: WeeklyContributions, currency: str, size: Size, name: str) -> Picture:
    """Sales as they were against the band in which the model expected them."""
    figure, axes = blank(size)
    dates = weekly.dates.astype("datetime64[D]").astype(object)
    axes.fill_between(dates, weekly.fitted_low, weekly.fitted_high, color=PALETTE[4], alpha=0.35, linewidth=0)
    axes.plot(dates, weekly.fitted, color=PALETTE[0], linewidth=1.2)
    axes.plot(dates, weekly.observed, color=INK, linewidth=0, marker="o", markersize=2.6)
    _frame(axes, dates, currency)
    inside = (weekly.observed >= weekly.fitted_low) & (weekly.observed <= weekly.fitted_high)
    alt = (
        f"Observed weekly sales against the model's 90 % posterior predictive band; "
        f"{int(inside.sum())} of {inside.size} weeks lie inside it."
    )
    return Picture(to_svg(figure, name), alt)


def stack_colours(weekly: WeeklyContributions) -> list[tuple[str, str]]:
    """Label and colour of each layer over the baseline, from below: the legend of `contribution_plot`."""
    return [(label, colour) for label, colour, _ in _stack(weekly)]


def _stack(weekly: WeeklyContributions) -> list[tuple[str, str, FloatArray]]:
    """Channels as they come; of more than the palette holds, the smallest share one layer."""
    layers = list(zip(weekly.channels, PALETTE, weekly.mean.T, strict=False))
    if len(weekly.channels) <= len(PALETTE):
        return layers
    order = np.argsort(-weekly.mean.sum(axis=0))
    shown, rest = sorted(order[: len(PALETTE)]), order[len(PALETTE) :]
    layers = [(weekly.channels[c], PALETTE[i], weekly.mean[:, c]) for i, c in enumerate(shown)]
    return [*layers, (f"{len(rest)} smaller channels", REMAINDER, weekly.mean[:, rest].sum(axis=1))]


def _frame(axes: Axes, dates: "np.ndarray[tuple[int], np.dtype[np.object_]]", currency: str) -> None:
    date_axis(axes, dates[0], dates[-1])
    axes.set_ylabel(f"sales per week{f', {currency}' if currency else ''}", color=MUTED)
    money_axis(axes, currency)
