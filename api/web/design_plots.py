"""Designs of a geo test in, their plots out. Nothing is computed that is not drawn."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from api.formats import percent, signed_percent
from api.web.drawing import GREY, INK, MUTED, PALETTE, Picture, Size, blank, date_axis, to_svg
from measurement.geotest.arrangement import outcome_of
from measurement.geotest.comparison import FloatArray
from measurement.geotest.design_answer import DesignAnswer, GeoTestDesign
from measurement.panel import Panel

_BINS, _REACH = 30, 3.0


def history_plot(panel: Panel, answer: DesignAnswer, size: Size, name: str) -> Picture:
    """Sales of each cell and of the controls, each against its own mean."""
    figure, axes = blank(size)
    design = answer.designs[0]
    _, values, _ = outcome_of(panel, answer.question.outcome)
    days = panel.dates.astype("datetime64[D]").astype(object)
    axes.plot(days, _relative(panel, values, design.control), color=PALETTE[0], linewidth=1.5, linestyle=(0, (4, 2)))
    for place, cell in enumerate(design.cells):
        axes.plot(days, _relative(panel, values, cell), color=cell_colour(place), linewidth=1.3)
    date_axis(axes, days[0], days[-1], "%d %b" if (days[-1] - days[0]).days < 200 else "%b %Y")
    axes.set_ylabel("sales over their mean")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: signed_percent(value - 1)))
    alt = (
        f"Sales of the treated geos and of {len(design.control)} controls, dashed, from {days[0]} to {days[-1]}, each "
        f"over its own mean; their correlation is {design.correlation:.2f}."
    )
    return Picture(to_svg(figure, name), alt)


def power_plot(design: GeoTestDesign, power: float, size: Size, name: str) -> Picture:
    """Probability of finding an effect, by its size."""
    figure, axes = blank(size)
    effects, curve = np.array(design.ability.power_curve).T
    axes.plot(effects, curve, color=PALETTE[0], linewidth=2.2)
    axes.axhline(power, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
    if design.mde is not None:
        axes.axvline(design.mde, color=PALETTE[1], linewidth=2.0)
    axes.set_xlim(0, float(effects[-1]))
    axes.set_ylim(0, 1.02)
    _percents(axes)
    axes.set_xlabel("effect, as a share of treated sales")
    axes.set_ylabel("found")
    told = ", ".join(f"{percent(x, 1)}: {percent(y)}" for x, y in zip(effects[::4], curve[::4], strict=True))
    return Picture(to_svg(figure, name), f"Probability of finding an effect of each size: {told}.")


def trade_off_plot(answer: DesignAnswer, size: Size, name: str) -> Picture:
    """MDE by number of treated geos, a line for each length."""
    figure, axes = blank(size)
    told = []
    for place, weeks in enumerate(lengths(answer)):
        rows = [(row.geos, row.mde) for row in answer.trade_off if row.weeks == weeks and row.mde is not None]
        told += [f"{geos} geos for {weeks} weeks {percent(mde, 1)}" for geos, mde in rows]
        if rows:
            axes.plot(*zip(*rows, strict=True), color=cell_colour(place), linewidth=1.8, marker="o", markersize=5)
    if answer.question.mde is not None:
        axes.axhline(answer.question.mde, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 1)))
    axes.set_xlabel("treated geos")
    axes.set_ylabel("least effect found")
    return Picture(to_svg(figure, name), f"Least effect found by size and length: {'; '.join(told)}.")


def placebo_plot(design: GeoTestDesign, size: Size, name: str) -> Picture:
    """What placebos found, over the half-width of their intervals; beyond one they are false positives."""
    figure, axes = blank(size)
    ratios = np.clip(np.array(design.ability.placebo_ratios), -_REACH, _REACH)
    called = np.abs(ratios) > 1
    edges = np.linspace(-_REACH, _REACH, _BINS + 1).tolist()
    axes.hist([ratios[~called], ratios[called]], bins=edges, stacked=True, color=[GREY, PALETTE[1]], rwidth=0.92)
    for end in (-1, 1):
        axes.axvline(end, color=INK, linewidth=0.9)
    axes.set_xlim(-_REACH, _REACH)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xlabel("effect found over the half-width of its interval")
    axes.set_ylabel("placebo tests")
    alt = f"{len(ratios)} placebo tests around zero, {int(called.sum())} of them beyond one: called an effect."
    return Picture(to_svg(figure, name), alt)


def cell_colour(place: int) -> str:
    """Of a cell's or a length's line; the palette's blue is the controls'."""
    return (INK, *PALETTE[1:])[place % len(PALETTE)]


def lengths(answer: DesignAnswer) -> list[int]:
    """Weeks that were tried."""
    return sorted({row.weeks for row in answer.trade_off})


def _relative(panel: Panel, values: FloatArray, names: tuple[str, ...]) -> FloatArray:
    series = values[[panel.geos.index(geo) for geo in names]].sum(axis=0)
    relative: FloatArray = series / series.mean()
    return relative


def _percents(axes: Axes) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value, 1)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
