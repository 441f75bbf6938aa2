"""Changes and the snapshot in, each change with the rows it concerns out; one that cannot be written is refused.

What the guardrails promised is checked once more: a value outside the platform's limits or off its step never reaches
a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from bidding.account import Account
from bidding.changes import BidChange, ChangeKind
from bidding.errors import BidError
from bidding.in_force import is_cost_per_order
from bidding.multipliers import scheme_of
from bidding.platforms.limits import PlatformLimits, keeps, limits_of
from bidding.snapshot import Platform, Snapshot, TargetKind

NO_TARGET = -1
OFF = Decimal(-100)
"""Percent by which a device is switched off, where multipliers may go down at all."""
LEAST_ROAS, LARGEST_ROAS = Decimal("0.01"), Decimal(1000)


@dataclass(frozen=True)
class Located:
    """A change with what it concerns.

    Attributes:
        change: as proposed.
        campaign: row in `Campaigns`.
        target: row in `Targets`, `NO_TARGET` for what belongs to the campaign.
        column: of `Campaigns.modifiers` for a placement or device, else None.
    """

    change: BidChange
    campaign: int
    target: int = NO_TARGET
    column: int | None = None


def located_changes(changes: Sequence[BidChange], snapshot: Snapshot, account: Account) -> tuple[Located, ...]:
    """Every change with its rows.

    Raises:
        BidError: an entity that the snapshot does not have, one changed twice, or a value that the platform refuses.
    """
    targets = {name: row for row, name in enumerate(snapshot.targets.ids.tolist())}
    campaigns = {name: row for row, name in enumerate(snapshot.campaigns.ids.tolist())}
    seen: set[tuple[str, str, ChangeKind]] = set()
    found = []
    for change in changes:
        key = (change.platform, change.entity, change.kind)
        if key in seen:
            raise BidError(f"{change.entity}: its {change.kind.value} is changed twice in one run")
        seen.add(key)
        place = _located(change, targets, campaigns, snapshot)
        _check(place, snapshot, account)
        found.append(place)
    return tuple(found)


def _located(change: BidChange, targets: dict[str, int], campaigns: dict[str, int], snapshot: Snapshot) -> Located:
    name, column = change.entity, None
    if change.kind is ChangeKind.PLACEMENT:
        name, _, told = change.entity.rpartition(":")
        scheme = scheme_of(Platform(change.platform))
        known, kind = scheme.names, "placement or device" if scheme.devices else "placement"
        if told.casefold() not in known:
            raise BidError(f"{change.entity}: the {kind} is one of {', '.join(known) or 'none'}")
        column = known.index(told.casefold())
    if change.kind in {ChangeKind.PLACEMENT, ChangeKind.CAMPAIGN_BUDGET} and name in campaigns:
        return Located(change, campaigns[name], column=column)
    if change.kind in {ChangeKind.BID, ChangeKind.TARGET} and name in targets:
        row = targets[name]
        return Located(change, int(snapshot.targets.campaign[row]), row)
    if change.kind is ChangeKind.TARGET and is_cost_per_order(name) and change.platform == Platform.GOOGLE.value:
        name = name.rpartition(":")[0]
    if change.kind is ChangeKind.TARGET and name in campaigns:
        return Located(change, campaigns[name])
    raise BidError(f"{name} of {change.platform} is not in today's reports: its {change.kind.value} is not written")


def _check(place: Located, snapshot: Snapshot, account: Account) -> None:
    change = place.change
    value = decimal_of(change)
    channel = int(snapshot.campaigns.channel[place.campaign])
    if snapshot.platforms[channel].value != change.platform:
        raise BidError(f"{change.entity} is of {snapshot.platforms[channel].value}, not of {change.platform}")
    limits = limits_of(snapshot.platforms[channel], account.marketplace, product_of(place, snapshot))
    cost = change.kind is ChangeKind.TARGET and is_cost_per_order(change.entity)
    broken = _broken_cost(value, limits) if cost else _broken(change.kind, value, limits)
    if broken:
        raise BidError(f"{change.entity}: the new {change.kind.value} of {broken}; nothing is written")


def _broken(kind: ChangeKind, value: Decimal, limits: PlatformLimits) -> str | None:
    if kind is ChangeKind.BID:
        return keeps(value, limits)
    if kind is ChangeKind.PLACEMENT:
        least, largest = (int(100 * each) for each in (limits.least_modifier, limits.largest_modifier))
        fits = least <= value <= largest or (least < 0 and value == OFF)
        fits = fits and value == value.to_integral_value()
        return None if fits else f"{value} is no whole percentage from {least} to {largest}"
    if kind is ChangeKind.CAMPAIGN_BUDGET:
        fits = value % limits.step == 0 and value >= (limits.min_daily_budget or limits.step)
        fits = fits and (limits.max_daily_budget is None or value <= limits.max_daily_budget)
        return None if fits else f"{value} is outside the platform's limits of daily budgets or off its step"
    return None if LEAST_ROAS <= value <= LARGEST_ROAS else f"{value} is no target from {LEAST_ROAS} to {LARGEST_ROAS}"


def _broken_cost(value: Decimal, limits: PlatformLimits) -> str | None:
    fits = value >= limits.step and value % limits.step == 0
    return None if fits else f"{value} per order is below {limits.step} or no multiple of it"


def product_of(place: Located, snapshot: Snapshot) -> str:
    """The ad product whose limits hold; Walmart's automatic targets have limits of their own."""
    product = str(snapshot.campaigns.product[place.campaign])
    channel = int(snapshot.campaigns.channel[place.campaign])
    automatic = place.target != NO_TARGET and snapshot.targets.kind[place.target] == TargetKind.AUTO
    if snapshot.platforms[channel] is Platform.WALMART and automatic:
        return "AUTO"
    return product


def decimal_of(change: BidChange) -> Decimal:
    """The change's new value, exactly.

    Raises:
        BidError: it is no decimal number.
    """
    try:
        value = Decimal(change.new)
    except InvalidOperation:
        raise BidError(f"{change.entity}: the new {change.kind.value} {change.new!r} is no decimal number") from None
    if not value.is_finite():
        raise BidError(f"{change.entity}: the new {change.kind.value} {change.new!r} is no finite number")
    return value


def plain(change: BidChange) -> str:
    """The new value as text without an exponent."""
    return format(decimal_of(change), "f")
