"""Column names in, their roles out: by the naming convention, or by a map where one is given.

A part that the map leaves out (outcomes, channels, controls, the geo) is read by the convention.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from measurement.column_roles import ChannelColumns, ColumnRoles, ControlColumn, OutcomeColumns
from measurement.errors import PanelError
from measurement.panel import ControlKind
from measurement.panel_map import TOTAL, PanelMap, nearest

SALES_WORD = "sales"
OUTCOME_SUFFIXES = ("_sales", "_visits", "_orders")
UNIT_WORDS = ("visits", "orders", "units", "conversions")
SPEND, ATTRIBUTED = "_spend", "_attributed_sales"
EXPOSURES = ("_impressions", "_clicks")
CONTROL_SUFFIXES = {
    "_index": ControlKind.PRICE,
    "_volume": ControlKind.DEMAND,
    "_queries": ControlKind.DEMAND,
    "_stock": ControlKind.STOCK,
    "_availability": ControlKind.STOCK,
}
CONTROL_PREFIXES = {
    "promo": ControlKind.PROMO,
    "discount": ControlKind.PROMO,
    "price": ControlKind.PRICE,
}
SOLD_VOLUMES = ("sales_volume", "order_volume", "orders_volume", "unit_volume", "units_volume", "revenue_volume")
"""Volumes of what was sold: as demand controls they would explain sales by sales."""


def column_roles(columns: Sequence[str], panel_map: PanelMap | None, extra_controls: Sequence[str] = ()) -> ColumnRoles:
    """Give every column its role.

    Args:
        columns: the file's columns, in its order.
        panel_map: what the user says of them, or None.
        extra_controls: columns that the user admits as controls besides.

    Raises:
        PanelError: the map or `extra_controls` name an unknown column or one that cannot serve, or there is no date.
    """
    given = panel_map or PanelMap()
    if panel_map is not None:
        _check_map_columns(columns, panel_map)
    free = _without(columns, {name for name, _ in given.columns()} - {given.date})
    date = _date_column(columns, panel_map)
    geo = given.geo or _named(free, "geo")
    population = given.population or _named(free, "population")
    free = _without(free, {date, geo, population})
    channels = _mapped_channels(given, free) or _channels_by_convention(free)
    served = {name for channel in channels for name in (channel.spend, channel.exposure, channel.attributed)}
    delivery = {name for name in free if name.casefold().endswith((SPEND, ATTRIBUTED[1:], *EXPOSURES))}
    free = _without(free, served | delivery)
    outcomes = _mapped_outcomes(given) or _outcomes_by_convention(free)
    free = _without(free, {outcome.column for outcome in outcomes})
    controls = tuple(ControlColumn(control.column, control.kind) for control in given.controls)
    roles = ColumnRoles(date, geo, population, outcomes, channels, controls or _controls_by_convention(free))
    roles = _with_extra_controls(columns, roles, extra_controls)
    spare = frozenset() if given.channels else _spare_delivery(channels)
    left_out = (name for name in _without(columns, roles.used()) if name.casefold() not in spare)
    return replace(roles, left_out=tuple(left_out))


def _check_map_columns(columns: Sequence[str], panel_map: PanelMap) -> None:
    for column, use in panel_map.columns():
        if column not in columns and not (use == "date" and column == "date"):
            raise PanelError(
                f"{panel_map.source} names column {column!r} ({use}), which the file lacks: {nearest(column, columns)}"
            )
        serves_as_fact = use.startswith(("outcome", "control"))
        if serves_as_fact and column.casefold().endswith(ATTRIBUTED[1:]):
            raise PanelError(
                f"{panel_map.source} names column {column!r} as {use}: what a platform claims is never an outcome or a "
                "control; name the sales of your own books"
            )


def _date_column(columns: Sequence[str], panel_map: PanelMap | None) -> str:
    wanted = panel_map.date if panel_map else "date"
    found = wanted if wanted in columns else _named(columns, "date") if wanted == "date" else None
    if found is None:
        raise PanelError(
            "the file has no column 'date': rename the column of the period's first day, or name it in a map "
            f'([panel] date = "..."); the columns are {", ".join(map(repr, columns[:40]))}'
        )
    return found


def _named(columns: Sequence[str], wanted: str) -> str | None:
    found = [name for name in columns if name.casefold() == wanted]
    if len(found) > 1:
        raise PanelError(f"columns {found[0]!r} and {found[1]!r} both read as {wanted!r}: rename or delete one")
    return found[0] if found else None


def _without(columns: Sequence[str], taken: Collection[str | None]) -> tuple[str, ...]:
    return tuple(name for name in columns if name not in taken)


def _stem(column: str, suffixes: Sequence[str]) -> str | None:
    """The column's name without the suffix, None where it has none of them or nothing before it."""
    for suffix in suffixes:
        if column.casefold().endswith(suffix) and len(column) > len(suffix):
            return column[: -len(suffix)]
    return None


def _mapped_channels(given: PanelMap, free: Sequence[str]) -> tuple[ChannelColumns, ...]:
    return tuple(
        ChannelColumns(
            name=channel.name,
            spend=channel.spend,
            exposure=channel.exposure,
            attributed=_named(free, f"{channel.name}{ATTRIBUTED}".casefold()),
            level=channel.level,
            geo_targetable=channel.geo_targetable,
        )
        for channel in given.channels
    )


def _channels_by_convention(free: Sequence[str]) -> tuple[ChannelColumns, ...]:
    channels: dict[str, ChannelColumns] = {}
    for column in free:
        name = _stem(column, [SPEND])
        if name is None:
            continue
        if name.casefold() in channels:
            raise PanelError(f"columns {channels[name.casefold()].spend!r} and {column!r} name one channel: rename one")
        exposures = [found for suffix in EXPOSURES if (found := _named(free, f"{name}{suffix}".casefold()))]
        attributed = _named(free, f"{name}{ATTRIBUTED}".casefold())
        channels[name.casefold()] = ChannelColumns(name, column, next(iter(exposures), None), attributed)
    return tuple(channels.values())


def _spare_delivery(channels: Sequence[ChannelColumns]) -> frozenset[str]:
    """Delivery columns of known channels, in lower case: having no use for clicks beside impressions is no news."""
    return frozenset(
        f"{channel.name}{suffix}".casefold() for channel in channels for suffix in (*EXPOSURES, ATTRIBUTED)
    )


def _mapped_outcomes(given: PanelMap) -> tuple[OutcomeColumns, ...]:
    return tuple(
        OutcomeColumns(
            name=outcome.name,
            column=outcome.column,
            value_per_unit=outcome.value_per_unit,
            in_money=outcome.value_per_unit is not None or not outcome.name.casefold().endswith(UNIT_WORDS),
        )
        for outcome in given.outcomes
    )


def _outcomes_by_convention(free: Sequence[str]) -> tuple[OutcomeColumns, ...]:
    columns = [name for name in free if name.casefold() == SALES_WORD or _stem(name, OUTCOME_SUFFIXES)]
    stems = [_stem(name, OUTCOME_SUFFIXES) or name for name in columns]
    outcomes = []
    for column, stem in zip(columns, stems, strict=True):
        folded = [other.casefold() for other in stems]
        clashes = folded.count(stem.casefold()) > 1 or stem.casefold() == TOTAL
        in_money = column.casefold().endswith(SALES_WORD)
        outcomes.append(OutcomeColumns(column if clashes else stem, column, in_money=in_money))
    return tuple(outcomes)


def _controls_by_convention(free: Sequence[str]) -> tuple[ControlColumn, ...]:
    kinds = {column: _control_kind(column) for column in free}
    return tuple(ControlColumn(column, kind) for column, kind in kinds.items() if kind is not None)


def _control_kind(column: str) -> ControlKind | None:
    name = column.casefold()
    if name.endswith(SOLD_VOLUMES):
        return None
    for prefix, kind in CONTROL_PREFIXES.items():
        if name.startswith(prefix):
            return kind
    return next((kind for suffix, kind in CONTROL_SUFFIXES.items() if name.endswith(suffix)), None)


def _with_extra_controls(columns: Sequence[str], roles: ColumnRoles, wanted: Sequence[str]) -> ColumnRoles:
    controls = list(roles.controls)
    for column in dict.fromkeys(name.strip() for name in wanted):
        if column not in columns:
            raise PanelError(f"--controls names column {column!r}, which the file lacks: {nearest(column, columns)}")
        if column.casefold().endswith(ATTRIBUTED[1:]):
            raise PanelError(f"--controls names column {column!r}: what a platform claims is never a control: drop it")
        if column in {control.column for control in controls}:
            continue
        if column in roles.used():
            raise PanelError(f"--controls names column {column!r}, which already has another use: drop it")
        controls.append(ControlColumn(column, ControlKind.OTHER))
    return replace(roles, controls=tuple(controls))
