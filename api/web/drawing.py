"""What all plots share: size, palette, frame, and the step from a matplotlib figure to inline SVG."""

import io
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from api.formats import tick

INK = "#1f2933"
MUTED = "#66727f"
RULE = "#dde2e7"
GREY = "#c9d0d6"
BASELINE = "#e4e8ec"
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c7a3d", "#5b4b8a")
"""Okabe and Ito's colours, which people with any colour blindness tell apart, without yellow and black; two more."""
REMAINDER = "#9aa5b1"

_POINTS_PER_INCH = 72
_NARROW_DOTS = 600
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 12,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 11.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.major.pad": 7,
    "ytick.major.pad": 6,
    "text.color": INK,
    "lines.solid_capstyle": "round",
}


@dataclass(frozen=True)
class Size:
    """Width and height of a plot in CSS pixels at full size."""

    width: int
    height: int


@dataclass(frozen=True)
class Picture:
    """One inline SVG with the words that stand for it."""

    svg: str
    alt: str


def blank(size: Size) -> tuple[Figure, Axes]:
    """A figure with one pair of axes in the house's style."""
    with mpl.rc_context(_STYLE):
        figure = Figure((size.width / _POINTS_PER_INCH, size.height / _POINTS_PER_INCH), layout="constrained")
        axes = figure.add_subplot()
    return figure, axes


def to_svg(figure: Figure, name: str) -> str:
    """The figure as an `<svg>` that scales with its place; `name` keeps its ids apart from other figures'."""
    buffer = io.StringIO()
    with mpl.rc_context(_STYLE | {"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<svg ([^>]*?)width="[^"]*pt"', r"<svg \1", text, count=1)
    text = re.sub(r'<svg ([^>]*?)height="[^"]*pt"', r'<svg \1aria-hidden="true" ', text, count=1)
    text = re.sub(r" font-family: [^;\"]*;", "", text)
    text = re.sub(r'id="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    return re.sub(r"\n+", "\n", text)


def date_axis(axes: Axes, first: date, last: date, ticks: str = "%b %Y") -> None:
    """Days from `first` to `last` along the bottom, with as many ticks as there is room for."""
    wide = axes.bbox.width > _NARROW_DOTS
    locator = AutoDateLocator(minticks=3, maxticks=9 if wide else 5)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(DateFormatter(ticks))  # type: ignore[no-untyped-call]
    axes.set_xlim(first, last)  # type: ignore[arg-type]


def money_axis(axes: Axes, currency: str, which: str = "y") -> None:
    """Ticks such as `$1.2M`."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, currency)))


def number_axis(axes: Axes, which: str = "y") -> None:
    """Ticks such as `1.2M`."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
