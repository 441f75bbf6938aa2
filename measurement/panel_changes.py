"""Two panels in, sentences on how their data differ out: weeks, geos, columns, and values in what both have."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from measurement.panel import Panel

FloatArray = NDArray[np.float64]
_NAMES_SHOWN = 5


def panel_changes(a: Panel, b: Panel) -> tuple[str, ...]:
    """What changed from `a` to `b`, one sentence each; empty when nothing did."""
    return (*_week_changes(a, b), *_label_changes(a, b), *_value_changes(a, b))


def _week_changes(a: Panel, b: Panel) -> list[str]:
    added, gone = np.setdiff1d(b.dates, a.dates), np.setdiff1d(a.dates, b.dates)
    sentences = []
    if added.size:
        sentences.append(f"{_weeks(added)} added.")
    if gone.size:
        sentences.append(f"{_weeks(gone)} no longer in the panel.")
    return sentences


def _weeks(dates: NDArray[np.datetime64]) -> str:
    if dates.size == 1:
        return f"1 period ({dates[0]})"
    return f"{dates.size} periods ({dates.min()} to {dates.max()})"


def _label_changes(a: Panel, b: Panel) -> list[str]:
    sentences = []
    for what, before, after in (
        ("Geos", a.geos, b.geos),
        ("Channels", a.channel_names, b.channel_names),
        ("Outcomes", _names(a.outcomes), _names(b.outcomes)),
        ("Controls", _names(a.controls), _names(b.controls)),
    ):
        added = [name for name in after if name not in before]
        gone = [name for name in before if name not in after]
        if added:
            sentences.append(f"{what} added: {_listed(added)}.")
        if gone:
            sentences.append(f"{what} no longer in the panel: {_listed(gone)}.")
    return sentences


def _value_changes(a: Panel, b: Panel) -> list[str]:
    sentences = []
    for what, before, after, a_labels, b_labels in (
        ("Outcome", a.outcome_values, b.outcome_values, _names(a.outcomes), _names(b.outcomes)),
        ("Spend of", a.spend, b.spend, a.channel_names, b.channel_names),
        ("Exposure of", a.exposure, b.exposure, a.channel_names, b.channel_names),
        ("Control", a.control_values, b.control_values, _names(a.controls), _names(b.controls)),
    ):
        for label in (name for name in a_labels if name in b_labels):
            column_a, column_b = before[:, :, a_labels.index(label)], after[:, :, b_labels.index(label)]
            old, new, geos, dates = _shared(a, b, column_a, column_b)
            sentences += _difference(f"{what} {label}", old, new, geos, dates)
    return sentences


def _shared(
    a: Panel, b: Panel, before: FloatArray, after: FloatArray
) -> tuple[FloatArray, FloatArray, list[str], NDArray[np.datetime64]]:
    geos = [geo for geo in a.geos if geo in b.geos]
    dates, in_a, in_b = np.intersect1d(a.dates, b.dates, return_indices=True)
    rows_a = np.array([a.geos.index(geo) for geo in geos], dtype=np.int64)
    rows_b = np.array([b.geos.index(geo) for geo in geos], dtype=np.int64)
    return before[rows_a][:, in_a], after[rows_b][:, in_b], geos, dates


def _difference(
    what: str, old: FloatArray, new: FloatArray, geos: Sequence[str], dates: NDArray[np.datetime64]
) -> list[str]:
    differs = ~np.isclose(old, new, rtol=1e-6, atol=1e-9, equal_nan=True)
    if not differs.any():
        return []
    rows, columns = np.nonzero(differs)
    first = int(columns.argmin())
    total_old, total_new = float(np.nansum(old)), float(np.nansum(new))
    change = f", {100 * (total_new / total_old - 1):+.1f} % in all" if total_old else ""
    return [
        f"{what} differs in {differs.sum():,} of {differs.size:,} shared cells, first on {dates[columns[first]]} "
        f"in {geos[rows[first]]}{change}."
    ]


def _names(labelled: Sequence[object]) -> tuple[str, ...]:
    return tuple(str(getattr(item, "name", item)) for item in labelled)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown} and {len(names) - _NAMES_SHOWN} more"
