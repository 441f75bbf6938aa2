"""A panel and a test's specification in, the arrays of its analysis out; a test that cannot be analysed ends here."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from measurement.errors import GeoTestError
from measurement.geotest.blocks import rows_of_blocks
from measurement.geotest.comparison import LEAST_BEFORE, Comparison
from measurement.geotest.specification import GeoPair, GeoTest
from measurement.panel import Frequency, Level, Panel
from measurement.panel_checks import name_list
from measurement.panel_map import TOTAL, nearest
from measurement.reading import ReadPanel

FloatArray = NDArray[np.float64]

LEAST_CONTROLS = 3
LEAKAGE = 0.2
"""Relative change of spend in control geos, against before the test, from which it is worth a warning."""


@dataclass(frozen=True)
class Arrangement:
    """A test ready to be analysed.

    Attributes:
        test_window: the comparison over the test's window.
        with_cooldown: the comparison to the cooldown's end, or None without a cooldown.
        dates: first day of each period of the longer of the two, `(T,)`.
        treated: names of the treated geos, in the order of the arrays.
        outcome: the outcome's name.
        in_money: whether the outcome is in the panel's currency.
        left_out: geos that take no part, for gaps, by exclusion or without sales.
        warnings: what the reader of the result should know.
    """

    test_window: Comparison
    with_cooldown: Comparison | None
    dates: NDArray[np.datetime64]
    treated: tuple[str, ...]
    outcome: str
    in_money: bool
    left_out: tuple[str, ...]
    warnings: tuple[str, ...]


def arrange(read: ReadPanel, test: GeoTest) -> Arrangement:
    """Check the test against the panel and cut the arrays.

    Raises:
        GeoTestError: geos, window, outcome or spend do not fit the panel; the message says which and the remedy.
    """
    panel = read.panel
    refuse_unknown_geos(read, test)
    first, last, cooled = _periods(panel, test)
    refuse_short(first, last - first + 1, panel.frequency)
    outcome, values, in_money = outcome_of(panel, test.outcome)
    pairs, pair_notes = complete_pairs(panel, test)
    treated = tuple(pair.treated for pair in pairs) if pairs else test.treated
    matched = (*treated, *(pair.control for pair in pairs))
    refuse_no_sales(matched, values[rows_of(panel, matched), :first])
    controls, dropped = controls_of(panel, test, pairs, values[:, :first])
    refuse_too_few(treated, controls)
    spend = None if test.spend is None else panel.spend[:, :, spend_channel(panel, test.spend)]
    rows, others = rows_of(panel, treated), rows_of(panel, controls)
    if spend is not None and not spend[rows, : cooled + 1].any():
        raise GeoTestError(
            f"channel {test.spend!r} spends nothing in the treated geos, neither before the test nor in it, so "
            "the test changed no spend: correct --spend, the treated geos or the window"
        )
    comparison = Comparison(
        treated=values[rows, : cooled + 1],
        donors=values[others, : cooled + 1],
        periods_before=first,
        donor_names=controls,
        pairs=np.array([(i, controls.index(pair.control)) for i, pair in enumerate(pairs)], dtype=np.int64).reshape(
            -1, 2
        ),
        treated_spend=None if spend is None else spend[rows, : cooled + 1],
        donor_spend=None if spend is None else spend[others, : cooled + 1],
        blocks=rows_of_blocks(test, treated, controls),
    )
    left_out = tuple(sorted({*read.left_out, *test.excluded, *dropped}))
    notes = (*_dropped_note(dropped), *pair_notes, *_window_notes(panel, test), *_leakage(comparison, test))
    return Arrangement(
        test_window=_cut(comparison, last + 1),
        with_cooldown=comparison if cooled > last else None,
        dates=panel.dates[: cooled + 1],
        treated=treated,
        outcome=outcome,
        in_money=in_money,
        left_out=left_out,
        warnings=notes,
    )


def _cut(comparison: Comparison, end: int) -> Comparison:
    """The same comparison up to period `end`."""
    spend = comparison.treated_spend, comparison.donor_spend
    treated_spend, donor_spend = (None if values is None else values[:, :end] for values in spend)
    return replace(
        comparison,
        treated=comparison.treated[:, :end],
        donors=comparison.donors[:, :end],
        treated_spend=treated_spend,
        donor_spend=donor_spend,
    )


def refuse_unknown_geos(read: ReadPanel, test: GeoTest) -> None:
    geos = read.panel.geos
    if len(geos) < 2:
        raise GeoTestError(
            "the panel has one geo, so there is nothing to compare it with: give a panel by geo, with a column 'geo' "
            "or one named in a map"
        )
    of_pairs = {pair.treated for pair in test.pairs}
    for what, names in (("treated", test.treated), ("excluded", test.excluded)):
        for name in names:
            if name in geos or (what == "excluded" and name in read.left_out) or name in of_pairs:
                continue
            if name in read.left_out:
                raise GeoTestError(
                    f"treated geo {name!r} lacks a row or a number in some period: complete its rows, or cut the file "
                    "to the dates that it has"
                )
            raise GeoTestError(f"{what} geo {name!r} is not in the panel: {nearest(name, geos)}")


def _periods(panel: Panel, test: GeoTest) -> tuple[int, int, int]:
    """First and last period of the window, and the last of the cooldown (the window's last without one)."""
    window, dates = test.window, panel.dates
    step = 7 if panel.frequency is Frequency.WEEKLY else 1
    last_day = dates[-1] + np.timedelta64(step - 1, "D")
    ends = [("start", window.start), ("end", window.end), ("cooldown-end", window.cooldown_end)]
    for option, day in ends:
        if day is not None and not dates[0] <= np.datetime64(day) <= last_day:
            raise GeoTestError(
                f"--{option} {day} lies outside the panel, which runs from {dates[0]} to {last_day}: correct it, or "
                "add the missing rows"
            )
    first = int(np.searchsorted(dates, np.datetime64(window.start)))
    if first == len(dates) or dates[first] != np.datetime64(window.start):
        raise GeoTestError(
            f"--start {window.start} falls inside the week of {dates[first - 1]}: start the window on the "
            "first day of a week, as the panel has it"
        )
    last = _last_period(panel, window.end)
    return first, last, last if window.cooldown_end is None else _last_period(panel, window.cooldown_end)


def _last_period(panel: Panel, day: date) -> int:
    return int(np.searchsorted(panel.dates, np.datetime64(day), side="right")) - 1


def _window_notes(panel: Panel, test: GeoTest) -> tuple[str, ...]:
    if panel.frequency is Frequency.DAILY:
        return ()
    end = np.datetime64(test.window.cooldown_end or test.window.end)
    starts_on = panel.dates[_last_period(panel, end.item())]
    if end in (starts_on, starts_on + np.timedelta64(6, "D")):
        return ()
    return (f"{end} falls inside the week of {starts_on}, which is counted as a whole",)


def outcome_of(panel: Panel, name: str | None) -> tuple[str, FloatArray, bool]:
    """Name, values `(G, T)` and whether in money, of one outcome or the sum. Raises GeoTestError for an unknown one."""
    names = tuple(outcome.name for outcome in panel.outcomes)
    if name is None or (name == TOTAL and len(names) > 1):
        in_money = any(outcome.in_money for outcome in panel.outcomes)
        return (names[0] if len(names) == 1 else TOTAL), panel.sales, in_money
    if name not in names:
        raise GeoTestError(f"outcome {name!r} is not in the panel: {nearest(name, names)}")
    index = names.index(name)
    return name, panel.outcome_values[:, :, index], panel.outcomes[index].in_money


def spend_channel(panel: Panel, name: str) -> int:
    """Place of a channel whose spend is known by geo. Raises GeoTestError for any other."""
    if name not in panel.channel_names:
        known = nearest(name, panel.channel_names) if panel.channels else "the panel has no spend column"
        raise GeoTestError(f"spend {name!r} is not a channel of the panel: {known}")
    index = panel.channel_names.index(name)
    if panel.channels[index].level is Level.NATIONAL:
        raise GeoTestError(
            f"channel {name!r} is known only as a national total, so what each geo spent is not known: give its "
            "spend by geo, or leave --spend out"
        )
    return index


def complete_pairs(panel: Panel, test: GeoTest) -> tuple[tuple[GeoPair, ...], tuple[str, ...]]:
    if not test.pairs:
        return (), ()
    known = set(panel.geos) - set(test.excluded)
    whole = tuple(pair for pair in test.pairs if {pair.treated, pair.control} <= known)
    missing = [pair.name for pair in test.pairs if pair not in whole]
    if not whole:
        raise GeoTestError("no pair has both its geos in the panel: check that the pairs' geo names are the panel's")
    if not missing:
        return whole, ()
    return whole, (f"{len(missing)} pairs are left out, as a geo of theirs is not in the panel: {name_list(missing)}",)


def controls_of(
    panel: Panel, test: GeoTest, pairs: tuple[GeoPair, ...], before: FloatArray
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Control geos, with pairs only the pairs' own; and those dropped because they sold nothing before the test."""
    wanted = {pair.control for pair in pairs} or set(panel.geos) - set(test.treated) - set(test.excluded)
    means = dict(zip(panel.geos, before.mean(axis=1), strict=True))
    dead = {geo for geo in wanted if not means[geo] > 0} - {pair.control for pair in pairs}
    return tuple(geo for geo in panel.geos if geo in wanted - dead), tuple(sorted(dead))


def _dropped_note(dropped: tuple[str, ...]) -> tuple[str, ...]:
    return (f"left out, as they sold nothing before the test: {name_list(dropped)}",) if dropped else ()


def refuse_no_sales(names: tuple[str, ...], before: FloatArray) -> None:
    for name, series in zip(names, before, strict=True):
        if not series.mean() > 0:
            raise GeoTestError(f"geo {name!r} sold nothing before the test: it cannot be compared; leave it out")


def refuse_too_few(treated: tuple[str, ...], controls: tuple[str, ...]) -> None:
    if not controls:
        raise GeoTestError(
            f"all geos that are left are treated ({name_list(treated)}), so there is no control: hold some geos back"
        )
    if len(controls) < LEAST_CONTROLS:
        raise GeoTestError(
            f"only {len(controls)} control geos are left ({name_list(controls)}): an analysis needs {LEAST_CONTROLS}"
        )


def refuse_short(before: int, periods: int, frequency: Frequency) -> None:
    least = max(LEAST_BEFORE, periods)
    if before < least:
        unit = "weeks" if frequency is Frequency.WEEKLY else "days"
        raise GeoTestError(
            f"the panel has {before} {unit} before the test and the window {periods}: at least {least} are needed, "
            "four times the window is good; add earlier rows"
        )


def _leakage(comparison: Comparison, test: GeoTest) -> tuple[str, ...]:
    if comparison.donor_spend is None:
        return ()
    before = comparison.donor_spend[:, : comparison.periods_before].mean()
    during = comparison.donor_spend[:, comparison.periods_before :].mean()
    if abs(during - before) <= LEAKAGE * max(before, 1e-12) or max(before, during) == 0:
        return ()
    return (
        f"spend of {test.spend} in the control geos changed during the test, from {before:,.2f} to {during:,.2f} per "
        "geo and period: if the test leaked into them, the lift is understated",
    )


def rows_of(panel: Panel, names: tuple[str, ...]) -> list[int]:
    place = {geo: index for index, geo in enumerate(panel.geos)}
    return [place[name] for name in names]
