"""A geo test's JSON in, plain words out; the same on the terminal and on the page."""

import math
from collections.abc import Mapping
from typing import Any

from api.formats import compact_money, number, percent, signed_percent

_SMALL = 0.01
"""Shares below this are told to a hundredth of a percent."""
_NAMES = {
    "bayesian_scm": "Bayesian synthetic control",
    "scm": "synthetic control",
    "ascm": "ridge-augmented synthetic control",
    "sdid": "synthetic difference-in-differences",
    "tbr": "time-based regression",
    "trimmed_match": "trimmed match",
    "randomisation": "randomisation test",
}


def estimator_name(told: Mapping[str, Any]) -> str:
    """The estimator in words."""
    return _NAMES[told["estimator"]]


def effect_rows(effect: Mapping[str, Any], currency: str) -> list[dict[str, str]]:
    """One row per quantity of an effect: its name, estimate and interval."""
    decimals = 1 if abs(effect["percent_lift"]["estimate"] or 0.0) >= _SMALL else 2
    rows = [
        _row("lift", effect["lift"], lambda value: compact_money(value, currency)),
        _row("lift in percent", effect["percent_lift"], lambda value: signed_percent(value, decimals)),
        _row("per treated geo and period", effect["att"], lambda value: compact_money(value, currency)),
    ]
    if effect["spend_change_interval"]:
        rows.append(_row("spend change", effect["spend_change_interval"], lambda value: compact_money(value, currency)))
    if effect["iroas"]:
        rows.append(_row("iROAS", effect["iroas"], lambda value: number(value, 2)))
    rows.append({"name": "p-value of no effect", "estimate": _p_value(effect["p_value"]), "interval": ""})
    return rows


def switchback_rows(told: Mapping[str, Any]) -> list[dict[str, str]]:
    """One row per quantity of a switchback; its lift per period is that of the on-blocks."""
    rows = effect_rows({**told, "att": told["lift_per_period"]}, told["currency"])
    rows[2]["name"] = "per period while on"
    return rows


def _row(name: str, values: Mapping[str, float | None], shown: Any) -> dict[str, str]:
    return {
        "name": name,
        "estimate": shown(values["estimate"]),
        "interval": f"{_end(values['low'], shown)} to {_end(values['high'], shown)}",
    }


def _p_value(value: float) -> str:
    return "< 0.001" if value < 0.001 else number(value, 3)


def _end(value: float | None, shown: Any) -> str:
    return shown(value) if value is not None and math.isfinite(value) else "unbounded"


def placebo_in_words(told: Mapping[str, Any]) -> str:
    """How often the same inference finds an effect where there was none, on this panel."""
    record, alpha = told["placebo"], 1 - told["level"]
    if not record["placements"]:
        return "There was no room for placebo tests before the test, so nothing vouches for the interval."
    return (
        f"Of {record['placements']} placebo tests on this panel, in {record['windows']} windows of {record['periods']} "
        f"periods before the test, the same method found an effect in {percent(record['false_positive_rate'], 1)}; "
        f"{percent(alpha)} are meant. Windows overlap, so the share itself is uncertain."
    )


def fit_in_words(told: Mapping[str, Any]) -> str:
    """How closely the counterfactual followed before the test."""
    fit = told["pre_fit"]
    return (
        f"Over {fit['periods']} periods before the test the counterfactual missed the treated geos by "
        f"{percent(fit['scaled_l2'])} of what the plain mean of the controls would have missed."
    )
