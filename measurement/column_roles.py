"""What each column of a panel's file is. Values only."""

from dataclasses import dataclass

from measurement.panel import ControlKind, Level


@dataclass(frozen=True)
class OutcomeColumns:
    """An outcome, its column, the column of money per unit if any, and whether the outcome is in money."""

    name: str
    column: str
    value_per_unit: str | None = None
    in_money: bool = True


@dataclass(frozen=True)
class ChannelColumns:
    """A channel and its columns."""

    name: str
    spend: str
    exposure: str | None = None
    attributed: str | None = None
    level: Level = Level.GEO
    geo_targetable: bool = True


@dataclass(frozen=True)
class ControlColumn:
    """A control's column and kind."""

    column: str
    kind: ControlKind


@dataclass(frozen=True)
class ColumnRoles:
    """What each column of a file is; `left_out` are the columns without a role."""

    date: str
    geo: str | None
    population: str | None
    outcomes: tuple[OutcomeColumns, ...]
    channels: tuple[ChannelColumns, ...]
    controls: tuple[ControlColumn, ...]
    left_out: tuple[str, ...] = ()

    def amounts(self) -> frozenset[str]:
        """The columns of outcomes and channels."""
        named = [name for outcome in self.outcomes for name in (outcome.column, outcome.value_per_unit)]
        named += [name for channel in self.channels for name in (channel.spend, channel.exposure, channel.attributed)]
        return frozenset(name for name in named if name is not None)

    def used(self) -> frozenset[str]:
        """Every column that has a role."""
        others = [self.date, self.geo, self.population, *(control.column for control in self.controls)]
        return self.amounts() | {name for name in others if name is not None}
