"""A geo test's design as JSON in, plain words out; the same on the terminal and on the page."""

from collections.abc import Mapping
from typing import Any

from api.formats import compact, number, percent

_RULES = {
    "pairs": "by coin in pairs",
    "strata": "by coin in strata",
    "supergeos": "by coin in supergeos",
    "selected": "selected",
}


def chosen_in_words(design: Mapping[str, Any]) -> str:
    """How the treated geos were found."""
    return _RULES[design["rule"]]


def record_in_words(design: Mapping[str, Any]) -> str:
    """What vouches for MDE, power and size."""
    return (
        f"MDE, power and false positives come from {design['placements']} placebo tests in {design['windows']} past "
        f"windows of {design['duration']} periods that played no part in choosing."
    )


def answer_in_words(told: Mapping[str, Any]) -> list[str]:
    """What the budget detects, and what the effect asked for takes."""
    sentences = []
    question = told["question"]
    if told["detectable"] is not None:
        found = told["detectable"]
        sentences.append(
            f"For a budget of {compact(question['budget'])}: an effect of {percent(found['mde'], 1)} of sales"
            f"{_returned(found)}, with {_size(found)}{_cost(found)}."
        )
    if told["needed"] is not None:
        found = told["needed"]
        sentences.append(f"To find an effect of {percent(question['mde'], 1)}: {_size(found)}{_cost(found)}.")
    return sentences


def _size(found: Mapping[str, Any]) -> str:
    return f"{counted(found['geos'], 'geo')} for {counted(found['weeks'], 'week')}"


def counted(count: int, what: str) -> str:
    """`1 week`, `2 weeks`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def _cost(found: Mapping[str, Any]) -> str:
    return "" if found["cost"] is None else f", at a cost of {compact(found['cost'])}"


def _returned(found: Mapping[str, Any]) -> str:
    return "" if found["iroas"] is None else f", an iROAS of {number(found['iroas'], 2)}"
