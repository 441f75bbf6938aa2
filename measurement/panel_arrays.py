"""A grid, the columns' roles and their numbers in; the `Panel` out, controls in logs, national totals spread."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.column_roles import ChannelColumns, ColumnRoles, ControlColumn, OutcomeColumns
from measurement.columns import SALES_WORD
from measurement.errors import PanelError
from measurement.number_columns import NumberReader
from measurement.panel import Channel, Control, ControlKind, Level, Outcome, Panel
from measurement.panel_checks import SAME, same_in_all_geos
from measurement.panel_map import PanelMap
from measurement.period_grid import Grid

FloatArray = NDArray[np.float64]

LEAST_SHARE = 1e-9
CENT, ROUNDED = 0.01, 1e-4
"""How far a sum may be from its parts, absolute and relative, when a spreadsheet has rounded them."""


def assemble(grid: Grid, roles: ColumnRoles, numbers: NumberReader, given: PanelMap) -> tuple[Panel, tuple[str, ...]]:
    """Fill a panel from a table's numbers; returns it with what should be told of it.

    Raises:
        PanelError: a number is missing, none, or negative where it cannot be.
    """
    cells = _Cells(grid, numbers)
    outcomes = [_outcome(cells, columns) for columns in roles.outcomes]
    outcomes, outcome_notes = (outcomes, ()) if given.outcomes else _without_their_sum(outcomes)
    population, population_notes = _population(cells, roles.population, outcomes)
    read_channels = [_channel(cells, columns, population) for columns in roles.channels]
    read_controls = [_control(cells, column) for column in roles.controls]
    controls = [control for control in read_controls if control.control is not None]
    empty = np.zeros((*grid.records.shape, 0))
    panel = Panel(
        dates=grid.dates,
        geos=grid.geos,
        outcomes=tuple(read.outcome for read in outcomes),
        outcome_values=np.stack([read.values for read in outcomes], axis=2),
        channels=tuple(read.channel for read in read_channels),
        spend=np.stack([read.spend for read in read_channels], axis=2) if read_channels else empty,
        exposure=np.stack([read.exposure for read in read_channels], axis=2) if read_channels else empty,
        attributed_sales=np.stack([read.attributed for read in read_channels], axis=2) if read_channels else empty,
        controls=tuple(read.control for read in controls if read.control is not None),
        control_values=np.stack([read.values for read in controls], axis=2) if controls else empty,
        population=population,
        population_known=roles.population is not None,
        currency=given.currency,
        country=given.country,
        frequency=grid.frequency,
    )
    notes = [read.note for read in read_channels] + [read.note for read in read_controls]
    return panel, (*outcome_notes, *population_notes, *(note for note in notes if note))


@dataclass(frozen=True)
class _Cells:
    """Numbers of a column by geo and period, `(G, T)`."""

    grid: Grid
    numbers: NumberReader

    def read(self, column: str) -> FloatArray:
        return self.numbers.read(column, self.grid.records)

    def read_with_gaps(self, column: str) -> FloatArray:
        return self.numbers.read_with_gaps(column)[self.grid.records]

    def read_not_negative(self, column: str, remedy: str) -> FloatArray:
        values = self.read(column)
        if (values < 0).any():
            raise PanelError(f"{self.first_place(column, values < 0)}, is negative: {remedy}")
        return values

    def first_place(self, column: str, cells: NDArray[np.bool_]) -> str:
        row = self.numbers.table.rows[self.grid.records[cells].min()]
        return f"column {column!r}, row {row}"


@dataclass(frozen=True)
class _ReadOutcome:
    outcome: Outcome
    column: str
    values: FloatArray


@dataclass(frozen=True)
class _ReadChannel:
    channel: Channel
    spend: FloatArray
    exposure: FloatArray
    attributed: FloatArray
    note: str = ""


@dataclass(frozen=True)
class _ReadControl:
    """A control, or None where its column cannot help, and why."""

    control: Control | None
    values: FloatArray
    note: str = ""


def _outcome(cells: _Cells, columns: OutcomeColumns) -> _ReadOutcome:
    values = cells.read(columns.column)
    if columns.value_per_unit is not None:
        value_per_unit = cells.read_with_gaps(columns.value_per_unit)
        unknown = np.isnan(value_per_unit) & (values != 0)
        if unknown.any():
            place = cells.first_place(columns.value_per_unit, unknown)
            raise PanelError(f"{place}, is empty while {columns.column!r} is not 0: write the value of one unit")
        values = values * np.nan_to_num(value_per_unit)
    return _ReadOutcome(Outcome(columns.name, columns.in_money), columns.column, values)


def _without_their_sum(outcomes: list[_ReadOutcome]) -> tuple[list[_ReadOutcome], tuple[str, ...]]:
    """Leave out a column `sales` that adds up the other outcomes in money, so that nothing counts twice."""
    whole = [read for read in outcomes if read.column.casefold() == SALES_WORD]
    parts = [read for read in outcomes if read.outcome.in_money and read not in whole]
    if not whole or not parts:
        return outcomes, ()
    names = ", ".join(read.column for read in parts)
    total = sum(read.values for read in parts)
    if np.allclose(whole[0].values, total, rtol=ROUNDED, atol=CENT):
        kept = [read for read in outcomes if read is not whole[0]]
        return kept, (f"column {whole[0].column!r} is the sum of {names}, and was left out in favour of its parts",)
    note = f"columns {whole[0].column!r} and {names} are read as separate outcomes and count together"
    return outcomes, (f"{note}: if one contains another, name the outcomes in a map under [[outcome]]",)


def _population(cells: _Cells, column: str | None, outcomes: list[_ReadOutcome]) -> tuple[FloatArray, tuple[str, ...]]:
    if column is None:
        return _population_from_sales(cells.grid, outcomes), ()
    values = cells.read(column)
    if (values <= 0).any():
        place = cells.first_place(column, values <= 0)
        raise PanelError(f"{place}, is not positive: a population weighs its geo, give a number above 0")
    small = values < LEAST_SHARE * values.max()
    if small.any():
        place = cells.first_place(column, small)
        raise PanelError(f"{place}, is less than a billionth of the largest population: correct it")
    mean: FloatArray = values.mean(axis=1)
    changing = np.flatnonzero(np.abs(values - mean[:, None]).max(axis=1) > SAME * mean)
    if not changing.size:
        return values[:, 0], ()
    first = cells.grid.geos[changing[0]]
    return mean, (f"column {column!r} changes over time in {changing.size} geo(s), first {first!r}: its mean is used",)


def _population_from_sales(grid: Grid, outcomes: list[_ReadOutcome]) -> FloatArray:
    in_money = [read for read in outcomes if read.outcome.in_money] or outcomes
    mean: FloatArray = np.sum([read.values for read in in_money], axis=0).mean(axis=1)
    for geo, sales in zip(grid.geos, mean, strict=True):
        if sales <= 0:
            what = "has no sales in any period" if sales == 0 else "has negative sales on average"
            raise PanelError(f"geo {geo!r} {what}: leave its rows out or correct them")
    return mean


def _channel(cells: _Cells, columns: ChannelColumns, population: FloatArray) -> _ReadChannel:
    spend = cells.read_not_negative(columns.spend, "spend is money paid, 0 or more; book refunds elsewhere")
    exposure, note = spend, ""
    if columns.exposure is not None:
        exposure = cells.read_not_negative(columns.exposure, "impressions and clicks are counts, 0 or more")
        if not exposure.any():
            exposure = spend
            note = f"column {columns.exposure!r} is zero in every row: spend is used in its place"
    attributed = np.full_like(spend, np.nan)
    if columns.attributed is not None:
        attributed = cells.read_with_gaps(columns.attributed)
    if columns.level is Level.NATIONAL:
        spend, exposure, attributed = (_spread(values, population) for values in (spend, exposure, attributed))
    has_exposure = columns.exposure is not None and not note
    channel = Channel(columns.name, columns.level, columns.geo_targetable, has_exposure)
    return _ReadChannel(channel, spend, exposure, attributed, note)


def _spread(values: FloatArray, population: FloatArray) -> FloatArray:
    """National totals by population, `(G, T)`.

    The same value in every geo of a date is the total, repeated; otherwise the geos' values add up to it.
    """
    if same_in_all_geos(values):
        total = values[0]
    else:
        total = np.where(np.isnan(values).all(axis=0), np.nan, np.nansum(values, axis=0))
    return np.outer(population / population.sum(), total)


def _control(cells: _Cells, column: ControlColumn) -> _ReadControl:
    values, name = cells.read(column.column), column.column
    if np.ptp(values) == 0:
        return _ReadControl(None, values, f"control {name!r} never changes, so it explains nothing and was left out")
    control = Control(name, column.kind)
    if column.kind is not ControlKind.DEMAND:
        return _ReadControl(control, values)
    if (values < 0).any():
        return _ReadControl(
            control, values, f"demand control {name!r} has negative values and is used as it is, not in logs"
        )
    return _ReadControl(control, np.log(values) if (values > 0).all() else np.log1p(values))
