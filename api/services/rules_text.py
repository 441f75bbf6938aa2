"""Rules as JSON in, the text of a rules.toml out, so that one reader checks both and says the same of either."""

import json
from collections.abc import Mapping
from typing import Any

from optimizer.errors import BadRules


def rules_text(rules: Mapping[str, Any]) -> str:
    """The same rules as TOML. Raises BadRules for null, which TOML does not know."""
    return "\n".join(f"{_key(key)} = {_value(str(key), value)}" for key, value in rules.items())


def _value(where: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {_value(f'{where}.{key}', item)}" for key, item in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{', '.join(_value(where, item) for item in value)}]"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    raise BadRules(f"{where}: leave it out where there is no such rule, instead of {json.dumps(value)}.")


def _key(key: object) -> str:
    return _text(str(key))


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
