"""A geo test's JSON in, tables and sentences for people out."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from api.cli.output import safe, table
from api.formats import percent
from api.geo_wording import difference_rows, effect_rows, estimator_name, fit_in_words, placebo_in_words

_SHOWN_WEIGHTS = 8


def print_analysis(console: Console, told: Mapping[str, Any]) -> None:
    """Verdict, figures of the window and of window and cooldown, placebo record, fit and weights."""
    window, level = told["window"], told["level"]
    console.print(f"[bold]{safe(told['cells_verdict'] or told['verdict'])}[/bold]")
    if told["registration"]:
        console.print(safe(told["registration"]["statement"]))
    console.print()
    for cell in told["cells"]:
        console.print(_figures(cell, told, f"Cell {cell['name']}: {', '.join(cell['treated'])}"))
        console.print(safe(cell["verdict"]))
        console.print()
    if told["differences"]:
        console.print(_differences(told))
        console.print()
    together = "All cells together" if told["cells"] else "Test"
    console.print(_figures(told, told, f"{together}, {window['start']} to {window['end']}"))
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
    if told["registration"]:
        for exclusion in told["registration"]["exclusions"]:
            console.print(safe(f"Excluded before the result was shown: {exclusion['geo']}, {exclusion['reason']}."))


def _figures(effect: Mapping[str, Any], told: Mapping[str, Any], title: str) -> Table:
    made = table(title, ("<", "estimate", f"{percent(told['level'])} interval"))
    for row in effect_rows(effect, told["currency"]):
        made.add_row(row["name"], row["estimate"], row["interval"])
    return made


def _differences(told: Mapping[str, Any]) -> Table:
    made = table("Differences between cells", ("<", "estimate", f"{percent(told['level'])} interval", "p-value"))
    for row in difference_rows(told):
        made.add_row(safe(row["name"]), row["estimate"], row["interval"], row["p_value"])
    return made


def _weights(weights: Mapping[str, float]) -> str:
    largest = sorted(weights.items(), key=lambda item: -abs(item[1]))[:_SHOWN_WEIGHTS]
    return ", ".join(f"{name} {weight:.3f}" for name, weight in largest)
