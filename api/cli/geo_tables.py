"""A geo test's JSON in, tables and sentences for people out."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from api.cli.output import safe, table
from api.formats import percent
from api.geo_wording import effect_rows, estimator_name, fit_in_words, placebo_in_words

_SHOWN_WEIGHTS = 8


def print_analysis(console: Console, told: Mapping[str, Any]) -> None:
    """Verdict, figures of the window and of window and cooldown, placebo record, fit and weights."""
    window, level = told["window"], told["level"]
    console.print(f"[bold]{safe(told['verdict'])}[/bold]")
    console.print()
    console.print(_figures(told, told, f"Test, {window['start']} to {window['end']}"))
    if told["with_cooldown"]:
        console.print()
        console.print(_figures(told["with_cooldown"], told, f"With cooldown, to {window['cooldown_end']}"))
    if told["iroas_refused_because"]:
        console.print(f"No iROAS: {safe(told['iroas_refused_because'])}.")
    console.print()
    console.print(f"{estimator_name(told).capitalize()}; {percent(level)} intervals: {safe(told['inference'])}.")
    console.print(safe(placebo_in_words(told)))
    console.print(fit_in_words(told))
    if told["weights"]:
        console.print(f"Largest weights: {safe(_weights(told['weights']))}.")
    if told["left_out"]:
        console.print(f"Left out: {safe(', '.join(told['left_out']))}.")


def _figures(effect: Mapping[str, Any], told: Mapping[str, Any], title: str) -> Table:
    made = table(title, ("<", "estimate", f"{percent(told['level'])} interval"))
    for row in effect_rows(effect, told["currency"]):
        made.add_row(row["name"], row["estimate"], row["interval"])
    return made


def _weights(weights: Mapping[str, float]) -> str:
    largest = sorted(weights.items(), key=lambda item: -abs(item[1]))[:_SHOWN_WEIGHTS]
    return ", ".join(f"{name} {weight:.3f}" for name, weight in largest)
