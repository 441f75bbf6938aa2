"""`[[new_channel]]` of a rules file -> what is stated of channels without history, and the cap on each as a rule.

[[new_channel]]
name = "instacart"
iroas = { median = 1.2, p95 = 4.0 }   # at typical_spend
typical_spend = 60000                 # over the planned weeks
max = 80000                           # over the planned weeks
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from measurement.errors import PriorsError
from measurement.new_channel import NewChannel
from measurement.priors import ChannelPrior, Spread
from optimizer.errors import BadRules, unknown_name
from optimizer.rules import ChannelRule

REQUIRED = ("name", "iroas", "typical_spend", "max")
SPREADS = ("iroas", "half_saturation", "slope", "half_life_weeks")
KEYS = (*REQUIRED, "half_saturation", "slope", "half_life_weeks", "sells_nothing")


def read_new_channels(entries: Sequence[Mapping[str, Any]], known: Sequence[str]) -> tuple[NewChannel, ...]:
    """Check and read the tables of a rules file.

    Args:
        entries: the tables.
        known: channels of the model.

    Raises:
        BadRules: a key is unknown, missing or no number, or a name is taken.
    """
    read: list[NewChannel] = []
    for entry in entries:
        channel = _read(entry)
        if channel.name in known:
            raise BadRules(f'[[new_channel]] "{channel.name}": the model knows this channel. Take it out.')
        if channel.name in (other.name for other in read):
            raise BadRules(f'[[new_channel]] "{channel.name}": it stands twice. Take one out.')
        read.append(channel)
    return tuple(read)


def capped(rules: Mapping[str, ChannelRule], new: Sequence[NewChannel]) -> dict[str, ChannelRule]:
    """The channels' rules, with each new channel's cap as its `max`, which also frees it from being held at nothing."""
    result = dict(rules)
    for channel in new:
        rule = result.get(channel.name, ChannelRule())
        most = channel.max if rule.max is None else min(rule.max, channel.max)
        result[channel.name] = replace(rule, max=most)
    return result


def _read(entry: Mapping[str, Any]) -> NewChannel:
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        raise BadRules('[[new_channel]]: name must be text, such as "instacart".')
    where = f'[[new_channel]] "{name}"'
    for key in entry:
        if key not in KEYS:
            raise BadRules(f"{where}: {unknown_name('key', key, KEYS)}")
    for key in REQUIRED:
        if key not in entry:
            raise BadRules(f"{where}: {key} is missing. {_why(key)}")
    stated: dict[str, Any] = {key: _spread(f"{where}: {key}", entry[key]) for key in SPREADS if key in entry}
    if "sells_nothing" in entry:
        stated["sells_nothing"] = _number(f"{where}: sells_nothing", entry["sells_nothing"], lambda x: 0 <= x < 1)
    typical, most = (_number(f"{where}: {key}", entry[key], lambda x: 0 < x < 1e12) for key in ("typical_spend", "max"))
    return NewChannel(name, typical, most, replace(ChannelPrior(), **stated))


def _why(key: str) -> str:
    if key == "iroas":
        return "Nothing was measured of it: state what it should return, such as iroas = { median = 1.2, p95 = 4.0 }."
    if key == "typical_spend":
        return "Give the spend over the planned weeks at which iroas is expected."
    return "Give the most that may be planned: what is not measured is capped."


def _spread(where: str, value: Any) -> Spread:
    if not isinstance(value, dict) or set(value) != {"median", "p95"}:
        raise BadRules(f"{where} must be {{ median = ..., p95 = ... }}, not {value!r}.")
    median, p95 = (_number(f"{where}.{key}", value[key], lambda x: x > 0) for key in ("median", "p95"))
    try:
        return Spread(median, p95)
    except PriorsError as error:
        raise BadRules(f"{where}: {error}.") from error


def _number(where: str, value: Any, allowed: Callable[[float], bool]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not allowed(float(value)):
        raise BadRules(f"{where} is out of its range: {value!r}.")
    return float(value)
