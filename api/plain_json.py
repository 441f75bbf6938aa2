"""Results in, values that strict JSON can hold out: NaN and infinity become null, arrays lists, enums their values."""

import json
import math
from collections.abc import Mapping
from enum import Enum
from typing import Any


def plain(value: Any) -> Any:
    """The same value in JSON's own types; raises TypeError for what has no place in JSON."""
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def as_text(value: Any) -> str:
    """One JSON object as text, two spaces of indent."""
    return json.dumps(plain(value), indent=2, allow_nan=False, ensure_ascii=False)
