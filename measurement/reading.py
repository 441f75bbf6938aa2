"""A panel's file in, a checked `Panel` and its warnings out: the only way in for a user's data.

Rows in messages are the file's own, counting from 1 with the header as row 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from measurement.column_roles import ColumnRoles
from measurement.columns import column_roles
from measurement.errors import PanelError
from measurement.lookalikes import refuse_lookalikes
from measurement.number_columns import NumberReader, number_reader
from measurement.panel import Panel
from measurement.panel_arrays import assemble
from measurement.panel_checks import name_list, refuse_unfit, warn_of_oddities
from measurement.panel_file import Table, read_table
from measurement.panel_map import PanelMap
from measurement.period_grid import Grid, build_grid, refuse_gaps
from measurement.personal_data import person_like_name, refuse_personal_data


class Purpose(Enum):
    """What a panel is read for; a geo test needs no channels, no 26 weeks, and can do without a geo that has gaps."""

    FIT = "fit"
    GEO_TEST = "geo_test"


@dataclass(frozen=True)
class ReadPanel:
    """A panel as read, what its reader wants told, and the geos left out for gaps, with the periods that they lack."""

    panel: Panel
    warnings: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    gaps: Mapping[str, tuple[date, ...]] = field(default_factory=dict)


def read_panel(
    path: Path,
    *,
    panel_map: PanelMap | None = None,
    controls: tuple[str, ...] = (),
    purpose: Purpose = Purpose.FIT,
) -> ReadPanel:
    """Read and check a CSV or Parquet file of one row per date and geo.

    Args:
        path: the file.
        panel_map: which column means what; None for the naming convention alone.
        controls: columns admitted as controls besides.
        purpose: what the panel is for.

    Returns:
        The panel, weekly or daily as the file is, geos in alphabetical order and channels in the file's or the map's.

    Raises:
        PanelError: the file cannot serve; the message names row, column and remedy.
    """
    table = read_table(Path(path))
    for name in controls:
        if person_like_name(name):
            raise PanelError(f"--controls names column {name!r}, which looks like a person's data: drop it")
    roles = column_roles(tuple(table.columns), panel_map, controls)
    refuse_personal_data(table, roles.amounts())
    if not roles.outcomes:
        raise PanelError(_no_outcome(table))
    grid = build_grid(table, roles.date, roles.geo)
    numbers, spelling = number_reader(table, _number_columns(roles))
    missing: dict[str, tuple[date, ...]] = {}
    if purpose is Purpose.FIT:
        refuse_gaps(grid, table, roles.date)
    else:
        grid, missing = _without_geos_with_gaps(grid, roles, numbers)
    panel, notes = assemble(grid, roles, numbers, panel_map or PanelMap())
    refuse_lookalikes(panel.channel_names, "channels")
    refuse_lookalikes((outcome.name for outcome in panel.outcomes), "outcomes")
    if purpose is Purpose.FIT:
        refuse_unfit(panel)
    left_out = tuple(missing)
    gaps = (f"left out for gaps in their dates or outcomes: {', '.join(left_out)}",) if left_out else ()
    unused = _left_out_warnings(roles, given_map=panel_map is not None)
    warnings = (*table.warnings, *spelling, *unused, *gaps, *notes, *warn_of_oddities(panel))
    return ReadPanel(panel, warnings, left_out, missing)


def _no_outcome(table: Table) -> str:
    return (
        "the file has no outcome: name the column of sales 'sales' or <outcome>_sales, or name it in a map under "
        f"[[outcome]]; the columns are {name_list(tuple(table.columns))}"
    )


def _number_columns(roles: ColumnRoles) -> tuple[str, ...]:
    return tuple(sorted(roles.used() - {roles.date, roles.geo}))


def _without_geos_with_gaps(
    grid: Grid, roles: ColumnRoles, numbers: NumberReader
) -> tuple[Grid, dict[str, tuple[date, ...]]]:
    """Leave out geos that lack a row or an outcome's number in any period; they come back with these periods."""
    there = grid.records >= 0
    for outcome in roles.outcomes:
        known = np.isfinite(numbers.read_with_gaps(outcome.column))
        there &= known[grid.records]
    whole: NDArray[np.bool_] = np.all(there, axis=1)
    if whole.all():
        return grid, {}
    names = [geo for geo, kept in zip(grid.geos, whole, strict=True) if not kept]
    if not whole.any() or len(names) > len(grid.geos) / 2:
        raise PanelError(
            f"{len(names)} of {len(grid.geos)} geos lack a row or a number in some period ({name_list(names)}): "
            "complete them, or cut the file to the dates that all geos share"
        )
    missing = {
        geo: tuple(day.item() for day in grid.dates[~known])
        for geo, known in zip(grid.geos, there, strict=True)
        if geo in names
    }
    kept = tuple(geo for geo, keep in zip(grid.geos, whole, strict=True) if keep)
    return replace(grid, geos=kept, records=grid.records[whole]), missing


def _left_out_warnings(roles: ColumnRoles, *, given_map: bool) -> tuple[str, ...]:
    warnings = []
    if roles.left_out:
        names, how = roles.left_out, "in the map" if given_map else "in a map (--map)"
        warnings.append(
            f"left out, as their names tell no use: {name_list(names, longest=40)}. To admit one as a control, name "
            f"it with --controls {','.join(names[:3])} or {how} under [[control]]; what advertising itself moves, such "
            "as sessions or ranks, should stay out"
        )
    channels = {channel.name.casefold() for channel in roles.channels}
    warnings += [
        f"{outcome.column} is read as sales of your own books; if it is what the platform claims, rename it "
        f"{outcome.name}_attributed_sales"
        for outcome in roles.outcomes
        if outcome.name.casefold() in channels and len(outcome.name) < len(outcome.column)
    ]
    return tuple(warnings)
