"""`account.toml` in, a checked `Account` out. An unknown key is an error that suggests the nearest.

Limits and jitter stated at the top hold for every channel; a channel's own take their place key by key.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from bidding.account import Account, AccountChannel, BidLimits, Jitter
from bidding.errors import BidError
from bidding.platforms.amazon_limits import CURRENCIES
from bidding.snapshot import Platform
from optimizer.errors import unknown_name

TOP_KEYS = ("account", "channel", "limits", "jitter")
ACCOUNT_KEYS = ("name", "currency", "marketplace", "time_zone")
RETURN_TARGETS = ("target_iroas", "target_roas", "target_acos")
WINDOWS = {
    Platform.AMAZON: (1, 7, 14, 30),
    Platform.WALMART: (3, 14, 30),
    Platform.META: (1, 7, 28),
}
LONGEST_WINDOW = 90
COUNTS = frozenset({"cool_down_days", "min_clicks", "approval_changes", "attribution_days", "days"})
Group = TypeVar("Group", BidLimits, Jitter)


def read_account(path: Path | str) -> Account:
    """Read and check the file.

    Raises:
        BidError: it cannot be read, is no TOML, or holds an unknown key or an impossible value; the message names the
            file, the table and the key.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BidError(f"{path}: cannot be read ({reason})") from error
    try:
        return parse_account(text)
    except BidError as error:
        raise BidError(f"{path}: {error}") from error


def parse_account(text: str) -> Account:
    """The same from the file's text."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BidError(f"this is no valid TOML: {error}") from error
    _check_keys("the file", content, TOP_KEYS)
    about = _table("[account]", content.get("account", {}))
    _check_keys("[account]", about, ACCOUNT_KEYS)
    limits, jitter = _table("[limits]", content.get("limits", {})), _table("[jitter]", content.get("jitter", {}))
    named = content.get("channel", {})
    if isinstance(named, list):
        raise BidError("channel: name each in its table's header, such as [channel.amazon], with single brackets")
    channels = tuple(
        _channel(name, _table(f"[channel.{name}]", entry), limits, jitter)
        for name, entry in _table("[channel]", named).items()
    )
    if not channels:
        raise BidError("there is no channel: add a table such as [channel.amazon] with its platform")
    account = Account(
        name=_text("[account]", "name", about.get("name", "")),
        currency=_text("[account]", "currency", about.get("currency", "")).upper(),
        marketplace=_text("[account]", "marketplace", about.get("marketplace", "")).upper(),
        time_zone=_text("[account]", "time_zone", about.get("time_zone", "UTC")),
        channels=channels,
    )
    _check_account(account)
    return account


def _check_account(account: Account) -> None:
    if len(account.currency) != 3 or not account.currency.isalpha():
        raise BidError(f'[account]: currency must be a code of three letters such as "USD", not "{account.currency}"')
    if not account.marketplace:
        raise BidError('[account]: marketplace is missing: the country of the account, such as "US"')
    try:
        ZoneInfo(account.time_zone)
    except (KeyError, ValueError, OSError):
        raise BidError(
            f'[account]: time_zone "{account.time_zone}" is not known: write it as "America/Los_Angeles"'
        ) from None
    if any(channel.platform is Platform.AMAZON for channel in account.channels):
        _check_marketplace(account)


def _check_marketplace(account: Account) -> None:
    marketplace = {"GB": "UK", "UAE": "AE"}.get(account.marketplace, account.marketplace)
    if marketplace not in CURRENCIES:
        raise BidError(f"[account]: {unknown_name('marketplace', account.marketplace, CURRENCIES)}")
    if CURRENCIES[marketplace] != account.currency:
        raise BidError(
            f"[account]: Amazon's marketplace {account.marketplace} is in {CURRENCIES[marketplace]}, the account in "
            f"{account.currency}: correct one of them"
        )


def _channel(
    name: str, entry: Mapping[str, Any], limits: Mapping[str, Any], jitter: Mapping[str, Any]
) -> AccountChannel:
    where = f"[channel.{name}]"
    _check_keys(where, entry, tuple(key for key in _names(AccountChannel) if key != "name"))
    platform = _platform(where, entry.get("platform", name))
    values: dict[str, Any] = {}
    for key, value in entry.items():
        if key in {"profile"}:
            values[key] = _text(where, key, value)
        elif key in {"campaigns", "brand_terms"}:
            values[key] = _texts(where, key, value)
        elif key == "value_halo":
            values[key] = _truth(where, key, value)
        elif key not in {"platform", "limits", "jitter"}:
            values[key] = _number(where, key, value)
    own_limits = _table(f"{where[:-1]}.limits]", entry.get("limits", {}))
    own_jitter = _table(f"{where[:-1]}.jitter]", entry.get("jitter", {}))
    channel = AccountChannel(
        name=name,
        platform=platform,
        limits=_group(f"{where[:-1]}.limits]", BidLimits, {**limits, **own_limits}),
        jitter=_group(f"{where[:-1]}.jitter]", Jitter, {**jitter, **own_jitter}),
        **values,
    )
    _check_channel(where, channel)
    return channel


def _check_channel(where: str, channel: AccountChannel) -> None:
    stated = [key for key in RETURN_TARGETS if getattr(channel, key) is not None]
    if len(stated) > 1:
        raise BidError(f"{where}: {' and '.join(stated)} cannot hold together: keep one")
    for key in stated:
        if getattr(channel, key) <= 0:
            raise BidError(f"{where}: {key} must be above 0, not {getattr(channel, key):g}")
    if not 0 < channel.margin <= 1:
        raise BidError(f"{where}: margin must be above 0 and at most 1 (0.35 for 35 %), not {channel.margin:g}")
    if channel.incremental_share is not None and not 0 <= channel.incremental_share <= 1:
        raise BidError(f"{where}: incremental_share must be 0 to 1, not {channel.incremental_share:g}")
    known = WINDOWS.get(channel.platform)
    if known and channel.attribution_days not in known:
        listed = ", ".join(map(str, known))
        raise BidError(f"{where}: attribution_days of {channel.platform.value} is one of {listed}")
    if not 1 <= channel.attribution_days <= LONGEST_WINDOW:
        raise BidError(f"{where}: attribution_days must be 1 to {LONGEST_WINDOW}")
    limits = channel.limits
    if limits.min_bid is not None and limits.max_bid is not None and limits.min_bid > limits.max_bid:
        raise BidError(f"{where}: min_bid {limits.min_bid:g} is above max_bid {limits.max_bid:g}")
    if not 0 < limits.daily_change <= limits.weekly_change:
        raise BidError(f"{where}: daily_change must be above 0 and weekly_change at least as much")
    if not limits.budget_change > 0:
        raise BidError(
            f"{where}: budget_change must be above 0 (2.0 lets a budget treble), not {limits.budget_change:g}"
        )


def _group(where: str, kind: type[Group], entry: Mapping[str, Any]) -> Group:
    _check_keys(where, entry, _names(kind))
    values: dict[str, Any] = {key: _number(where, key, value) for key, value in entry.items()}
    for key, value in values.items():
        if value < 0:
            raise BidError(f"{where}: {key} must not be below 0")
    try:
        return kind(**values)
    except BidError as error:
        raise BidError(f"{where}: {error}") from None


def _platform(where: str, value: Any) -> Platform:
    known = [platform.value for platform in Platform]
    if value not in known:
        raise BidError(
            f'{where}: {unknown_name("platform", str(value), known)} Other retailers are platform = "other".'
        )
    return Platform(value)


def _number(where: str, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise BidError(f"{where}: {key} must be a number, not {value!r}")
    if key in COUNTS:
        if value != int(value):
            raise BidError(f"{where}: {key} must be a whole number, not {value!r}")
        return int(value)
    return float(value)


def _truth(where: str, key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BidError(f"{where}: {key} must be true or false, not {value!r}")
    return value


def _text(where: str, key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BidError(f'{where}: {key} must be text in quotation marks, such as "{value}"')
    return value.strip()


def _texts(where: str, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise BidError(f'{where}: {key} must be a list of texts, such as ["SP - *"]; ids stand in quotation marks too')
    return tuple(entry.strip() for entry in value if entry.strip())


def _table(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BidError(f"{where}: must be a table of keys and values, not {value!r}")
    return value


def _check_keys(where: str, entry: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in entry:
        if key not in known:
            raise BidError(f"{where}: {unknown_name('key', key, known)}")


def _names(kind: type) -> tuple[str, ...]:
    return tuple(entry.name for entry in fields(kind))
