"""`rules.toml` -> `Rules`. An unknown key or channel is an error that suggests the nearest and lists the known ones."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from optimizer.blackouts import read_blackout
from optimizer.errors import BadRules, unknown_name
from optimizer.new_channels import capped, read_new_channels
from optimizer.rules import ChannelRule, GroupRule, PlanRules, Risk, Rules

TOP_KEYS = ("channel", "group", "plan", "new_channel")


def read_rules(path: Path | str, channels: Sequence[str]) -> Rules:
    """Read a rules file and check it against the channels that the model knows.

    Raises:
        BadRules: the file cannot be read, is no TOML, or holds an unknown key, channel or value; the message names
            the file and the rule.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadRules(f"{path}: cannot be read ({reason}).") from error
    try:
        return parse_rules(text, channels)
    except BadRules as error:
        raise BadRules(f"{path}: {error}") from error


def parse_rules(text: str, channels: Sequence[str]) -> Rules:
    """The same from the file's text."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        last = f"at line {text.count(chr(10)) + 1}, the end of the file"
        raise BadRules(f"this is no valid TOML: {str(error).replace('at end of document', last)}.") from error
    _check_keys("the file", content, TOP_KEYS)
    new = read_new_channels(_tables("new_channel", content.get("new_channel", [])), channels)
    known = (*channels, *(channel.name for channel in new))
    return Rules(
        channels=capped(_read_channels(_table("[channel]", content.get("channel", {})), known), new),
        groups=tuple(_read_group(entry, known) for entry in _tables("group", content.get("group", []))),
        plan=_read_plan(_table("[plan]", content.get("plan", {}))),
        new_channels=new,
    )


def _read_channels(content: Mapping[str, Any], channels: Sequence[str]) -> dict[str, ChannelRule]:
    rules = {}
    for name, entry in content.items():
        where = f"[channel.{name}]"
        _check_channel_name(where, name, channels)
        table = _table(where, entry)
        _check_keys(where, table, _names(ChannelRule))
        numbers: dict[str, Any] = {**_numbers(where, {k: v for k, v in table.items() if k != "blackout"}, None)}
        rules[name] = ChannelRule(blackout=read_blackout(where, table.get("blackout", [])), **numbers)
    return rules


def _read_group(entry: Mapping[str, Any], channels: Sequence[str]) -> GroupRule:
    where = f'[[group]] "{entry["name"]}"' if isinstance(entry.get("name"), str) else "[[group]]"
    _check_keys(where, entry, _names(GroupRule))
    members = entry.get("channels")
    if not isinstance(members, list) or not members or not all(isinstance(name, str) for name in members):
        raise BadRules(
            f'{where}: channels must be a list of names, such as ["{channels[0] if channels else "amazon"}"].'
        )
    for name in members:
        _check_channel_name(where, name, channels)
    if not isinstance(entry.get("name", ""), str):
        raise BadRules(f"{where}: name must be text.")
    limits = {key: value for key, value in entry.items() if key not in ("name", "channels")}
    if not limits:
        raise BadRules(f"{where}: it has no limit. Give min_share, max_share, min or max.")
    return GroupRule(tuple(members), entry.get("name"), **_numbers(where, limits, _names(GroupRule)))


def _read_plan(entry: Mapping[str, Any]) -> PlanRules:
    where = "[plan]"
    _check_keys(where, entry, _names(PlanRules))
    numbers = {key: value for key, value in entry.items() if key not in ("risk", "margins")}
    plain: dict[str, Any] = {**_numbers(where, numbers, _names(PlanRules))}
    margins = _numbers("[plan.margins]", _table("[plan.margins]", entry.get("margins", {})), None)
    risk = _risk(entry["risk"]) if "risk" in entry else None
    return PlanRules(risk=risk, margins=margins, **plain)


def _risk(value: Any) -> Risk:
    known = [risk.value for risk in Risk]
    if value not in known:
        raise BadRules(f"[plan]: {unknown_name('risk', str(value), known)}")
    return Risk(value)


def _numbers(where: str, entry: Mapping[str, Any], known: Sequence[str] | None) -> dict[str, float]:
    if known is not None:
        _check_keys(where, entry, known)
    for key, value in entry.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadRules(f"{where}: {key} must be a number, not {value!r}.")
    return {key: float(value) for key, value in entry.items()}


def _check_keys(where: str, entry: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in entry:
        if key not in known:
            raise BadRules(f"{where}: {unknown_name('key', key, known)}")


def _check_channel_name(where: str, name: str, channels: Sequence[str]) -> None:
    if name not in channels:
        raise BadRules(f"{where}: {unknown_name('channel', name, channels)}")


def _names(kind: type) -> tuple[str, ...]:
    return tuple(entry.name for entry in fields(kind))


def _table(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadRules(f"{where}: must be a table of keys and values, not {value!r}.")
    return value


def _tables(name: str, value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise BadRules(f"{name}: write each one under its own [[{name}]], with two brackets.")
    return [_table(f"[[{name}]]", entry) for entry in value]
