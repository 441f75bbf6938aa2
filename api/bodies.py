"""What all bodies of requests share: no unknown keys, finite numbers, texts that can be stored, little depth."""

import math
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

DEEPEST = 12
Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Id = Annotated[str, Field(max_length=30)]
Text = Annotated[str, Field(max_length=256 * 1024)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


def _a_day(text: str) -> str:
    date.fromisoformat(text)
    return text


Day = Annotated[
    str,
    Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$", json_schema_extra={"format": "date"}),
    AfterValidator(_a_day),
]


class Body(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _can_be_stored(cls, given: Any) -> Any:
        _check(given, 0)
        return given


class Answer(BaseModel):
    """An answer: the keys that are fixed, and beside them those of the commands' --json."""

    model_config = ConfigDict(extra="allow")


class PageAnswer(Answer):
    """One page of a list, newest first."""

    items: list[dict[str, Any]]
    next: str | None


def _check(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"nested more than {DEEPEST} levels deep")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("holds a number that is not finite")
    if isinstance(value, int) and abs(value) > 1 << 63:
        raise ValueError("holds a number that is too large")
    if isinstance(value, str) and not storable(value):
        raise ValueError("holds a character that is none")
    if isinstance(value, dict):
        for key, item in value.items():
            _check(key, depth + 1)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)


def storable(text: str) -> bool:
    """Whether both databases can keep the text: no NUL, no half of a pair of surrogates."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
