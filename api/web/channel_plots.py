"""A report and response curves in, plots by channel out. Nothing is computed that is not drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from api.formats import between, compact_money, number
from api.web.drawing import GREY, INK, MUTED, PALETTE, Picture, Size, blank, money_axis, number_axis, to_svg
from api.wording import entry_name
from measurement.curves import ResponseCurves

_RING: dict[str, Any] = {"color": INK, "markerfacecolor": "white", "markeredgewidth": 1.8, "zorder": 5}
_DIAMOND: dict[str, Any] = {"color": INK, "markerfacecolor": INK, "zorder": 6}
_ROW = 0.16
_LABEL_CHARACTERS = 22
_STEPS = (1, 2, 2.5, 5, 10)


def iroas_plot(entries: list[Mapping[str, Any]], size: Size, name: str) -> Picture:
    """A dot and its 90 % interval per channel over the prior's, which stands behind in grey; 1 is money back."""
    figure, axes = blank(size)
    rows = np.arange(len(entries))[::-1]
    for row, entry in zip(rows, entries, strict=True):
        _whiskers(axes, float(row), entry)
    left, right = _readable_limits(entries)
    axes.set_xlim(left, right)
    axes.set_ylim(-0.6, len(entries) - 0.4)
    axes.axvline(1, color=MUTED, linewidth=0.9, linestyle=(0, (3, 3)))
    axes.set_yticks(rows, [_short(entry_name(entry, entries)) for entry in entries], color=INK, fontsize=13)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("iROAS: incremental sales per unit of spend")
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=_STEPS))
    number_axis(axes, "x")
    told = "; ".join(
        f"{entry_name(entry, entries)} {number(entry['iroas']['mean'], 2)} ({between(entry['iroas'])})"
        for entry in entries
    )
    return Picture(to_svg(figure, name), f"iROAS with 90 % intervals, prior in grey behind: {told}.")


def _whiskers(axes: Axes, row: float, entry: Mapping[str, Any]) -> None:
    prior, posterior = entry.get("prior_iroas"), entry["iroas"]
    strong = entry["verdict"] != "not_measurable"
    colour = PALETTE[0] if strong else MUTED
    if prior:
        axes.plot([prior["p5"], prior["p95"]], [row - _ROW, row - _ROW], color=GREY, linewidth=6, alpha=0.75)
        axes.plot([prior["mean"]], [row - _ROW], color="white", marker="|", markersize=6, markeredgewidth=1.6)
    axes.plot([posterior["p5"], posterior["p95"]], [row + _ROW, row + _ROW], color=colour, linewidth=2.4)
    face = colour if entry["verdict"] == "measured" else "white"
    axes.plot([posterior["mean"]], [row + _ROW], color=colour, marker="o", markersize=7.5, markerfacecolor=face)
    axes.annotate(
        number(posterior["mean"], 2),
        (posterior["mean"], row + _ROW),
        xytext=(0, 8),
        textcoords="offset points",
        ha="center",
        fontsize=11.5,
        color=INK,
    )


def _readable_limits(entries: list[Mapping[str, Any]]) -> tuple[float, float]:
    """Ends of the axis: all posteriors, and priors unless they would squeeze the posteriors into a corner."""
    lowest = float(min(0.0, *(entry["iroas"]["p5"] for entry in entries)))
    posterior = max(1.2, *(entry["iroas"]["p95"] for entry in entries))
    prior = max((entry["prior_iroas"]["p95"] for entry in entries if entry.get("prior_iroas")), default=0.0)
    highest = 1.06 * float(max(posterior, min(prior, 2.5 * posterior)))
    return lowest - 0.03 * (highest - lowest) if lowest < 0 else 0.0, highest


@dataclass(frozen=True)
class CurveMarks:
    """What is marked on a channel's curve; `planned_spend` is None without a plan."""

    current_spend: float
    planned_spend: float | None


def curve_plot(curves: ResponseCurves, channel: int, marks: CurveMarks, size: Size, name: str) -> Picture:
    """Incremental sales over spend with the 90 % band; today's spend a ring, the plan's a filled diamond."""
    figure, axes = blank(size)
    spend = curves.spend_grid[channel]
    low, high = np.percentile(curves.incremental[:, channel, :], (5, 95), axis=0)
    middle = curves.incremental[:, channel, :].mean(axis=0)
    shown = _shown(spend, curves, channel, marks)
    colour = PALETTE[channel % len(PALETTE)]
    axes.fill_between(spend[shown], low[shown], high[shown], color=colour, alpha=0.18, linewidth=0)
    axes.plot(spend[shown], middle[shown], color=colour, linewidth=2)
    seen = float(curves.largest_observed_spend[channel])
    if seen < spend[shown][-1]:
        axes.axvspan(seen, spend[shown][-1], color="#f4f5f7", linewidth=0, zorder=0)
    today = marks.current_spend
    axes.plot([today], [np.interp(today, spend, middle)], marker="o", markersize=10, **_RING)
    if marks.planned_spend is not None:
        plan = marks.planned_spend
        axes.plot([plan], [np.interp(plan, spend, middle)], marker="D", markersize=6.5, **_DIAMOND)
    axes.set_xlim(0, spend[shown][-1])
    axes.set_ylim(min(0.0, float(low[shown].min())), max(float(high[shown].max()) * 1.05, 1e-9))
    axes.set_xlabel(f"spend in {curves.weeks} weeks")
    axes.set_ylabel("incremental sales")
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=_STEPS))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=_STEPS))
    money_axis(axes, curves.currency)
    money_axis(axes, curves.currency, "x")
    return Picture(to_svg(figure, name), _curve_alt(curves, channel, marks))


def _shown(spend: NDArray[np.float64], curves: ResponseCurves, channel: int, marks: CurveMarks) -> NDArray[np.bool_]:
    """The part of the grid a buyer looks at: a half past the largest of today, plan and what was ever spent."""
    far = 1.5 * max(marks.current_spend, marks.planned_spend or 0.0, float(curves.largest_observed_spend[channel]))
    inside = spend <= far
    return inside if inside.sum() >= 3 else np.ones_like(inside)


def _curve_alt(curves: ResponseCurves, channel: int, marks: CurveMarks) -> str:
    told = (
        f"Response curve of {curves.channels[channel]} over {curves.weeks} weeks. "
        f"Today's spend is {compact_money(marks.current_spend, curves.currency)}"
    )
    if marks.planned_spend is None:
        return f"{told}."
    return f"{told}, the plan's {compact_money(marks.planned_spend, curves.currency)}."


def _short(text: str) -> str:
    return text if len(text) <= _LABEL_CHARACTERS else f"{text[: _LABEL_CHARACTERS - 1]}…"
